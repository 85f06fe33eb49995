"""Too many errors: told, paused, and let go by a supervisor, after which it counts anew."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from campaigns import lifecycle
from campaigns.brakes import watch
from campaigns.brakes.base import News
from campaigns.brakes.error_rate import WINDOW, tallies_of
from campaigns.brakes.lifting import lift
from campaigns.brakes.newest_tries import newest_tries
from campaigns.engine.tick import IDLE
from campaigns.engine.why_not import why_not
from campaigns.enums import AttemptOutcome, BrakeKind, CampaignState, EnvioState, WhyNot
from campaigns.errors import Incomplete, NotAllowed, WrongState
from campaigns.health import check_brakes
from campaigns.models import Attempt, Campaign, CampaignBrake, CampaignEvent, Schedule, ScheduleDay
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.ops.alerts import apply_results
from leadmaster.ops.models import Alert
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import AttemptFactory, EnvioFactory, ScheduleDayFactory, ScheduleFactory
from tests.faults.harness import World
from tests.faults.world import Behaviour
from tests.plans import steps_of
from whatsapp.gateways.base import GatewayError, OutboundMessage, Outcome, Scope

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = GatewayError("No tiene WhatsApp.", outcome=Outcome.REFUSED, scope=Scope.MESSAGE, code="NOT_ON_WHATSAPP")
NOT_PASSED_ON = GatewayError(
    "WhatsApp no lo aceptó.", outcome=Outcome.NOT_SENT, scope=Scope.MESSAGE, code="WHATSAPP_ERROR", http_status=500
)


@pytest.fixture
def world() -> World:
    return World()


def every(nth: int, error: GatewayError) -> Callable[[OutboundMessage], Behaviour]:
    """A provider that refuses each nth message and delivers the others."""
    counter = itertools.count(1)
    return lambda _message: Behaviour(delivers=False, error=error) if next(counter) % nth == 0 else Behaviour()


def supervisor_of(campaign: Campaign) -> User:
    boss: User = UserFactory(role=Role.SUPERVISOR)
    campaign.team.supervisors.add(boss)
    return boss


def tried(campaign: Campaign, outcomes: list[tuple[AttemptOutcome, EnvioState]], **fields: Any) -> None:
    """So many tries of one day, each of a message of its own that is now in this state."""
    schedule = campaign.schedules.first() or ScheduleFactory(campaign=campaign)
    day = ScheduleDayFactory(schedule=schedule, day=fields.pop("day", dt.date(2026, 2, 7)))
    for outcome, state in outcomes:
        envio = EnvioFactory(campaign=campaign, state=state)
        AttemptFactory(envio=envio, schedule_day=day, outcome=outcome, **fields)


GOOD, BAD = (AttemptOutcome.SENT, EnvioState.SENT), (AttemptOutcome.REFUSED, EnvioState.ERROR)


# --- What it does ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [REFUSED, NOT_PASSED_ON])
def test_a_campaign_of_which_a_tenth_fails_is_paused_by_itself(world: World, error: GatewayError) -> None:
    campaign = world.campaign(envios=60)
    world.provider.behave = every(5, error)

    world.run_minutes(4)

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.PAUSED
    [hold] = CampaignBrake.objects.all()
    assert (hold.open_for_id, hold.kind, hold.ended_at) == (campaign.pk, BrakeKind.ERROR_RATE, None)
    assert hold.detail == "fallaron 4 de los últimos 20 intentos (20 %)"
    event = CampaignEvent.objects.latest("id")
    assert (event.by, event.to_state, event.reason) == (None, CampaignState.PAUSED, f"Se frenó sola: {hold.detail}.")
    alert = Alert.objects.get(open_key=f"campaign-errors:{campaign.pk}")
    assert alert.severity == Alert.Severity.CRITICAL
    standing = why_not(campaign, world.now)
    assert (standing.reason, standing.detail) == (WhyNot.ERROR_RATE, hold.detail)
    # It stopped within one look of the twentieth try.
    assert Attempt.objects.filter(envio__campaign=campaign).count() < 30


def test_too_few_tries_say_nothing(world: World) -> None:
    campaign = world.campaign(envios=19)
    EnvioFactory(campaign=campaign, next_due=world.now + dt.timedelta(days=1))
    world.provider.behave = lambda _message: Behaviour(delivers=False, error=REFUSED)

    world.run_minutes(3)

    assert Campaign.objects.get().state == CampaignState.RUNNING
    assert not CampaignBrake.objects.exists()
    assert not Alert.objects.exists()


def test_one_in_fifteen_is_told_and_ends_when_the_last_hundred_are_better(world: World) -> None:
    campaign = world.campaign(envios=45)
    EnvioFactory(campaign=campaign, next_due=world.now + dt.timedelta(days=1))
    world.provider.behave = every(15, REFUSED)
    world.run_minutes(3)

    assert Campaign.objects.get().state == CampaignState.RUNNING
    assert Alert.objects.get(open_key=f"campaign-errors:{campaign.pk}").severity == Alert.Severity.WARNING

    world.provider.behave = lambda _message: Behaviour()
    world.fill(campaign, 60)
    world.run_minutes(4)

    assert not Alert.objects.filter(open_key__isnull=False).exists()


def test_a_campaign_may_say_otherwise(world: World) -> None:
    never = world.campaign(envios=40, error_pause=0, error_alert=0)
    strict = world.campaign(envios=40, error_pause=3)
    world.provider.behave = every(20, REFUSED)

    world.run_minutes(3)

    states = dict(Campaign.objects.values_list("pk", "state"))
    assert states == {never.pk: CampaignState.FINISHED, strict.pk: CampaignState.PAUSED}


def test_what_has_nothing_left_is_not_paused(world: World) -> None:
    world.campaign(envios=20)
    world.provider.behave = every(2, REFUSED)

    world.run_minutes(3)

    assert Campaign.objects.get().state == CampaignState.FINISHED
    assert not CampaignBrake.objects.exists()


def test_what_is_told_of_it_ends_with_the_campaign(world: World) -> None:
    campaign = world.campaign(envios=60)
    world.provider.behave = every(5, REFUSED)
    world.run_minutes(3)
    assert check_brakes(world.now) == []

    campaign.refresh_from_db()
    lifecycle.cancel(campaign, by=None, now=world.now, reason="Los números eran viejos")
    apply_results(check_brakes(world.now), now=world.now)

    assert not Alert.objects.filter(open_key__isnull=False).exists()
    assert not CampaignBrake.objects.filter(open_for__isnull=False).exists()


# --- What counts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "state", "fields", "counts"),
    [
        (AttemptOutcome.SENT, EnvioState.SENT, {}, (1, 0)),
        (AttemptOutcome.SENT, EnvioState.ERROR, {}, (1, 1)),  # refused by WhatsApp afterwards
        (AttemptOutcome.REFUSED, EnvioState.ERROR, {"code": "NOT_ON_WHATSAPP"}, (1, 1)),
        (AttemptOutcome.NOT_SENT, EnvioState.PENDING, {"code": "WHATSAPP_ERROR", "http_status": 500}, (1, 1)),
        (AttemptOutcome.NOT_SENT, EnvioState.ERROR, {"code": "WHATSAPP_ERROR", "http_status": 500}, (1, 1)),
        (AttemptOutcome.NOT_SENT, EnvioState.PENDING, {"code": "SESSION_NOT_READY", "http_status": 409}, (0, 0)),
        (AttemptOutcome.NOT_SENT, EnvioState.PENDING, {"code": "OWN_WORD", "http_status": 429}, (0, 0)),
        (AttemptOutcome.NOT_SENT, EnvioState.PENDING, {"code": "UNREACHABLE"}, (0, 0)),
        (AttemptOutcome.NOT_SENT, EnvioState.PENDING, {"counted": False}, (0, 0)),
        (AttemptOutcome.UNKNOWN, EnvioState.UNCERTAIN, {}, (0, 0)),
        (AttemptOutcome.UNKNOWN, EnvioState.SENT, {}, (1, 0)),  # proven later
        (AttemptOutcome.UNKNOWN, EnvioState.ERROR, {}, (1, 1)),
        (AttemptOutcome.WITHDRAWN, EnvioState.PENDING, {}, (0, 0)),
        (AttemptOutcome.OPEN, EnvioState.PENDING, {}, (0, 0)),
    ],
)
def test_only_what_is_true_of_a_message_counts(
    world: World, outcome: AttemptOutcome, state: EnvioState, fields: dict[str, Any], counts: tuple[int, int]
) -> None:
    campaign = world.campaign()
    tried(campaign, [(outcome, state)], **fields)

    tally = tallies_of([campaign], newest_tries([campaign], world.now))[campaign.pk]

    assert (tally.tries, tally.failed) == counts


def test_the_window_is_the_last_hundred_of_all_days_and_schedules(world: World) -> None:
    campaign = world.campaign()
    tried(campaign, [BAD] * 30, day=dt.date(2026, 2, 5))
    tried(campaign, [GOOD] * 40)
    other = ScheduleDayFactory(schedule=ScheduleFactory(campaign=campaign), day=dt.date(2026, 2, 7))
    for _ in range(50):
        AttemptFactory(
            envio=EnvioFactory(campaign=campaign, state=EnvioState.SENT),
            schedule_day=other,
            outcome=AttemptOutcome.SENT,
        )

    tally = tallies_of([campaign], newest_tries([campaign], world.now))[campaign.pk]

    assert (tally.tries, tally.failed) == (WINDOW, 10)


# --- Letting go --------------------------------------------------------------------------------------------------


def test_a_supervisor_lets_go_and_it_counts_anew(world: World) -> None:
    campaign = world.campaign(envios=80)
    world.provider.behave = every(5, REFUSED)
    world.run_minutes(3)
    boss = supervisor_of(campaign)

    lift(campaign, by=boss, reason="Eran los números de una lista vieja", now=world.now)
    world.provider.behave = lambda _message: Behaviour()
    world.run_minutes(4)

    hold = CampaignBrake.objects.get()
    assert (hold.open_for, hold.ended_by, hold.reason) == (None, boss, "Eran los números de una lista vieja")
    resumed = CampaignEvent.objects.filter(from_state=CampaignState.PAUSED).get()
    assert (resumed.by, resumed.to_state, resumed.reason) == (boss, CampaignState.RUNNING, hold.reason)
    assert Campaign.objects.get().state == CampaignState.FINISHED
    alert = Alert.objects.get()
    assert (alert.open_key, alert.resolved_by) == (None, boss)


def test_who_let_go_is_paused_again_when_the_new_tries_fail_too(world: World) -> None:
    campaign = world.campaign(envios=120)
    world.provider.behave = every(5, REFUSED)
    world.run_minutes(3)
    before = Attempt.objects.count()

    lift(campaign, by=supervisor_of(campaign), reason="Probemos otra vez", now=world.now)
    world.run_minutes(4)

    assert Campaign.objects.get().state == CampaignState.PAUSED
    assert CampaignBrake.objects.count() == 2
    assert Attempt.objects.count() - before >= 20


def test_its_owner_neither_lifts_nor_resumes_it(world: World) -> None:
    campaign = world.campaign(envios=60)
    world.provider.behave = every(5, REFUSED)
    world.run_minutes(3)
    campaign.refresh_from_db()

    with pytest.raises(NotAllowed):
        lift(campaign, by=campaign.owner, reason="Es mía", now=world.now)
    with pytest.raises(WrongState, match=r"se frenó sola: fallaron .* Un supervisor suelta el freno"):
        lifecycle.resume(campaign, by=campaign.owner, now=world.now)

    assert Campaign.objects.get().state == CampaignState.PAUSED
    assert CampaignBrake.objects.filter(open_for=campaign).count() == 1


def test_lifting_asks_for_a_reason_and_for_something_to_lift(world: World) -> None:
    campaign = world.campaign(envios=1)
    boss = supervisor_of(campaign)

    with pytest.raises(Incomplete, match="queda en el historial"):
        lift(campaign, by=boss, reason="  ", now=world.now)
    with pytest.raises(WrongState, match="Ningún freno detiene"):
        lift(campaign, by=boss, reason="Por las dudas", now=world.now)


# --- What it costs -----------------------------------------------------------------------------------------------


def test_a_look_costs_one_query_and_one_more_for_each_campaign_that_has_news(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(3):
        tried(world.campaign(), [GOOD] * 19)
    # As the plan reads them.
    campaigns = list(Campaign.objects.select_related("session", "canary"))
    one, three = News({campaigns[0].pk: campaigns[0]}), News({campaign.pk: campaign for campaign in campaigns})

    with django_assert_num_queries(0):
        watch.look(News({}), world.now)
    with django_assert_num_queries(2):
        watch.look(one, world.now)
    with django_assert_num_queries(4):
        watch.look(three, world.now)


def test_a_minute_without_outcomes_asks_what_it_always_asked(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    world.campaign(envios=1)
    world.run_minutes(1)
    world.next_minute()

    with django_assert_num_queries(3):
        assert world.tick() == IDLE


@pytest.mark.mariadb
def test_the_last_tries_are_read_backwards_through_their_index(world: World) -> None:
    campaign = world.campaign()
    schedule = Schedule.objects.get()
    days = [ScheduleDay(schedule=schedule, day=dt.date(2026, 1, 1) + dt.timedelta(days=n)) for n in range(10)]
    ScheduleDay.objects.bulk_create(days)
    envio = EnvioFactory(campaign=campaign, state=EnvioState.SENT)
    for day in days:
        rows = AttemptFactory.build_batch(
            300, envio=envio, schedule_day=day, session_day_id=1, outcome=AttemptOutcome.SENT
        )
        with connection.constraint_checks_disabled():
            Attempt.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE campaigns_attempt")

    days_now = list(ScheduleDay.objects.values_list("id", flat=True))
    plan = steps_of(
        Attempt.objects.filter(schedule_day__in=days_now[-3:])
        .order_by("-schedule_day_id", "-id")
        .values_list("id", "outcome")[:WINDOW]
    )[0]

    assert plan.key.startswith("campaigns_attempt_schedule_day")
    assert not plan.sorts
