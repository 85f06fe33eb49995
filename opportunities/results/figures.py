"""A period's figures in groups: added up by the database from the sums of days, and counted where there are none."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
import enum
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any, Final

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from campaigns.enums import Ack, EnvioState
from campaigns.models import Campaign, SendDay
from campaigns.statistics import cells
from leadmaster.lib.periods import Period
from leadmaster.ops import rollups
from opportunities.enums import REACHED, ContactOutcome, EventKind, Measure
from opportunities.models import Promoter, ResultDay
from opportunities.results.counting import Key, count
from opportunities.results.sums import ResultSums
from whatsapp.models import WhatsAppSession


class By(enum.StrEnum):
    """What results are told by."""

    PROMOTER = "promoter"
    TEAM = "team"
    CAMPAIGN = "campaign"
    ASKED = "asked"
    WEEK = "week"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wanted:
    """Whose results: ids, where None is no condition. `teams` are those that the reader may see; None: every one."""

    teams: frozenset[int] | None = None
    promoter: int | None = None
    campaign: int | None = None
    asked: str | None = None


@dataclasses.dataclass(kw_only=True)
class Figures:
    """What came of it. Minutes of answers are operating ones; `stages` are ids with how many entered each."""

    sales: int = 0
    amounts: dict[str, decimal.Decimal] = dataclasses.field(default_factory=dict)
    history: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    stages: collections.Counter[int] = dataclasses.field(default_factory=collections.Counter)
    contacts: collections.Counter[tuple[str, str]] = dataclasses.field(default_factory=collections.Counter)
    replies: int = 0
    minutes: collections.Counter[int] = dataclasses.field(default_factory=collections.Counter)
    opt_outs: int = 0
    sent: int = 0
    delivered: int = 0
    read: int = 0
    errors: int = 0

    @property
    def taken(self) -> int:
        """Opportunities that came into somebody's hands: drawn or captured."""
        return self.history[EventKind.ASSIGNED] + self.history[EventKind.CAPTURED]

    @property
    def corrected(self) -> int:
        return self.history[EventKind.CORRECTED]

    @property
    def annulled(self) -> int:
        return self.history[EventKind.ANNULLED]

    @property
    def conversion(self) -> float:
        """Sales of each one taken, 0.0 to 1.0 and beyond, where what was taken earlier is sold now."""
        return self.sales / self.taken if self.taken else 0.0

    @property
    def contacted(self) -> int:
        return self.contacts.total()

    @property
    def reached(self) -> int:
        return sum(number for (_channel, outcome), number in self.contacts.items() if outcome in REACHED)

    @property
    def untold(self) -> int:
        return sum(n for (_channel, outcome), n in self.contacts.items() if outcome == ContactOutcome.PENDING)

    @property
    def answers(self) -> int:
        return self.minutes.total()

    @property
    def median(self) -> int | None:
        return self._at(1, 2)

    @property
    def ninth_tenth(self) -> int | None:
        """Nine of ten waited no longer."""
        return self._at(9, 10)

    def _at(self, share: int, of: int) -> int | None:
        """The least number of minutes that so many of them did not go beyond."""
        total, seen = self.minutes.total(), 0
        for minutes, number in sorted(self.minutes.items()):
            seen += number
            if seen * of >= total * share:
                return minutes
        return None

    def add(self, measure: Measure, detail: str, number: int, amount: decimal.Decimal) -> None:
        if measure is Measure.SALE:
            self.sales += number
            self.amounts[detail] = self.amounts.get(detail, decimal.Decimal()) + amount
        elif measure is Measure.HISTORY:
            self.history[detail] += number
        elif measure is Measure.STAGE:
            self.stages[int(detail)] += number
        elif measure is Measure.CONTACT:
            channel, _colon, outcome = detail.partition(":")
            self.contacts[channel, outcome] += number
        elif measure is Measure.REPLY:
            self.replies += number
        elif measure is Measure.ANSWER:
            self.minutes[int(detail)] += number
        else:
            self.opt_outs += number

    def add_sent(self, state: str, ack: int, number: int) -> None:
        if state == EnvioState.ERROR:
            self.errors += number
        elif state == EnvioState.SENT:
            self.sent += number
            self.delivered += number if ack >= Ack.DELIVERED else 0
            self.read += number if ack >= Ack.READ else 0


Groups = dict[Hashable, Figures]


def figures(period: Period, wanted: Wanted, by: By | None = None) -> Groups:
    """The figures of each group by its id (None: nobody's), of each week by its Monday, or of all under `None`."""
    groups: Groups = collections.defaultdict(Figures)
    for group, measure, detail, number, amount in _results(period, wanted, by):
        groups[group].add(Measure(measure), detail, number, amount)
    # What is asked of a lot says nothing of sends.
    if by is not By.ASKED and wanted.asked is None:
        for group, state, ack, number in _sends(period, wanted, by):
            groups[group].add_sent(state, ack, number)
    return dict(groups)


def monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


# --- What happened at the desk ----------------------------------------------------------------------------------------

_TEAM: Final = Coalesce("campaign__team", "session__team", "person__promoter__desk__team")
_PERSON: Final = Coalesce("person", "campaign__owner", "session__owner")
_GROUPS: Final[Mapping[By, Any]] = {
    By.PROMOTER: _PERSON,
    By.TEAM: _TEAM,
    By.CAMPAIGN: F("campaign"),
    By.ASKED: F("asked"),
    By.WEEK: F("day"),
}


def _results(
    period: Period, wanted: Wanted, by: By | None
) -> Iterator[tuple[Hashable, str, str, int, decimal.Decimal]]:
    days = rollups.split(ResultSums(), period)
    if days.summed:
        rows = _narrowed(ResultDay.objects.filter(days.rows(), zone=str(period.zone)).order_by(), wanted, by)
        columns = ["measure", "detail"]
        if by is not None:
            rows = rows.annotate(group=_GROUPS[by])
            columns.insert(0, "group")
        summed = rows.values_list(*columns).annotate(n=Sum("number"), total=Sum("amount"))
        for *group, measure, detail, number, amount in summed:
            yield _group(group[0], by) if group else None, measure, detail, number, amount
    for piece in days.live:
        found = list(count(piece))
        places = _Places.of(cell.key for cell in found)
        for cell in found:
            if places.wants(cell.key, wanted, by):
                group = places.group(cell.key, cell.day, by)
                yield group, cell.key.measure, cell.key.detail, cell.number, cell.amount


def _narrowed(rows: QuerySet[ResultDay], wanted: Wanted, by: By | None) -> QuerySet[ResultDay]:
    if by is By.ASKED or wanted.asked is not None:
        rows = rows.filter(measure__in=_OF_LOTS)
    if wanted.teams is not None:
        rows = rows.annotate(of_team=_TEAM).filter(of_team__in=sorted(wanted.teams))
    if wanted.promoter is not None:
        rows = rows.annotate(of_person=_PERSON).filter(of_person=wanted.promoter)
    if wanted.campaign is not None:
        rows = rows.filter(campaign=wanted.campaign)
    if wanted.asked is not None:
        rows = rows.filter(asked=wanted.asked)
    return rows


# What a lot's filters can be told of.
_OF_LOTS: Final = (Measure.SALE, Measure.HISTORY, Measure.STAGE)


@dataclasses.dataclass(frozen=True)
class _Places:
    """Whose what is, for groups that were counted and not read: team and owner by id."""

    campaigns: Mapping[int, tuple[int | None, int | None]]
    sessions: Mapping[int, tuple[int | None, int | None]]
    people: Mapping[int, int]

    @classmethod
    def of(cls, keys: Iterable[Key]) -> _Places:
        kept = list(keys)
        return cls(
            campaigns=_owned(Campaign.objects.filter(pk__in={key.campaign for key in kept if key.campaign})),
            sessions=_owned(WhatsAppSession.objects.filter(pk__in={key.session for key in kept if key.session})),
            people=dict(
                Promoter.objects.filter(user__in={key.person for key in kept if key.person})
                .order_by()
                .values_list("user_id", "desk__team_id")
            ),
        )

    def team(self, key: Key) -> int | None:
        return self._of(key, 0) or self.people.get(key.person or 0)

    def person(self, key: Key) -> int | None:
        return key.person or self._of(key, 1)

    def wants(self, key: Key, wanted: Wanted, by: By | None) -> bool:
        if (by is By.ASKED or wanted.asked is not None) and key.measure not in _OF_LOTS:
            return False
        return (
            (wanted.teams is None or self.team(key) in wanted.teams)
            and wanted.promoter in (None, self.person(key))
            and wanted.campaign in (None, key.campaign)
            and wanted.asked in (None, key.asked)
        )

    def group(self, key: Key, day: dt.date, by: By | None) -> Hashable:
        if by is By.PROMOTER:
            return self.person(key)
        if by is By.TEAM:
            return self.team(key)
        if by is By.CAMPAIGN:
            return key.campaign
        if by is By.ASKED:
            return key.asked
        return _group(day, by) if by is By.WEEK else None

    def _of(self, key: Key, place: int) -> int | None:
        of_campaign = self.campaigns.get(key.campaign or 0, (None, None))[place]
        return of_campaign or self.sessions.get(key.session or 0, (None, None))[place]


def _owned(rows: QuerySet[Any]) -> dict[int, tuple[int | None, int | None]]:
    return {pk: (team, owner) for pk, team, owner in rows.order_by().values_list("pk", "team_id", "owner_id")}


def _group(value: Any, by: By | None) -> Hashable:
    return monday(value) if by is By.WEEK else value


# --- What was sent ----------------------------------------------------------------------------------------------------


def _sends(period: Period, wanted: Wanted, by: By | None) -> Iterator[tuple[Hashable, str, int, int]]:
    campaigns = _campaigns(wanted)
    ids = None if campaigns is None else sorted(campaigns.order_by().values_list("pk", flat=True))
    days = rollups.split(cells.SUMS, period)
    if days.summed:
        rows = SendDay.objects.filter(days.rows(), zone=str(period.zone)).order_by()
        if ids is not None:
            rows = rows.filter(campaign__in=ids)
        columns = ["state", "ack"]
        if by is not None:
            rows = rows.annotate(group=_SENT_BY[by])
            columns.insert(0, "group")
        for *group, state, ack, number in rows.values_list(*columns).annotate(n=Sum("number")):
            yield _group(group[0], by) if group else None, state, ack, number
    for piece in days.live:
        found = list(cells.count(piece, ids))
        places = _owned(Campaign.objects.filter(pk__in={cell.campaign for cell in found}))
        for cell in found:
            team, owner = places[cell.campaign]
            group = {By.PROMOTER: owner, By.TEAM: team, By.CAMPAIGN: cell.campaign, By.WEEK: monday(cell.day)}
            yield None if by is None else group[by], cell.state, cell.ack, cell.number


_SENT_BY: Final[Mapping[By, Any]] = {
    By.PROMOTER: F("campaign__owner"),
    By.TEAM: F("campaign__team"),
    By.CAMPAIGN: F("campaign"),
    By.WEEK: F("day"),
}


def _campaigns(wanted: Wanted) -> QuerySet[Campaign] | None:
    """Whose sends count; None: everybody's."""
    chosen = Q()
    if wanted.teams is not None:
        chosen &= Q(team__in=sorted(wanted.teams))
    if wanted.promoter is not None:
        chosen &= Q(owner=wanted.promoter)
    if wanted.campaign is not None:
        chosen &= Q(pk=wanted.campaign)
    return Campaign.objects.filter(chosen) if chosen else None
