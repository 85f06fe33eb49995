"""The messages of the old senders, each in the state that can be proven of it.

The three tables differ in their columns and words; what a row says, once it is read, is judged and written here alone.
Of two rows of one person in one campaign the one that got further comes in: a pending copy of what was sent would be
sent again.
"""

from __future__ import annotations

import abc
import dataclasses
import datetime as dt
import functools
import re
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from campaigns import adoption
from campaigns.diagnosis.phantoms import Run
from campaigns.enums import CAMPAIGN_ENDED, Ack, CampaignState, EnvioState
from campaigns.models import Campaign, Envio
from leadmaster.legacy import phones, values
from leadmaster.legacy.source import Row
from leadmaster.legacy.work import Work

S = EnvioState
# The further down, the surer that nobody must write to this person again.
_RANK = (S.PENDING, S.CANCELLED, S.ERROR, S.UNCERTAIN, S.HISTORICAL, S.SENT)
_NAME = re.compile(r"\{(nombre|nombre_destino)\}", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Said:
    """What a row says, in the words of here. `campaign` is the old one's id."""

    row: Row
    campaign: int | None
    phone: str | None
    name: str
    text: str
    state: EnvioState | None
    word: str
    at: dt.datetime | None = None
    unreadable_date: str = ""
    message_id: str = ""
    delivered_at: dt.datetime | None = None
    read_at: dt.datetime | None = None
    ack: Ack = Ack.NONE
    reason: str = ""


class Messages(abc.ABC):
    """One table of messages. `campaigns` is the table of their campaigns."""

    table: str
    campaigns: str

    def __init__(self, work: Work) -> None:
        self.work = work
        self.accused: dict[int, Run] = {}
        self._ids: set[tuple[int, str]] = set()

    @abc.abstractmethod
    def accuse(self) -> None:
        """Find the phantoms, before anything is decided."""

    @abc.abstractmethod
    def read(self, row: Row) -> Said:
        """What this row says."""

    def variables(self, rows: Sequence[Row]) -> Mapping[int, Mapping[str, str]]:
        """What else is known of the person of each row."""
        return {}

    def take(self) -> None:
        kept = self._furthest()
        for batch in self.work.batches(self.table):
            said = [self._judged(self.read(row)) for row in batch]
            there = self._there(said)
            decided = [one for one in said if self._comes_in(one, kept, there)]
            extra = self.variables([one.row for one in decided])
            pasts = [self._past(one, extra.get(one.row.id, {})) for one in decided]
            act = functools.partial(self._write, decided, pasts)
            self.work.write([one.row for one in decided], act)

    # --- What is true of it -------------------------------------------------------------------------------------------

    def _judged(self, said: Said) -> Said:
        """The state that can be proven."""
        run = self.accused.get(said.row.id)
        if run is not None:
            return dataclasses.replace(said, state=S.UNCERTAIN, reason=_evidence(run))
        if said.state is S.SENT and not (said.message_id and said.at):
            return dataclasses.replace(said, state=S.HISTORICAL, reason=self._claim(said))
        if said.state is S.PENDING and self._campaign_state(said.campaign) in CAMPAIGN_ENDED:
            reason = _("Estaba pendiente en una campaña que ya había terminado.")
            return dataclasses.replace(said, state=S.CANCELLED, reason=reason)
        return said

    def _claim(self, said: Said) -> str:
        claimed = said.at.astimezone(self.work.tz).strftime("%Y-%m-%d %H:%M:%S") if said.at else "?"
        reason = _("El sistema anterior dice que lo envió el %(at)s, sin id del gateway.") % {"at": claimed}
        return f"{reason} {said.reason}".strip()

    def _campaign_state(self, campaign: int | None) -> CampaignState | None:
        return self.states.get(campaign or 0)

    @functools.cached_property
    def states(self) -> dict[int, CampaignState]:
        """In which state each old campaign is here: as it came in, or as people left it since."""
        links = self.work.links[self.campaigns]
        now = dict(Campaign.objects.filter(pk__in=links.values()).values_list("pk", "state"))
        planned = self.work.planned[self.campaigns]
        return {
            old: CampaignState(now[target]) if target in now else planned[old]
            for old, target in links.items()
            if target in now or old in planned
        }

    # --- Who comes in -------------------------------------------------------------------------------------------------

    def _furthest(self) -> dict[tuple[int, str], int]:
        """Of each person in each campaign, the row that comes in."""
        best: dict[tuple[int, str], tuple[int, int]] = {}
        for row in self.work.source.rows(self.table):
            said = self._judged(self.read(row))
            phone = self._phone(said).e164
            if said.campaign is None or said.state is None or not phone:
                continue
            standing = (_RANK.index(said.state), -row.id)
            key = (said.campaign, phone)
            if key not in best or standing > best[key]:
                best[key] = standing
        return {key: -negative for key, (_rank, negative) in best.items()}

    def _there(self, said: Sequence[Said]) -> set[tuple[int, str]]:
        """Who of these is in their campaign already: it came in before, or somebody added them."""
        links = self.work.links[self.campaigns]
        wanted = {links.get(one.campaign or 0, 0) for one in said} - {0}
        numbers = {self._phone(one).e164 for one in said}
        found = Envio.objects.filter(campaign__in=wanted, phone__in=numbers)
        return set(found.values_list("campaign_id", "phone")) if wanted else set()

    def _comes_in(self, said: Said, kept: Mapping[tuple[int, str], int], there: set[tuple[int, str]]) -> bool:
        links, phone = self.work.links[self.campaigns], self._phone(said)
        if said.campaign is None or said.campaign not in links:
            sentence = _("Su campaña no está: %(id)s.") % {"id": said.campaign}
            self.work.refuse(said.row, "unknown_campaign", sentence)
            return False
        if self._campaign_state(said.campaign) not in adoption.ADOPTED:
            sentence = _("Su campaña ya está en marcha aquí: no se le agrega a nadie.")
            self.work.refuse(said.row, "campaign_at_work", sentence)
            return False
        if said.state is None:
            self.work.refuse(said.row, "unknown_state", _("No se conoce el estado “%(state)s”.") % {"state": said.word})
            return False
        if not phone.e164:
            self.work.refuse(said.row, "no_phone", phone.doubt or _("No tiene teléfono."))
            return False
        winner = kept.get((said.campaign, phone.e164), said.row.id)
        if winner != said.row.id:
            sentence = _("Ese número está dos veces en la campaña: entró la fila #%(id)d, que llegó más lejos.")
            self.work.refuse(said.row, "repeated_phone", sentence % {"id": winner})
            return False
        if (links[said.campaign], phone.e164) in there:
            self.work.refuse(said.row, "repeated_phone", _("Ese número ya está en la campaña."))
            return False
        if said.state is S.PENDING and not said.text:
            self.work.refuse(said.row, "no_text", _("Está pendiente y no tiene mensaje."))
            return False
        return True

    def _phone(self, said: Said) -> phones.OldPhone:
        return phones.read(said.phone, self.work.region)

    # --- What it becomes ----------------------------------------------------------------------------------------------

    def _past(self, said: Said, extra: Mapping[str, str]) -> adoption.PastEnvio:
        state, reason, phone = said.state, said.reason, self._phone(said)
        if state is None:
            raise ValueError("what has no state does not come in")
        if phone.doubt:
            self.work.correct(said.row, "phone", phone.doubt)
        if said.unreadable_date:
            sentence = _("Su fecha no se puede leer: %(date)s.") % {"date": said.unreadable_date}
            self.work.correct(said.row, "date", sentence)
        if state is S.PENDING and phone.hopeless:
            state, reason = S.ERROR, phone.doubt
        if state is S.SENT and not self._is_new_id(said):
            state, reason = S.HISTORICAL, _("Otro mensaje de la línea tiene el mismo id del gateway.")
            self.work.correct(said.row, "repeated_id", reason)
        self._count(said, state)
        return adoption.PastEnvio(
            phone=phone.e164,
            name=said.name,
            text=said.text,
            variables=extra,
            state=state,
            at=said.at,
            message_id=said.message_id,
            delivered_at=said.delivered_at,
            read_at=said.read_at,
            ack=said.ack,
            error_code=_CODES.get(state, ""),
            reason=reason or (_("El sistema anterior lo dejó en error.") if state is S.ERROR else ""),
        )

    def _is_new_id(self, said: Said) -> bool:
        key = (said.campaign or 0, said.message_id)
        is_new = key not in self._ids
        self._ids.add(key)
        if not is_new or self.work.dry_run:
            return is_new
        session = Campaign.objects.filter(pk=self.work.links[self.campaigns][said.campaign or 0]).values("session")
        return not Envio.objects.filter(session__in=session, message_id=said.message_id).exists()

    def _count(self, said: Said, state: EnvioState) -> None:
        self.work.report.states[self.table][state.value] += 1
        if said.row.id in self.accused:
            self.work.report.sent[self.table]["phantoms"] += 1
        elif state is S.SENT:
            self.work.report.sent[self.table]["proven"] += 1
        elif state is S.HISTORICAL:
            self.work.report.sent[self.table]["historical"] += 1

    def _write(self, decided: Sequence[Said], pasts: Sequence[adoption.PastEnvio]) -> dict[int, int]:
        links = self.work.links[self.campaigns]
        campaigns = Campaign.objects.in_bulk({links[one.campaign or 0] for one in decided})
        made: dict[int, int] = {}
        for pk, campaign in campaigns.items():
            own = [(one, past) for one, past in zip(decided, pasts, strict=True) if links[one.campaign or 0] == pk]
            ids = adoption.adopt_envios(campaign, [past for _one, past in own], by=self.work.author, now=self.work.now)
            made |= {one.row.id: envio for (one, _past), envio in zip(own, ids, strict=True)}
        return made


_CODES = {S.ERROR: "LEGACY", S.UNCERTAIN: "LEGACY"}


def personal(text: str, name: str) -> str:
    """As the old scheduler wrote it on the wire: the name in both its places."""
    return _NAME.sub(lambda _match: name, text).strip()


def _evidence(run: Run) -> str:
    return _(
        "Sin id del gateway, en una serie de %(count)d marcas, una por minuto, del %(first)s al %(last)s, siempre en el "
        "segundo %(second)d (±%(spread)d). Nada confirma que haya salido."
    ) % {
        "count": len(run.ids),
        "first": run.first.strftime("%Y-%m-%d %H:%M"),
        "last": run.last.strftime("%Y-%m-%d %H:%M"),
        "second": run.second,
        "spread": run.spread,
    }


def clock_of(cell: str | None, work: Work) -> tuple[dt.datetime | None, str]:
    """The instant, and the cell when nobody can read it."""
    try:
        return values.moment(cell, work.tz), ""
    except values.Unreadable:
        return None, values.text(cell)
