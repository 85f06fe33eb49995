"""The queries of every minute over many rows: which index, how many rows, how many questions."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any, Self

import pytest
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from campaigns.engine import claim as claiming
from campaigns.engine import settle as settling
from campaigns.engine.plan import Plan, ensure_days, make_plan
from campaigns.enums import Ack, EnvioState
from campaigns.models import Campaign, EarlyReceipt, Envio, Lane
from campaigns.progress import progress_of
from leadmaster.directory.models import Suppression
from tests.factories.campaigns import EnvioFactory, LaneFactory
from tests.faults.harness import World
from tests.plans import Step, multiply, new_uuid, steps, steps_of
from whatsapp.gateways.base import SendResult

pytestmark = pytest.mark.django_db(transaction=True)

CAMPAIGNS = 4
AGES = 500  # rows of each campaign, of all ages
COPIES = 9  # of each of them
# The claim of one lane: BEGIN, the lane, its envío, two charges, the person, the two moves, the try, COMMIT.
CLAIM_OF_ONE = 10
# What is asked again for each further lane: its envío, two charges, the person, the two moves. Tries are opened together.
CLAIM_OF_EACH_FURTHER = 6
# BEGIN, the lane, the envío, the try, whether an acknowledgement came early, COMMIT.
SETTLE = 6


@pytest.fixture
def world() -> World:
    return World()


def many(world: World) -> list[Campaign]:
    """Campaigns of all ages: most rows are over, some wait for later, a few are due."""
    campaigns = [world.campaign(session__lane_count=2) for _ in range(CAMPAIGNS)]
    for campaign in campaigns:
        due, later = world.now - dt.timedelta(minutes=5), world.now + dt.timedelta(days=1)
        rows: list[Envio] = []
        for n in range(AGES):
            state, at = EnvioState.SENT, due
            if n % 10 == 0:
                state, at = EnvioState.PENDING, due if n % 100 == 0 else later
            elif n % 500 == 1:
                state = EnvioState.UNCERTAIN
            sent = state == EnvioState.SENT
            rows.append(
                Envio(
                    campaign=campaign,
                    session=campaign.session,
                    phone=f"+54911{campaign.pk:04d}{n:06d}",
                    text="Hola",
                    state=state,
                    next_due=at,
                    message_id=f"true_{campaign.pk}_{n}" if sent else None,
                    sent_at=due if sent else None,
                    ack=Ack.READ if sent else Ack.NONE,
                    lookup_due=later if state == EnvioState.UNCERTAIN else None,
                )
            )
        Envio.objects.bulk_create(rows)
    multiply(
        Envio,
        COPIES,
        phone="CONCAT(phone, '-', seq)",
        message_id="CONCAT(message_id, '-', seq)",
        client_message_id=new_uuid(),
    )
    ready(world)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE campaigns_envio, campaigns_lane")
    return campaigns


def ready(world: World) -> Plan:
    """A plan with the rows that its claims need, as a tick has it."""
    plan = make_plan(world.now)
    ensure_days(plan)
    claiming.ensure_lanes(plan, now=world.now)
    return plan


def plan_of(rows: QuerySet[Any, Any]) -> Step:
    """The first step towards these rows."""
    return steps_of(rows)[0]


def touched(captured: CaptureQueriesContext, *, table: str, word: str) -> list[Step]:
    """The first steps of the captured statements that begin so and name this table."""
    return [
        steps(query["sql"])[0]
        for query in captured.captured_queries
        if query["sql"].startswith(word) and f"`{table}`" in query["sql"].split("WHERE")[0]
    ]


class _Reads:
    """How many rows the server really looked at."""

    def __enter__(self) -> Self:
        self._before = self._count()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.rows = self._count() - self._before

    @staticmethod
    def _count() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
            return sum(int(value) for _name, value in cursor.fetchall())


@pytest.fixture
def reads() -> _Reads:
    return _Reads()


@pytest.mark.mariadb
def test_the_claim_reads_few_rows_through_its_index(world: World, reads: _Reads) -> None:
    many(world)
    plan = ready(world)
    lanes = list(Lane.objects.order_by("id").values_list("id", flat=True))

    with CaptureQueriesContext(connection) as captured, reads:
        found = claiming.claim(lanes, plan.slots, now=world.now)

    assert len(found.claims) == CAMPAIGNS * 2
    [first, *_rest] = selects = touched(captured, table="campaigns_envio", word="SELECT")
    assert len(selects) == CAMPAIGNS * 2
    assert first.key == "envio_claim"
    assert all(not line.sorts for line in selects)
    assert {line.key for line in touched(captured, table="campaigns_lane", word="SELECT")} <= {"PRIMARY", "lane_due"}
    assert {line.key for line in touched(captured, table="campaigns_envio", word="UPDATE")} == {"PRIMARY"}
    # Eight claims over 20 000 rows.
    assert reads.rows < 300


@pytest.mark.mariadb
def test_while_first_contacts_are_refused_the_claim_goes_through_an_index_too(world: World, reads: _Reads) -> None:
    [campaign, *_others] = many(world)
    campaign.session.cold_until = world.now + dt.timedelta(hours=1)
    campaign.session.save(update_fields=["cold_until"])
    EnvioFactory(campaign=campaign, warm=True, next_due=world.now)
    plan = ready(world)
    lane = Lane.objects.filter(session=campaign.session).first()
    assert lane is not None

    with CaptureQueriesContext(connection) as captured, reads:
        found = claiming.claim([lane.pk], plan.slots, now=world.now)

    assert len(found.claims) == 1
    [line] = touched(captured, table="campaigns_envio", word="SELECT")
    assert line.key == "envio_claim_warm"
    assert not line.sorts
    assert reads.rows < 60


@pytest.mark.mariadb
def test_two_claimers_meet_no_lock_of_each_other(world: World) -> None:
    """A wrong index makes SKIP LOCKED skip everything: the second claimer would go away empty."""
    many(world)
    plan = ready(world)
    lanes = list(Lane.objects.order_by("id").values_list("id", flat=True))
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("START TRANSACTION")
            for campaign_id in {slot.campaign.pk for group in plan.slots.values() for slot in group}:
                cursor.execute(
                    "SELECT id FROM campaigns_envio WHERE campaign_id = %s AND state = 'pendiente' AND next_due <= %s "
                    "ORDER BY next_due, id LIMIT 1 FOR UPDATE SKIP LOCKED",
                    [campaign_id, world.now.replace(tzinfo=None)],
                )
                assert cursor.fetchall()

            found = claiming.claim(lanes, plan.slots, now=world.now)

            cursor.execute("ROLLBACK")
    finally:
        other.close()

    assert len(found.claims) == CAMPAIGNS * 2


@pytest.mark.mariadb
def test_the_lanes_of_many_sessions_are_read_through_their_index(world: World) -> None:
    session = world.campaign().session
    rng = random.Random(1)
    lanes = LaneFactory.build_batch(1000, session=session)
    for slot, lane in enumerate(lanes):
        lane.slot, lane.next_due = slot, world.now + dt.timedelta(minutes=rng.randint(0, 600))
    Lane.objects.bulk_create(lanes)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE campaigns_lane")

    stale = plan_of(Lane.objects.stale(world.now).order_by("id").values_list("id", flat=True)[:200])
    due = plan_of(
        Lane.objects.filter(busy=False, next_due__lte=world.now, session_id__in=[session.pk])
        .order_by("next_due", "id")
        .values_list("id")
    )

    assert stale.key == "lane_due"
    assert due.key == "lane_due"
    assert not due.sorts


@pytest.mark.mariadb
def test_progress_and_look_ups_are_answered_from_their_indexes(world: World) -> None:
    campaigns = many(world)

    with CaptureQueriesContext(connection) as captured:
        progress_of([campaigns[0].pk])
    [progress] = touched(captured, table="campaigns_envio", word="SELECT")
    lookups = plan_of(
        Envio.objects.uncertain().filter(lookup_due__lte=world.now).order_by("lookup_due", "id").values("id")[:200]
    )
    pending = Envio.objects.filter(campaign=OuterRef("pk"), state=EnvioState.PENDING)
    stragglers = steps_of(Campaign.objects.filter(Exists(pending)).values("id"))

    assert progress.key == "envio_progress"
    assert progress.reads_the_index_alone
    assert lookups.key == "envio_lookup"
    assert not lookups.sorts
    assert not any(step.reads_a_whole_table for step in stragglers if step.rows > 1_000)


def test_a_claim_asks_so_many_questions(world: World, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(3):
        world.campaign(envios=2)
    plan = ready(world)
    first, *others = Lane.objects.order_by("id").values_list("id", flat=True)
    with django_assert_num_queries(CLAIM_OF_ONE):
        claiming.claim([first], plan.slots, now=world.now)
    with django_assert_num_queries(CLAIM_OF_ONE + CLAIM_OF_EACH_FURTHER):
        found = claiming.claim(others, plan.slots, now=world.now)

    assert len(found.claims) == 2


def test_a_settlement_asks_so_many_questions(world: World, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    world.campaign(envios=1)
    plan = ready(world)
    [claim] = claiming.claim(list(Lane.objects.values_list("id", flat=True)), plan.slots, now=world.now).claims
    answer = settling.Answer(
        result=SendResult(message_id="true_1", http_status=200, host="x"), dispatched_at=world.now, duration_ms=1
    )
    with django_assert_num_queries(SETTLE):
        settling.settle(claim, answer, now=world.now, rng=random.Random(1))

    assert Envio.objects.get().state == EnvioState.SENT
    assert not EarlyReceipt.objects.exists()
    assert not Suppression.objects.exists()
