"""Faults 22–26, 28, 33, 34 at the desk: many at once, killed in the middle, a cron that slept. The checker judges."""

from __future__ import annotations

import datetime as dt
import functools
import signal
import threading
import time

import pytest
from django.db import transaction

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.directory.models import Client
from leadmaster.ops.heartbeat import beat
from opportunities.assignment import capture
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import Granted, request_lot
from opportunities.capacity import quota
from opportunities.enums import AbsencePolicy, EventKind, OpportunityState
from opportunities.errors import AlreadySold, NoQuota, NotAllowed, Refused, Taken
from opportunities.funnel import moves
from opportunities.health import check_timers
from opportunities.models import AssignmentRequest, DailyQuota, Opportunity, OpportunityEvent, Promoter, Sale
from opportunities.supervision import absences, decisions
from opportunities.timers import absence_clocks, expiry, extension
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, DeskFactory, Funnel, PromoterFactory
from tests.faults.desk_checker import findings
from tests.faults.desk_crowd import at_once, errors, no_long_waits, waiting_for
from tests.faults.processes.starting import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.mariadb]

NOW = dt.datetime(2026, 3, 4, 15, 0, tzinfo=dt.UTC)


@pytest.fixture
def funnel() -> Funnel:
    return Funnel()


def supervisor_of(promoter: Promoter) -> User:
    boss: User = UserFactory(role=Role.SUPERVISOR)
    promoter.desk.team.supervisors.add(boss)
    return boss


def ask(promoter: Promoter, quantity: int, key: str, *, now: dt.datetime = NOW, **filters: str) -> Granted:
    """A request as a view makes it: with its own copy of the promoter."""
    mine = Promoter.objects.select_related("user", "desk__team", "desk__calendar").get(pk=promoter.pk)
    return request_lot(mine, Filters(**filters), quantity, key=key, now=now)


# --- 23, 24, 26: the quota ---------------------------------------------------------------------------------------------


def test_fifty_requests_at_the_last_place_of_a_quota_get_that_one_place(funnel: Funnel) -> None:
    promoter = PromoterFactory(daily_quota=20)
    ClientFactory.create_batch(40)
    assert ask(promoter, 19, "antes").granted == 19

    outcomes = at_once([functools.partial(ask, promoter, 1, f"k{number}") for number in range(50)])

    assert errors(outcomes) == []
    assert sum(one.answer.granted for one in outcomes) == 1
    assert DailyQuota.objects.get().used == 20
    assert findings() == []


def test_a_limit_lowered_while_fifty_ask_is_never_exceeded(funnel: Funnel) -> None:
    promoter = PromoterFactory(daily_quota=30)
    boss = supervisor_of(promoter)
    ClientFactory.create_batch(60)
    quota.ensure(promoter, NOW.date())

    def lower() -> DailyQuota:
        return quota.change_limit(promoter, NOW.date(), 5, by=boss, reason="Menos hoy", now=NOW)

    calls = [functools.partial(ask, promoter, 2, f"k{number}") for number in range(20)]
    outcomes = at_once([*calls[:10], lower, *calls[10:]])

    assert errors(outcomes) == []
    row = DailyQuota.objects.get()
    assert row.used == row.limit == max(5, row.used)
    assert findings() == []


def test_the_first_use_of_a_day_by_twenty_at_once_makes_one_row_and_no_deadlock(funnel: Funnel) -> None:
    promoter = PromoterFactory(daily_quota=10)
    ClientFactory.create_batch(30)

    outcomes = at_once([functools.partial(ask, promoter, 1, f"k{number}") for number in range(20)])

    assert errors(outcomes) == []
    assert DailyQuota.objects.get().used == 10
    assert findings() == []


def test_one_key_sent_ten_times_at_once_is_one_lot(funnel: Funnel) -> None:
    promoter = PromoterFactory()
    ClientFactory.create_batch(30)

    outcomes = at_once([functools.partial(ask, promoter, 5, "misma") for _number in range(10)])

    assert errors(outcomes) == []
    assert len({one.answer for one in outcomes}) == 1
    assert Opportunity.objects.count() == 5
    assert findings() == []


@pytest.mark.parametrize(
    "victim",
    [
        "opportunities.assignment.request:draw",
        "opportunities.assignment.grant:open_lot",
        "opportunities.capacity.quota:write_draw",
        "opportunities.assignment.grant:open_opportunities",
        "opportunities.assignment.request:_answer",
    ],
)
def test_a_process_killed_between_quota_and_answer_leaves_nothing(
    funnel: Funnel, database_url: str, victim: str
) -> None:
    promoter = PromoterFactory()
    ClientFactory.create_batch(10)

    assert run("killed:asks", NOW.isoformat(), victim, url=database_url) == -signal.SIGKILL
    assert DailyQuota.objects.get().used == 0
    assert not AssignmentRequest.objects.exists()
    assert findings() == []
    # The same key, sent again: as if nothing had been.
    assert ask(promoter, 5, "k").granted == 5
    assert findings() == []


# --- 25: the last clients ----------------------------------------------------------------------------------------------


def test_thirty_two_promoters_share_the_last_clients_of_a_segment(funnel: Funnel) -> None:
    desk = DeskFactory()
    promoters = PromoterFactory.create_batch(32, desk=desk)
    ClientFactory.create_batch(10, province="Puebla", city="Puebla")
    ClientFactory.create_batch(5)

    calls = [
        functools.partial(ask, promoter, 3, "k", province="Puebla", agreement="Convenio A") for promoter in promoters
    ]
    with no_long_waits():
        outcomes = at_once(calls)

    assert errors(outcomes) == []
    assert sum(one.answer.granted for one in outcomes) == 10
    assert all(one.answer.lot_id is None for one in outcomes if not one.answer.granted)
    assert Client.objects.filter(availability="libre").count() == 5
    assert findings() == []


def test_fifty_promoters_share_the_last_of_the_pool(funnel: Funnel) -> None:
    """Who locks more than they take would make the others say that nothing is there."""
    desk = DeskFactory()
    promoters = PromoterFactory.create_batch(50, desk=desk)
    former = PromoterFactory(desk=desk, daily_quota=30)
    ClientFactory.create_batch(30)
    ask(former, 30, "k")
    expiry.expire_timers(NOW + dt.timedelta(minutes=61))
    later = NOW + dt.timedelta(minutes=62)

    with no_long_waits():
        outcomes = at_once([functools.partial(ask, promoter, 4, "k", now=later) for promoter in promoters])

    assert errors(outcomes) == []
    assert sum(one.answer.granted for one in outcomes) == 30
    assert Opportunity.objects.count() == 30
    assert findings() == []


def test_fifty_promoters_share_the_last_free_clients(funnel: Funnel) -> None:
    promoters = PromoterFactory.create_batch(50, desk=DeskFactory())
    ClientFactory.create_batch(110)
    began = time.monotonic()
    assert sum(ask(promoter, 1, "antes").granted for promoter in promoters) == 50
    one_by_one = time.monotonic() - began

    with no_long_waits():
        outcomes = at_once([functools.partial(ask, promoter, 4, "k") for promoter in promoters])

    assert errors(outcomes) == []
    assert sum(one.answer.granted for one in outcomes) == 60
    # They share this machine: beside the work of all of them, nobody waits for a second, retries and all.
    assert max(one.waited for one in outcomes) < one_by_one + 1
    assert findings() == []


def test_a_draw_passes_by_what_somebody_holds_and_answers_at_once(funnel: Funnel) -> None:
    promoter = PromoterFactory()
    ClientFactory.create_batch(6)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(Client.objects.order_by("id").select_for_update()[:4])
            held.set()
            assert done.wait(timeout=30)

    def draw() -> Granted:
        assert held.wait(timeout=30)
        try:
            return ask(promoter, 5, "k")
        finally:
            done.set()

    with no_long_waits():
        outcomes = at_once([hold, draw])

    assert errors(outcomes) == []
    assert outcomes[1].answer.granted == 2
    assert findings() == []


# --- 28, 34: one opportunity, everybody at once ------------------------------------------------------------------------


def test_everybody_at_one_opportunity_has_one_winner_and_a_whole_history(funnel: Funnel) -> None:
    desk = DeskFactory()
    owner, other = PromoterFactory(desk=desk), PromoterFactory(desk=desk)
    boss = supervisor_of(owner)
    ClientFactory.create_batch(8)
    ask(owner, 8, "k")
    late = NOW + dt.timedelta(minutes=59, seconds=59)

    for row in Opportunity.objects.order_by("id"):
        outcomes = at_once(
            [
                functools.partial(moves.move, row.pk, funnel.contacted, by=owner.user, version=1, now=late),
                functools.partial(
                    moves.move, row.pk, funnel.sold, by=owner.user, version=1, now=late, data={"amount": "5"}
                ),
                functools.partial(moves.move, row.pk, funnel.no_answer, by=boss, version=1, now=late),
                functools.partial(decisions.reassign, row.pk, other, by=boss, now=late),
                functools.partial(decisions.return_to_pool, row.pk, by=boss, now=late),
                functools.partial(extension.extend, row.pk, by=owner.user, version=1, now=late),
                functools.partial(expiry.expire_timers, late + dt.timedelta(seconds=2)),
            ]
        )
        assert errors(outcomes, allowed=Refused) == []
        assert findings() == []
        by_version = [one for number, one in enumerate(outcomes) if number in {0, 1, 2, 5} and one.error is None]
        assert len(by_version) <= 1


def test_two_sales_at_once_are_one_and_the_other_is_told_who_and_when(funnel: Funnel) -> None:
    owner = PromoterFactory()
    ClientFactory.create_batch(1)
    ask(owner, 1, "k")
    row = Opportunity.objects.get()

    outcomes = at_once(
        [
            functools.partial(
                moves.move, row.pk, funnel.sold, by=owner.user, version=1, now=NOW, data={"amount": str(amount)}
            )
            for amount in (10, 11, 12, 13, 10)
        ]
    )

    refused = [one.error for one in outcomes if one.error is not None]
    assert errors(outcomes, allowed=AlreadySold) == []
    assert Sale.objects.count() == 1
    same = 2 if Sale.objects.get().amount == 10 else 1
    assert len(refused) == 5 - same
    assert all(str(owner.user) in str(error) for error in refused)
    assert findings() == []


def test_captures_at_once_stop_at_the_days_limit(funnel: Funnel) -> None:
    promoter = PromoterFactory(desk=DeskFactory(daily_captures=3))
    people = [capture.NewClient(name="Ana", phones=[f"+54935155500{number:02d}"]) for number in range(12)]

    outcomes = at_once(
        [
            functools.partial(capture.capture, promoter, person, key=str(number), now=NOW)
            for number, person in enumerate(people)
        ]
    )

    assert errors(outcomes, allowed=NoQuota) == []
    assert Opportunity.objects.count() == 3
    assert findings() == []


def test_one_person_captured_by_many_at_once_is_one_client(funnel: Funnel) -> None:
    """Each types another of the person's phones first."""
    phones = ["+5493515550001", "+5493515550002"]
    promoters = PromoterFactory.create_batch(8)

    outcomes = at_once(
        [
            functools.partial(
                capture.capture,
                promoter,
                capture.NewClient(name="Ana", phones=phones if number % 2 else phones[::-1]),
                key="k",
                now=NOW,
            )
            for number, promoter in enumerate(promoters)
        ]
    )

    assert errors(outcomes, allowed=Taken) == []
    assert Opportunity.objects.count() == Client.objects.count() == 1
    assert findings() == []


def test_extensions_at_once_stop_at_the_weeks_allowance(funnel: Funnel) -> None:
    promoter = PromoterFactory(desk=DeskFactory(weekly_extensions=2))
    ClientFactory.create_batch(8)
    ask(promoter, 8, "k")

    outcomes = at_once(
        [
            functools.partial(extension.extend, pk, by=promoter.user, version=1, now=NOW)
            for pk in Opportunity.objects.values_list("pk", flat=True)
        ]
    )

    assert errors(outcomes, allowed=NoQuota) == []
    assert Opportunity.objects.filter(extended=True).count() == 2
    assert findings() == []


def test_work_that_is_taken_while_an_absence_begins_stays_where_it_went(funnel: Funnel) -> None:
    desk = DeskFactory()
    owner, other = PromoterFactory(desk=desk), PromoterFactory(desk=desk)
    boss = supervisor_of(owner)
    ClientFactory.create_batch(6)
    ask(owner, 6, "k")
    today = NOW.date()
    absences.announce(owner, starts_on=today, ends_on=today, policy=AbsencePolicy.REDISTRIBUTE, by=boss, now=NOW)
    ids = list(Opportunity.objects.values_list("pk", flat=True))

    outcomes = at_once(
        [
            functools.partial(absence_clocks.begin_and_end, NOW),
            *(functools.partial(decisions.reassign, pk, other, by=boss, now=NOW) for pk in ids),
            functools.partial(ask, owner, 5, "durante"),
        ]
    )

    assert errors(outcomes, allowed=Refused) == []
    assert not Opportunity.objects.filter(owner=owner).exists()
    assert Opportunity.objects.filter(owner=other).count() == 6
    assert findings() == []


def test_an_absence_that_waited_for_a_row_leaves_it_where_it_went_meanwhile(funnel: Funnel) -> None:
    desk = DeskFactory()
    owner, other = PromoterFactory(desk=desk), PromoterFactory(desk=desk)
    ClientFactory.create_batch(2)
    ask(owner, 2, "k")
    today, boss = NOW.date(), supervisor_of(owner)
    absences.announce(owner, starts_on=today, ends_on=today, policy=AbsencePolicy.REDISTRIBUTE, by=boss, now=NOW)
    taken, left = Opportunity.objects.order_by("pk")

    with waiting_for(Opportunity.objects.filter(pk=taken.pk), functools.partial(absence_clocks.begin_and_end, NOW)):
        Opportunity.objects.filter(pk=taken.pk).update(owner=other)

    taken.refresh_from_db()
    left.refresh_from_db()
    assert (taken.state, taken.owner) == (OpportunityState.ACTIVE, other)
    assert (left.state, left.owner) == (OpportunityState.POOL, None)


# --- 33: the cron slept ------------------------------------------------------------------------------------------------


def test_a_cron_dead_for_a_day_shows_overdue_is_alerted_and_catches_up_in_batches(
    funnel: Funnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    promoter = PromoterFactory(daily_quota=30)
    ClientFactory.create_batch(25)
    ask(promoter, 25, "k")
    beat("timers", now=NOW)
    later = NOW + dt.timedelta(days=1)

    # Overdue for everybody, before anything ran.
    assert Opportunity.objects.visible_to(promoter.user).overdue(later).count() == 25
    row = Opportunity.objects.order_by("id")[0]
    with pytest.raises(Refused, match="venció"):
        moves.move(row.pk, funnel.contacted, by=promoter.user, version=1, now=later)
    with pytest.raises(Refused, match="venció"):
        extension.extend(row.pk, by=promoter.user, version=1, now=later)
    [result] = check_timers(watching_since=None)(later)
    assert (result.ok, result.key) == (False, "timers_late")
    assert "25 oportunidades" in result.body

    monkeypatch.setattr(expiry, "BATCH", 10)
    report = expiry.expire_timers(later)
    assert (report.expired, report.batches) == (25, 3)
    assert Opportunity.objects.pool().count() == 25
    assert OpportunityEvent.objects.filter(kind=EventKind.EXPIRED).count() == 25
    beat("timers", now=later)
    assert check_timers(watching_since=None)(later)[0].ok
    assert findings() == []


def test_three_crons_at_once_expire_each_row_once(funnel: Funnel) -> None:
    promoter = PromoterFactory(daily_quota=60)
    ClientFactory.create_batch(60)
    ask(promoter, 60, "k")
    later = NOW + dt.timedelta(hours=2)

    outcomes = at_once([functools.partial(expiry.expire_timers, later)] * 3)

    assert errors(outcomes) == []
    assert sum(one.answer.expired for one in outcomes) == 60
    assert OpportunityEvent.objects.filter(kind=EventKind.EXPIRED).count() == 60
    assert findings() == []


def test_a_supervisor_of_another_team_wins_no_race(funnel: Funnel) -> None:
    owner, other = PromoterFactory(), PromoterFactory()
    stranger = supervisor_of(other)
    ClientFactory.create_batch(2)
    ask(owner, 2, "k")
    ids = list(Opportunity.objects.values_list("pk", flat=True))

    outcomes = at_once([functools.partial(decisions.reassign, pk, other, by=stranger, now=NOW) for pk in ids * 3])

    assert errors(outcomes, allowed=NotAllowed) == []
    assert Opportunity.objects.filter(owner=owner, state=OpportunityState.ACTIVE).count() == 2
    assert findings() == []
