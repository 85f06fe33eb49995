"""Campaigns of the two old senders, and each queue as one. None of them is running when it is in."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Collection, Mapping, Sequence

from django.utils.translation import gettext as _

from campaigns import adoption
from campaigns.enums import CampaignState
from leadmaster.accounts.models import User
from leadmaster.legacy import lines, places, values
from leadmaster.legacy.people import team_of
from leadmaster.legacy.source import Row
from leadmaster.legacy.work import Work
from whatsapp.models import WhatsAppSession

TENANTS, PROMOTERS = "ll_campanias_whatsapp", "wa_campanas"
_ENDED = {
    "finalizada": CampaignState.FINISHED,
    "completada": CampaignState.FINISHED,
    "cancelada": CampaignState.CANCELLED,
}
_STOPPED = frozenset({"pendiente", "en_progreso", "pausada", "en_cola", "enviando"})
_A_FEW = 200


@dataclasses.dataclass(frozen=True)
class _Campaign:
    row: Row
    past: adoption.PastCampaign
    created_at: dt.datetime
    tenant: str = ""
    owner: int | None = None


def names(work: Work, table: str) -> dict[int, str]:
    return {row.id: values.text(row["nombre"]) for row in work.source.rows(table, columns=["nombre"])}


def take_tenants(work: Work) -> None:
    """`ll_campanias_whatsapp`: written for a tenant of the session manager, by nobody in particular."""
    for batch in work.batches(TENANTS):
        decided = [_of_tenant(row, work) for row in batch]
        work.write(batch, functools.partial(_write_tenants, decided, work))


def take_promoters(work: Work) -> None:
    """`wa_campanas`: a promoter's own. Their counters are counted anew from their messages."""
    for batch in work.batches(PROMOTERS):
        decided = [campaign for row in batch if (campaign := _of_promoter(row, work)) is not None]
        work.write([campaign.row for campaign in decided], functools.partial(_write_promoters, decided, work))


def _of_tenant(row: Row, work: Work) -> _Campaign:
    columns = places.COLUMNS if work.source.has(places.TABLE) else ()
    past = _past(row, work, template=values.text(row["mensaje"]), columns=columns)
    return _Campaign(row, past, _created(row, "fecha_creacion", work), tenant=values.text(row["cliente_id"]) or "0")


def _of_promoter(row: Row, work: Work) -> _Campaign | None:
    owner = values.reference(row["usuario_id"])
    if owner not in work.links["usuarios"]:
        work.refuse(row, "unknown_user", _("Su responsable no está: %(id)s.") % {"id": row["usuario_id"]})
        return None
    first = work.source.rows_of("wa_mensajes", "campana_id", [row.id])
    template = next((text for message in first if (text := values.text(message["mensaje_texto"]))), "")
    return _Campaign(row, _past(row, work, template=template), _created(row, "created_at", work), owner=owner)


def _past(row: Row, work: Work, *, template: str, columns: Sequence[str] = ()) -> adoption.PastCampaign:
    said = values.text(row["estado"]).lower()
    state = _ENDED.get(said, CampaignState.PAUSED)
    if row.id in work.doubtful[row.table]:
        # Somebody has to be able to write to them again.
        state = CampaignState.PAUSED
    if said not in _ENDED and said not in _STOPPED:
        work.correct(row, "unknown_state", _("No se conoce el estado “%(state)s”: entra en pausa.") % {"state": said})
    work.report.states[row.table][state.value] += 1
    work.planned[row.table][row.id] = state
    name = values.text(row["nombre"]) or _("Campaña %(id)d") % {"id": row.id}
    reason = _("Vino del sistema anterior (#%(id)d), donde estaba «%(state)s».") % {"id": row.id, "state": said}
    return adoption.PastCampaign(name=name, template=template, state=state, columns=columns, reason=reason)


def _created(row: Row, column: str, work: Work) -> dt.datetime:
    try:
        return values.moment(row[column], work.tz) or work.now
    except values.Unreadable:
        work.correct(row, "date", _("La fecha de creación no se puede leer: %(date)s.") % {"date": row[column]})
        return work.now


def _write_tenants(decided: Sequence[_Campaign], work: Work) -> dict[int, int]:
    made = {}
    for one in decided:
        some = work.source.rows_of("ll_envios_whatsapp", "campania_id", [one.row.id])[:_A_FEW]
        line = lines.of_tenant(one.tenant, work, phones=[row["telefono_wapp"] for row in some])
        made[one.row.id] = _adopt(one, work, owner=work.author, session=line)
    return made


def _write_promoters(decided: Sequence[_Campaign], work: Work) -> dict[int, int]:
    owners: Mapping[int, User] = User.objects.in_bulk([work.links["usuarios"][one.owner or 0] for one in decided])
    made = {}
    for one in decided:
        owner = owners[work.links["usuarios"][one.owner or 0]]
        made[one.row.id] = _adopt(one, work, owner=owner, session=lines.of_promoter(owner, work))
    return made


def _adopt(one: _Campaign, work: Work, *, owner: User, session: WhatsAppSession) -> int:
    campaign = adoption.adopt_campaign(
        one.past,
        owner=owner,
        team=team_of(work),
        session=session,
        by=work.author,
        created_at=one.created_at,
        now=work.now,
    )
    return campaign.pk


# --- Queues -----------------------------------------------------------------------------------------------------------

QUEUES = "cola_sesiones"
_OPEN = frozenset({"pendiente", "procesando"})


def take_queues(work: Work) -> None:
    """The queue had no campaigns, only sessions; each is one here."""
    texts: dict[int, str] = {}
    is_open: set[int] = set()
    for row in work.source.rows("cola_envios", columns=["sesion_id", "mensaje", "estado"]):
        queue = values.reference(row["sesion_id"]) or 0
        texts.setdefault(queue, values.text(row["mensaje"]))
        if values.text(row["estado"]).lower() in _OPEN:
            is_open.add(queue)
    rows = [Row(QUEUES, queue, {"mensaje": texts[queue]}) for queue in sorted(texts)]
    work.links[QUEUES] = {}
    there = work.known(QUEUES, texts)
    fresh = [row for row in rows if row.id not in there]
    for row in fresh:
        work.planned[QUEUES][row.id] = _queue_state(row, is_open, work)
    count = work.report.tables[QUEUES]
    count.read, count.already = count.read + len(rows), count.already + len(there)
    work.links[QUEUES] |= {queue: target for queue, (target, _digest) in there.items()}
    work.write(fresh, functools.partial(_write_queues, fresh, is_open, work))


def _queue_state(row: Row, is_open: Collection[int], work: Work) -> CampaignState:
    waits = row.id in is_open or row.id in work.doubtful["cola_envios"]
    return CampaignState.PAUSED if waits else CampaignState.FINISHED


def _write_queues(rows: Sequence[Row], is_open: Collection[int], work: Work) -> dict[int, int]:
    made = {}
    for row in rows:
        past = adoption.PastCampaign(
            name=_("Cola de la sesión %(id)d") % {"id": row.id},
            template=values.text(row["mensaje"]),
            state=_queue_state(row, is_open, work),
            reason=_("Vino de la cola del sistema anterior."),
        )
        some = work.source.rows_of("cola_envios", "sesion_id", [row.id])[:_A_FEW]
        line = lines.of_tenant(f"cola-{row.id}", work, phones=[job["telefono"] for job in some])
        made[row.id] = _adopt(_Campaign(row, past, work.now), work, owner=work.author, session=line)
    return made
