"""One person in several campaigns: they hear from one, and the others wait, whatever the line."""

from __future__ import annotations

import datetime as dt
import functools
import random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.engine import claim as claiming
from campaigns.engine import person_rest, statements
from campaigns.engine.plan import Plan, ensure_days, make_plan
from campaigns.engine.settle import Answer, settle
from campaigns.engine.why_not import why_not, why_not_this
from campaigns.enums import EnvioState, WhyNot
from campaigns.models import Campaign, Envio, Lane, PersonRest, ScheduleDay, SessionDay
from tests.factories.campaigns import campaign_of
from tests.faults.crowd import at_once
from tests.faults.harness import World
from tests.persons import fifty_thousand_persons
from tests.plans import steps
from whatsapp.gateways.base import GatewayError, Outcome, Scope

pytestmark = pytest.mark.django_db(transaction=True)

ANA = "+5493515550001"
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def world() -> World:
    return World()


def planned(world: World) -> Plan:
    plan = make_plan(world.now)
    ensure_days(plan)
    claiming.ensure_lanes(plan, now=world.now)
    return plan


def claim_all(world: World) -> list[str]:
    """The campaigns and persons that every free lane claims now."""
    plan = planned(world)
    lanes = list(Lane.objects.filter(busy=False).order_by("id").values_list("id", flat=True))
    found = claiming.claim(lanes, plan.slots, now=world.now)
    return sorted(f"{one.campaign} {one.phone}" for one in found.claims)


def both(world: World, **second: Any) -> tuple[Campaign, Campaign]:
    """Ana in two campaigns of two lines; the second one has somebody else behind her."""
    one, other = world.campaign(name="una"), world.campaign(name="otra", **second)
    world.fill(one, 1, phone=ANA)
    world.fill(other, 1, phone=ANA)
    return one, other


def test_whom_another_campaign_wrote_to_rests_and_the_next_person_goes_first(world: World) -> None:
    one, other = both(world)
    [next_one] = world.fill(other, 1)

    world.run_minutes(2)

    assert [row.phone for row in world.provider.ledger].count(ANA) == 1
    [waiting] = Envio.objects.pending()
    written = PersonRest.objects.get(phone=ANA)
    assert waiting.phone == ANA
    assert waiting.next_due == written.written_at + 24 * HOUR
    assert Envio.objects.get(phone=next_one.phone).state == EnvioState.SENT
    assert waiting.campaign_id in {one.pk, other.pk} - {written.campaign_id}


def test_after_the_rest_the_other_campaign_writes(world: World) -> None:
    both(world)
    world.run_minutes(2)
    world.clock.time += 24 * HOUR

    world.run_minutes(2)

    assert [row.phone for row in world.provider.ledger] == [ANA, ANA]


@pytest.mark.parametrize(("hours", "setting", "sent"), [(0, 24, 2), (None, 0, 2), (1, 0, 1), (None, 24, 1)])
def test_a_campaign_says_how_long_it_leaves_people_alone_and_the_setting_otherwise(
    world: World, settings: Any, hours: int | None, setting: int, sent: int
) -> None:
    settings.PERSON_REST_HOURS = setting
    one = world.campaign()
    world.fill(one, 1, phone=ANA)
    world.run_minutes(2)
    other = world.campaign(person_rest=hours)
    world.fill(other, 1, phone=ANA)

    world.run_minutes(2)

    assert len(world.provider.ledger) == sent


def test_a_campaign_does_not_rest_from_itself(world: World) -> None:
    campaign = world.campaign(name="una")
    [row] = world.fill(campaign, 1, phone=ANA)
    PersonRest.objects.create(phone=ANA, campaign=campaign, written_at=world.now)

    assert claim_all(world) == [f"una {row.phone}"]


def test_what_never_left_leaves_nobody_resting(world: World) -> None:
    one, _other = both(world)
    plan = planned(world)
    lane = Lane.objects.get(session=one.session)
    [claim] = claiming.claim([lane.pk], plan.slots, now=world.now).claims
    nobody = GatewayError("x", outcome=Outcome.NOT_SENT, scope=Scope.SESSION, code="REFUSED_CONNECTION")

    settle(claim, Answer(result=nobody, dispatched_at=None, duration_ms=1), now=world.now, rng=random.Random(1))

    assert not PersonRest.objects.exists()
    assert f"otra {ANA}" in claim_all(world)


def test_what_may_have_left_counts(world: World) -> None:
    one, _other = both(world)
    plan = planned(world)
    lane = Lane.objects.get(session=one.session)
    [claim] = claiming.claim([lane.pk], plan.slots, now=world.now).claims
    doubt = GatewayError("x", outcome=Outcome.UNKNOWN, scope=Scope.MESSAGE, code="TIMEOUT")

    settle(claim, Answer(result=doubt, dispatched_at=world.now, duration_ms=1), now=world.now, rng=random.Random(1))

    assert claim_all(world) == []


def test_why_not_now_says_it_of_the_message_and_of_the_campaign(world: World) -> None:
    one, other = both(world)
    world.run_minutes(2)
    [waiting] = Envio.objects.pending().select_related("campaign__session")

    told = why_not_this(waiting, world.now)

    assert (told.reason, told.until) == (WhyNot.RESTING, waiting.next_due)
    campaign = {one.pk: one, other.pk: other}[campaign_of(waiting).pk]
    assert why_not(campaign, world.now) == told


def test_very_many_who_rest_are_passed_over_in_a_few_questions(world: World) -> None:
    one, other = world.campaign(name="una"), world.campaign(name="otra")
    rows = world.fill(other, 150)
    PersonRest.objects.bulk_create(PersonRest(phone=row.phone, campaign=one, written_at=world.now) for row in rows)
    [free] = world.fill(other, 1)

    with CaptureQueriesContext(connection) as captured:
        found = claim_all(world)

    assert found == [f"otra {free.phone}"]
    assert len(captured) < 40


def test_a_row_that_changed_since_it_was_read_is_not_held(world: World) -> None:
    """The read looks; the UPDATE decides."""
    one, other = both(world)
    row = statements.first_due(campaign_id=other.pk, warm_only=False, now=world.now)
    assert row is not None
    long_ago = row._replace(written_by=one.pk, written_at=world.now - 48 * HOUR)
    PersonRest.objects.create(phone=ANA, campaign=one, written_at=world.now)

    assert not person_rest.hold(other, long_ago, world.now)
    assert PersonRest.objects.get().campaign_id == one.pk


@pytest.mark.mariadb
@pytest.mark.parametrize("known", [False, True], ids=["first word", "known person"])
def test_two_lines_at_once_write_to_one_person_once(world: World, known: bool) -> None:
    lines = 6
    for number in range(lines):
        campaign = world.campaign(name=f"campaña {number}")
        world.fill(campaign, 1, phone=ANA)
    plan = planned(world)
    lanes = list(Lane.objects.order_by("id").values_list("id", flat=True))
    for _round in range(5):
        PersonRest.objects.all().delete()
        Envio.objects.update(state=EnvioState.PENDING, lane=None, token=None, lease_until=None, attempts=0)
        Envio.objects.update(next_due=world.now - HOUR)
        Lane.objects.update(busy=False, token=None, lease_until=None)
        SessionDay.objects.update(used=0)
        ScheduleDay.objects.update(used=0)
        if known:
            first = Campaign.objects.earliest("pk")
            PersonRest.objects.create(phone=ANA, campaign=first, written_at=world.now - 48 * HOUR)

        rounds = at_once([functools.partial(claiming.claim, [lane], plan.slots, now=world.now) for lane in lanes])

        assert len([one for found in rounds for one in found.claims]) == 1
        assert Envio.objects.filter(state=EnvioState.SENDING).count() == 1
        assert sum(SessionDay.objects.values_list("used", flat=True)) == 1


@pytest.mark.mariadb
def test_the_person_is_read_and_held_by_the_unique_index(world: World) -> None:
    campaign = world.campaign()
    world.fill(campaign, 3)
    fifty_thousand_persons(campaign, world.now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE campaigns_personrest")
    plan = planned(world)
    [lane] = Lane.objects.values_list("id", flat=True)

    with CaptureQueriesContext(connection) as captured:
        first = claiming.claim([lane], plan.slots, now=world.now)
    person = first.claims[0].phone
    with CaptureQueriesContext(connection) as held:
        statements.next_word(person, campaign_id=campaign.pk, before=world.now, now=world.now)

    [read] = [
        query["sql"] for query in captured if "campaigns_personrest" in query["sql"] and "SELECT" in query["sql"][:8]
    ]
    lines = [*steps(read), *steps(held[0]["sql"])]
    seen = [line for line in lines if not line.key.startswith("envio") and line.key]
    assert seen
    assert all(line.key == "phone" and not line.reads_a_whole_table for line in seen), lines
