"""What claims to have gone out, as marks on a clock: so many a minute, at which second, and which of them are proven."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Mapping

from django.db.models import Count, F, Min, Q
from django.db.models.functions import ExtractSecond, TruncMinute, TruncSecond
from django.utils.translation import gettext as _

from campaigns.diagnosis.phantoms import Mark, Run, runs_of
from campaigns.diagnosis.scope import CLAIMS, Scope
from campaigns.enums import EnvioState
from campaigns.proofs import unproven

# The incident's own threshold: more of one line within a second were not sent one after the other.
SAME_SECOND = 5
_MOST_SECONDS = 50
# Rows without a proof that are looked at one by one, and marks of one campaign whose rhythm is.
MOST_UNPROVEN = 100_000
MOST_MARKS = 100_000


class TooMany(Exception):
    """There is more than one answer can hold; `str()` says what to do."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SameSecond:
    """So many rows of one line that say the same second. `moments`: how many different instants within it."""

    at: dt.datetime
    session: int
    count: int
    moments: int
    first_id: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Unproven:
    """A row that says it went out, and nothing bears it out."""

    id: int
    campaign: int | None  # None: a reply
    at: dt.datetime
    has_id: bool
    state: EnvioState


def per_minute(scope: Scope) -> dict[dt.datetime, int]:
    """How many in each minute that has any, in order."""
    counted: collections.Counter[dt.datetime] = collections.Counter()
    for state, column in CLAIMS:
        minutes = scope.within(column, state).annotate(minute=TruncMinute(column, tzinfo=dt.UTC))
        counted.update(dict(minutes.values_list("minute").annotate(number=Count("pk"))))
    return dict(sorted(counted.items()))


def per_second_of_the_minute(scope: Scope) -> list[int]:
    """Sixty numbers. Real pauses spread over the minute; a scheduler that only marks stands at one second."""
    numbers = [0] * 60
    for state, column in CLAIMS:
        seconds = scope.within(column, state).annotate(second=ExtractSecond(column, tzinfo=dt.UTC))
        for second, number in seconds.values_list("second").annotate(number=Count("pk")):
            numbers[int(second)] += number
    return numbers


def same_second(scope: Scope) -> list[SameSecond]:
    """Seconds in which one line claims more than `SAME_SECOND`, those with most first; fifty at the most."""
    found = []
    for state, column in CLAIMS:
        seconds = scope.within(column, state).annotate(second=TruncSecond(column, tzinfo=dt.UTC))
        crowded = (
            seconds.values("second", "session_id")
            .annotate(number=Count("pk"), moments=Count(column, distinct=True), first=Min("pk"))
            .filter(number__gt=SAME_SECOND)
            .order_by("-number", "second")[:_MOST_SECONDS]
        )
        found += [
            SameSecond(
                at=row["second"],
                session=row["session_id"],
                count=row["number"],
                moments=row["moments"],
                first_id=row["first"],
            )
            for row in crowded
        ]
    return sorted(found, key=lambda one: (-one.count, one.at))[:_MOST_SECONDS]


def without_proof(scope: Scope) -> list[Unproven]:
    """Day by day, so that no question is a long one. Raises TooMany."""
    found: list[Unproven] = []
    for day in scope.by_day():
        for state, column in CLAIMS:
            condition = unproven() if state is EnvioState.SENT else Q()
            rows = day.within(column, state).filter(condition).annotate(at=F(column))
            for pk, campaign, at, message_id in rows.values_list("pk", "campaign_id", "at", "message_id")[
                : MOST_UNPROVEN + 1 - len(found)
            ]:
                found.append(Unproven(id=pk, campaign=campaign, at=at, has_id=bool(message_id), state=state))
            if len(found) > MOST_UNPROVEN:
                raise TooMany(
                    _("Más de %(n)d envíos no tienen prueba: elige menos días o una campaña.") % {"n": MOST_UNPROVEN}
                )
    return found


def runs(scope: Scope, doubtful: list[Unproven]) -> dict[int, list[Run]]:
    """By campaign, the runs of marks that a scheduler made and nobody received. Raises TooMany."""
    by_campaign: Mapping[int, set[int]] = collections.defaultdict(set)
    for one in doubtful:
        if one.campaign is not None:
            by_campaign[one.campaign].add(one.id)
    found = {}
    for campaign in sorted(by_campaign):
        accused = by_campaign[campaign]
        local = scope.period.zone
        marks = [Mark(pk, at.astimezone(local), pk not in accused) for pk, at in _marks_of(scope.of(campaign))]
        if campaign_runs := runs_of(marks):
            found[campaign] = campaign_runs
    return found


def _marks_of(scope: Scope) -> list[tuple[int, dt.datetime]]:
    found: list[tuple[int, dt.datetime]] = []
    for day in scope.by_day():
        for state, column in CLAIMS:
            rows = day.within(column, state).values_list("pk", column)
            found += rows[: MOST_MARKS + 1 - len(found)]
            if len(found) > MOST_MARKS:
                raise TooMany(_("Una campaña tiene más de %(n)d envíos: elige menos días.") % {"n": MOST_MARKS})
    return found
