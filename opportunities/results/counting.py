"""One day, counted from the rows themselves. The one place that says what a result is.

* A sale is one that stands now, on the day on which it was made: what was corrected counts as corrected, what was
  annulled does not count.
* A stage is entered once by each opportunity, however often it comes back; a sale's stage while the sale stands.
* A contact is a press of Llamar or WhatsApp, whatever came of it.
* A reply is a message of a client's; its campaign is the last one that had written to them from that line.
* An opt-out is one that the client asked for by message, also where somebody lifted it since.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, When

from campaigns.models import Envio, Reply
from leadmaster.directory.facets import FACETS
from leadmaster.directory.models import Suppression, SuppressionLift
from leadmaster.lib.periods import Period
from opportunities.enums import EventKind, Measure, StageType
from opportunities.models import ContactAttempt, Lot, OpportunityEvent, Sale
from opportunities.queries.regions import region_of_zone
from opportunities.results.answering import answers

# Steps of the history that results tell as they are.
HISTORY: Final = (
    EventKind.ASSIGNED,
    EventKind.CAPTURED,
    EventKind.EXITED,
    EventKind.EXPIRED,
    EventKind.CORRECTED,
    EventKind.ANNULLED,
)
# Those that can bring an opportunity into a stage where it has not been.
_ENTERING: Final = (EventKind.ASSIGNED, EventKind.CAPTURED, EventKind.MOVED, EventKind.EXITED, EventKind.SOLD)
CURRENCIES: Final[Mapping[str, str]] = {"AR": "ARS", "MX": "MXN", "BR": "BRL"}
_RECEIVING: Final = (EventKind.ASSIGNED, EventKind.CAPTURED)
_LONGEST: Final = 250


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Whose, and of what. `person`, `campaign` and `session` are ids; `asked` is how the lot was asked for."""

    measure: Measure
    detail: str = ""
    person: int | None = None
    campaign: int | None = None
    session: int | None = None
    asked: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    day: dt.date
    key: Key
    number: int
    amount: decimal.Decimal


def count(period: Period) -> Iterator[Cell]:
    """Of whole days, one after the other."""
    for day in period.slices():
        numbers: collections.Counter[Key] = collections.Counter()
        amounts: collections.defaultdict[Key, decimal.Decimal] = collections.defaultdict(decimal.Decimal)
        for key, amount in _facts(day):
            numbers[key] += 1
            amounts[key] += amount
        for key, number in numbers.items():
            yield Cell(day.first, key, number, amounts[key])


def asked_in_words(filters: Mapping[str, Any] | None) -> str:
    """How a lot was asked for: the values alone, always in the same order. Empty: whatever there was."""
    if not filters:
        return ""
    return " · ".join(str(filters[name]) for name in FACETS if filters.get(name))[:_LONGEST]


# --- Private ---------------------------------------------------------------------------------------------------------

_NOTHING: Final = decimal.Decimal()
# By whom and when something was drawn: that names its lot for good, whoever gets it afterwards.
_Draw = tuple[int | None, dt.datetime | None]


def _facts(day: Period) -> Iterator[tuple[Key, decimal.Decimal]]:
    yield from _sales(day)
    yield from ((key, _NOTHING) for key in _of_history(day))
    for facts in (_contacts, _replies, _opt_outs):
        for key in facts(day):
            yield key, _NOTHING
    for answer in answers(day):
        key = Key(
            measure=Measure.ANSWER,
            detail=str(answer.minutes),
            person=answer.person,
            campaign=answer.campaign,
            session=answer.session,
        )
        yield key, _NOTHING


def _within(day: Period, column: str = "at") -> Q:
    return Q(**{f"{column}__gte": day.since, f"{column}__lt": day.until})


def _sales(day: Period) -> Iterator[tuple[Key, decimal.Decimal]]:
    drawn = OpportunityEvent.objects.filter(
        opportunity=OuterRef("opportunity"), kind=EventKind.ASSIGNED, at__lte=OuterRef("at")
    )
    rows = Sale.objects.filter(_within(day)).order_by().annotate(**_drawn(drawn))
    columns = ("promoter__user_id", "promoter__desk__calendar__time_zone", "amount", "drawn_by", "drawn_at")
    found = list(rows.values_list(*columns))
    lots = _asked({(by, at) for *_rest, by, at in found})
    for person, zone, amount, by, at in found:
        currency = CURRENCIES[region_of_zone(zone)]
        yield Key(measure=Measure.SALE, detail=currency, person=person, asked=lots.get((by, at), "")), amount


def _of_history(day: Period) -> Iterator[Key]:
    """Each with the person whose work it was: what somebody receives or does is theirs, what leaves them was."""
    earlier = OpportunityEvent.objects.filter(
        opportunity=OuterRef("opportunity"), to_stage=OuterRef("to_stage"), pk__lt=OuterRef("pk")
    )
    drawn = OpportunityEvent.objects.filter(
        opportunity=OuterRef("opportunity"), kind=EventKind.ASSIGNED, pk__lte=OuterRef("pk")
    )
    stands = ~Q(to_stage__type=StageType.SALE) | Q(opportunity__sale__isnull=False)
    enters = Q(kind__in=_ENTERING, to_stage__isnull=False) & stands & ~Exists(earlier)
    rows = (
        OpportunityEvent.objects.filter(_within(day), kind__in=[*HISTORY, *_ENTERING])
        .order_by()
        .annotate(after=F("to_owner__user_id"), before=F("from_owner__user_id"))
        .annotate(enters=Case(When(enters, then=F("to_stage_id"))), **_drawn(drawn))
    )
    found = list(rows.values_list("kind", "before", "after", "enters", "drawn_by", "drawn_at"))
    lots = _asked({(by, at) for *_rest, by, at in found})
    for kind, before, after, stage, by, at in found:
        asked = lots.get((by, at), "")
        if kind in HISTORY:
            person = (after or before) if kind in _RECEIVING else (before or after)
            yield Key(measure=Measure.HISTORY, detail=kind, person=person, asked=asked)
        if stage is not None:
            yield Key(measure=Measure.STAGE, detail=str(stage), person=before or after, asked=asked)


def _drawn(events: QuerySet[OpportunityEvent]) -> dict[str, Subquery]:
    last = events.order_by("-pk")
    return {"drawn_by": Subquery(last.values("to_owner")[:1]), "drawn_at": Subquery(last.values("at")[:1])}


def _asked(draws: set[_Draw]) -> dict[_Draw, str]:
    """How the lots that were drawn then were asked for. One query."""
    promoters = {by for by, _at in draws if by is not None}
    moments = {at for _by, at in draws if at is not None}
    if not promoters:
        return {}
    rows = Lot.objects.filter(promoter__in=promoters, created_at__in=moments, reassigned_on=None).order_by()
    return {
        (by, at): asked_in_words(filters) for by, at, filters in rows.values_list("promoter", "created_at", "filters")
    }


def _contacts(day: Period) -> Iterator[Key]:
    rows = ContactAttempt.objects.filter(_within(day)).order_by()
    for channel, outcome, person in rows.values_list("channel", "outcome", "by_id"):
        yield Key(measure=Measure.CONTACT, detail=f"{channel}:{outcome}", person=person)


def _replies(day: Period) -> Iterator[Key]:
    rows = Reply.objects.filter(_within(day)).order_by().annotate(campaign=_campaign_before("at", same_line=True))
    for session, campaign in rows.values_list("session_id", "campaign"):
        yield Key(measure=Measure.REPLY, session=session, campaign=campaign)


def _opt_outs(day: Period) -> Iterator[Key]:
    asked = Suppression.Source.REPLY
    now = Suppression.objects.filter(_within(day, "created_at"), source=asked).order_by()
    before = SuppressionLift.objects.filter(_within(day, "suppressed_at"), source=asked).order_by()
    for campaign in now.annotate(campaign=_campaign_before("created_at")).values_list("campaign", flat=True):
        yield Key(measure=Measure.OPT_OUT, campaign=campaign)
    for campaign in before.annotate(campaign=_campaign_before("suppressed_at")).values_list("campaign", flat=True):
        yield Key(measure=Measure.OPT_OUT, campaign=campaign)


def _campaign_before(moment: str, *, same_line: bool = False) -> Subquery:
    """The last campaign that had written to this row's phone. By the index on the phone."""
    sent = Envio.objects.of_campaigns().filter(phone=OuterRef("phone"), sent_at__lte=OuterRef(moment))
    if same_line:
        sent = sent.filter(session=OuterRef("session"))
    return Subquery(sent.order_by("-sent_at", "-pk").values("campaign")[:1])
