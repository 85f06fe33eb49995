"""What becomes of a batch of rows, and its envíos in one short transaction."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from django.db import reset_queries, transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from campaigns.audience.errors import AudienceError
from campaigns.audience.import_record import keep_alive
from campaigns.audience.insert import EnvioInserter, NewEnvio
from campaigns.audience.report import Result
from campaigns.audience.rows import BadRow, Person
from campaigns.audience.seen_phones import SeenPhones
from campaigns.enums import CampaignState, EnvioState
from campaigns.models import Campaign, Envio, RecipientImport
from campaigns.rendering import MissingValuesError, Template, UnsendableTextError, values_of
from leadmaster.directory.models import Suppression
from leadmaster.lib.db.retry import retrying

# Rows per transaction: long enough to be quick, short enough (tens of milliseconds) for a tick to pass in between.
BATCH = 1000

Row: TypeAlias = Person | BadRow
# Asked inside the batch's transaction: which rows have to stay out after all, by row number, with the sentence why.
StayOut: TypeAlias = Callable[[Sequence[Person]], Mapping[int, str]]


class Decision(NamedTuple):
    """What became of one row, with the reason for people and its stable code when it was left out."""

    row: Row
    result: Result
    phone: str = ""
    code: str = ""
    reason: str = ""
    first_row: int | None = None


class _Candidate(NamedTuple):
    person: Person
    text: str


class _Known(NamedTuple):
    """What the database says of a batch's phones."""

    opted_out: set[str]
    there: set[str]  # in this campaign already
    warm: set[str]  # got a message through this session before
    staying_out: Mapping[int, str]  # sentences by row


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while batch := list(itertools.islice(iterator, BATCH)):
        yield batch


def nobody_stays_out(_people: Sequence[Person]) -> Mapping[int, str]:
    """A file's rows are anybody's."""
    return {}


class BatchWriter:
    """Decides about rows and writes the accepted ones; without a `record` it only decides.

    `stay_out` has a last word about people that are ready to go in.
    """

    def __init__(
        self,
        campaign: Campaign,
        *,
        template: Template,
        seen: SeenPhones,
        record: RecipientImport | None,
        now: dt.datetime,
        stay_out: StayOut = nobody_stays_out,
    ) -> None:
        self._campaign = campaign
        self._template = template
        self._seen = seen
        self._record = record
        self._now, self._started = now, time.monotonic()
        self._stay_out = stay_out
        self._inserter = EnvioInserter(
            Envio(campaign=campaign, session_id=campaign.session_id, next_due=now, created_at=now)
        )

    def write(self, batch: Sequence[Row], *, room: int | None = None) -> list[Decision]:
        """One decision per row, in their order; the envíos and the record's counters are committed.

        With `room` (at least 1) it ends at the row that fills it: no more than that many are accepted, and the rows
        after it get no decision.
        """
        # With DEBUG on, Django keeps every query's text: an import would pile up its phones there.
        reset_queries()
        decisions, candidates = self._sift(batch)
        end = batch[-1].row
        if self._record is None:
            known = self._known(candidates)
            kept = _fitting(candidates, known, room)
        else:
            left_out = [(row, decision.result) for row, decision in decisions.items()]
            known, kept = retrying(lambda: self._commit(candidates, left_out=left_out, end=end, room=room))
        self._seen.add({candidate.person.phone: candidate.person.row for candidate in kept})
        for candidate in kept:
            decisions[candidate.person.row] = _placed(candidate.person, known)
        end = _end(candidates, kept, end)
        return [decisions[row.row] for row in batch if row.row <= end]

    def _sift(self, batch: Sequence[Row]) -> tuple[dict[int, Decision], list[_Candidate]]:
        """The rows that the file alone decides, by row number, and the others with their text."""
        first_rows = self._seen.first_rows({row.phone for row in batch if isinstance(row, Person)})
        decisions: dict[int, Decision] = {}
        candidates: list[_Candidate] = []
        for row in batch:
            if isinstance(row, BadRow):
                decisions[row.row] = Decision(row, Result.INVALID, code=row.code, reason=row.sentence)
                continue
            first = first_rows.get(row.phone)
            if first is not None:
                decisions[row.row] = _duplicate(row, first)
                continue
            try:
                text = self._template.render(values_of(row.name, row.values), seed=row.phone)
            except (MissingValuesError, UnsendableTextError) as error:
                code = "missing_value" if isinstance(error, MissingValuesError) else "unsendable_text"
                decisions[row.row] = Decision(row, Result.INVALID, phone=row.phone, code=code, reason=str(error))
                continue
            first_rows[row.phone] = row.row
            candidates.append(_Candidate(row, text))
        return decisions, candidates

    def _known(self, candidates: Sequence[_Candidate]) -> _Known:
        phones = [candidate.person.phone for candidate in candidates]
        # By phone alone: asked for the session, SQLite would walk all of its envíos instead of the index on phone.
        known = Envio.objects.filter(Q(campaign=self._campaign) | Q(state=EnvioState.SENT), phone__in=phones)
        rows = list(known.values_list("phone", "campaign_id", "session_id", "state"))
        return _Known(
            opted_out=Suppression.objects.among(phones),
            there={phone for phone, campaign, _session, _state in rows if campaign == self._campaign.pk},
            warm={
                phone
                for phone, _campaign, session, state in rows
                if session == self._campaign.session_id and state == EnvioState.SENT
            },
            staying_out=self._stay_out([candidate.person for candidate in candidates]),
        )

    @transaction.atomic(durable=True)
    def _commit(
        self,
        candidates: Sequence[_Candidate],
        *,
        left_out: Sequence[tuple[int, Result]],
        end: int,
        room: int | None,
    ) -> tuple[_Known, Sequence[_Candidate]]:
        """Insert what is new. The campaign's row is locked: it stays a draft, and two imports take turns."""
        self._lock_campaign()
        known = self._known(candidates)
        kept = _fitting(candidates, known, room)
        end = _end(candidates, kept, end)
        results = [_result(item.person, known) for item in kept]
        new = [item for item, result in zip(kept, results, strict=True) if result is Result.ACCEPTED]
        self._inserter.insert([_new_envio(item, warm=item.person.phone in known.warm) for item in new])
        self._count([*(result for row, result in left_out if row <= end), *results])
        return known, kept

    def _lock_campaign(self) -> None:
        campaign = Campaign.objects.select_for_update().only("state", "template", "session").get(pk=self._campaign.pk)
        same = (campaign.template, campaign.session_id) == (self._campaign.template, self._campaign.session_id)
        if campaign.state != CampaignState.DRAFT or not same:
            raise AudienceError(
                "campaign_changed",
                _(
                    "La campaña cambió mientras se importaba: revisa su estado y su mensaje, e importa de nuevo el archivo."
                ),
            )

    def _count(self, results: Sequence[Result]) -> None:
        """The counters grow with the rows they count, so that a killed import still tells the truth."""
        if self._record is None:
            return
        increments = {result.value: F(result.value) + results.count(result) for result in set(results)}
        now = self._now + dt.timedelta(seconds=time.monotonic() - self._started)
        keep_alive(self._record, now=now, rows=F("rows") + len(results), **increments)


def _new_envio(candidate: _Candidate, *, warm: bool) -> NewEnvio:
    person = candidate.person
    return NewEnvio(phone=person.phone, name=person.name, text=candidate.text, warm=warm, variables=person.values)


def _fitting(candidates: Sequence[_Candidate], known: _Known, room: int | None) -> Sequence[_Candidate]:
    """The first ones, up to the one that fills the room."""
    if room is None:
        return candidates
    for at, candidate in enumerate(candidates):
        room -= _result(candidate.person, known) is Result.ACCEPTED
        if not room:
            return candidates[: at + 1]
    return candidates


def _end(candidates: Sequence[_Candidate], kept: Sequence[_Candidate], end: int) -> int:
    """The last row that is decided."""
    return kept[-1].person.row if len(kept) < len(candidates) else end


def _result(person: Person, known: _Known) -> Result:
    if person.phone in known.opted_out:
        return Result.OPTED_OUT
    if person.phone in known.there:
        return Result.ALREADY_THERE
    return Result.INVALID if person.row in known.staying_out else Result.ACCEPTED


def _placed(person: Person, known: _Known) -> Decision:
    result = _result(person, known)
    if result is Result.ACCEPTED:
        return Decision(person, result, phone=person.phone)
    if result is Result.INVALID:
        return Decision(person, result, phone=person.phone, code="not_any_more", reason=known.staying_out[person.row])
    reason = _("Pidió no recibir mensajes.") if result is Result.OPTED_OUT else _("Ya estaba en la campaña.")
    return Decision(person, result, phone=person.phone, code=result.value, reason=reason)


def _duplicate(person: Person, first: int) -> Decision:
    return Decision(
        person,
        Result.DUPLICATE,
        phone=person.phone,
        code=Result.DUPLICATE.value,
        reason=_("Repite el teléfono de la fila %(row)s.") % {"row": first},
        first_row=first,
    )
