"""The day's quota: lowered, exceeded by permission, given back, and counted by the desk's own day."""

from __future__ import annotations

import datetime as dt

import pytest

from leadmaster.accounts.roles import Role
from opportunities.capacity import quota
from opportunities.enums import QuotaKind
from opportunities.errors import Incomplete, NoQuota, NotAllowed
from opportunities.models import BulkAction, DailyQuota, Opportunity, QuotaEntry
from opportunities.supervision import bulk, decisions
from opportunities.supervision.undo import undo
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import CalendarFactory, ClientFactory, DeskFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings
from tests.opportunities.people import NOW, People, ask, one_of

pytestmark = pytest.mark.django_db


def test_a_limit_lowered_below_what_is_used_stops_there_and_gives_nothing_more(people: People) -> None:
    ClientFactory.create_batch(8)
    ask(people.owner, 5)
    row = quota.change_limit(people.owner, NOW.date(), 2, by=people.boss, reason="Menos", now=NOW)
    assert (row.limit, row.used) == (5, 5)
    assert ask(people.owner, 1, "otra").lot_id is None
    assert findings() == []


def test_over_the_quota_only_by_permission_with_a_reason_and_on_the_ledger(people: People) -> None:
    people.colleague.daily_quota = 0
    people.colleague.save()
    row = one_of(people.owner)
    admin = UserFactory(role=Role.ADMINISTRATOR)
    with pytest.raises(NoQuota):
        decisions.reassign(row.pk, people.colleague, by=people.boss, now=NOW)
    with pytest.raises(NotAllowed):
        decisions.reassign(row.pk, people.colleague, by=people.boss, now=NOW, reason="Urge", over_quota=True)
    with pytest.raises(Incomplete):
        decisions.reassign(row.pk, people.colleague, by=admin, now=NOW, over_quota=True)
    decisions.reassign(row.pk, people.colleague, by=admin, now=NOW, reason="Urge", over_quota=True)
    lines = QuotaEntry.objects.filter(quota__promoter=people.colleague)
    assert [(line.kind, line.amount, line.reason) for line in lines] == [
        (QuotaKind.LIMIT, 1, "Urge"),
        (QuotaKind.REASSIGNED_IN, 1, "Urge"),
    ]
    assert findings() == []


@pytest.mark.parametrize("behind", [dt.timedelta(seconds=2), dt.timedelta(hours=1)])
def test_the_days_lines_never_run_backwards_whichever_host_writes_them(people: People, behind: dt.timedelta) -> None:
    """A host whose clock is behind asks, gives, refunds and corrects after another one: what came later stands later."""
    given = one_of(people.colleague)
    ClientFactory.create_batch(6)
    day, early = NOW.date(), NOW - behind
    quota.change_limit(people.owner, day, 25, by=people.boss, reason="Feria", now=NOW)
    ask(people.owner, 8, "atrasada", now=early)
    bulk.reassign([given.pk], people.owner, by=people.boss, now=early)
    undo(BulkAction.objects.get(), by=people.boss, now=early)
    quota.change_limit(people.owner, day, 30, by=people.boss, reason="Más", now=early)
    quota.change_limit(people.owner, day, 31, by=people.boss, reason="Más", now=NOW + behind)

    lines = list(QuotaEntry.objects.filter(quota__promoter=people.owner).order_by("id"))

    assert len(lines) == 7
    assert [line.at for line in lines] == [NOW] * 6 + [NOW + behind]
    assert findings() == []


def test_undoing_an_over_quota_reassignment_takes_the_room_back(people: People) -> None:
    people.colleague.daily_quota = 0
    people.colleague.save()
    row = one_of(people.owner)
    admin = UserFactory(role=Role.ADMINISTRATOR)
    bulk.reassign([row.pk], people.colleague, by=admin, now=NOW, reason="Urge", over_quota=True)
    undo(BulkAction.objects.get(), by=admin, now=NOW)
    day = DailyQuota.objects.get(promoter=people.colleague)
    assert (day.limit, day.used) == (0, 0)
    assert findings() == []


def test_the_quotas_day_is_the_desks_and_unique_through_midnight_and_clock_changes(funnel: Funnel) -> None:
    """Santiago puts its clocks back at midnight: 23:00–24:00 of that Saturday is lived twice."""
    promoter = PromoterFactory(desk=DeskFactory(calendar=CalendarFactory(time_zone="America/Santiago"), daily_quota=3))
    ClientFactory.create_batch(12)
    before_midnight = dt.datetime(2026, 4, 5, 2, 30, tzinfo=dt.UTC)
    for hours in (0, 1, 2, 0):
        ask(promoter, 1, f"{hours}{Opportunity.objects.count()}", now=before_midnight + dt.timedelta(hours=hours))
    days = {row.day.isoformat(): row.used for row in DailyQuota.objects.all()}
    assert days == {"2026-04-04": 3, "2026-04-05": 1}
    assert findings() == []
