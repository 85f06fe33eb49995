"""Each figure against a recount by SQL: counted, read from sums, and after what was summed has changed."""

from __future__ import annotations

import datetime as dt
import decimal
import zoneinfo
from collections.abc import Hashable
from typing import Any

import pytest
from django.db import connection

from campaigns import receipts
from campaigns.enums import Ack, EnvioState
from campaigns.models import Envio, SendDay
from leadmaster.lib.periods import Period, of_days
from leadmaster.ops.models import LateChange, RolledDay
from opportunities.enums import ContactOutcome, Measure
from opportunities.funnel import contact
from opportunities.funnel.contact import Result
from opportunities.models import ContactAttempt, Opportunity, ResultDay
from opportunities.results.figures import By, Figures, Wanted, figures
from opportunities.results.sums import roll_up
from opportunities.supervision import sale_corrections
from tests.opportunities.results.world import AFTER, DAY, MONDAY, World, build, draw, work
from whatsapp.receipts import Receipt, ReceiptKind

pytestmark = pytest.mark.django_db(transaction=True)

UTC = zoneinfo.ZoneInfo("UTC")
WEEK = of_days(MONDAY.date(), MONDAY.date() + 5 * DAY, zone=UTC, most=92)


@pytest.fixture
def world() -> World:
    return build()


@pytest.fixture(autouse=True)
def in_utc(settings: object) -> None:
    settings.TIME_ZONE = "UTC"  # type: ignore[attr-defined]


def sql(query: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [tuple(row) for row in cursor.fetchall()]


def one(period: Period = WEEK, **wanted: object) -> Figures:
    return figures(period, Wanted(**wanted)).get(None, Figures())  # type: ignore[arg-type]


def told(found: dict[Hashable, Figures]) -> dict[Hashable, tuple[int, ...]]:
    return {
        group: (one.sales, one.taken, one.contacted, one.replies, one.answers, one.opt_outs, one.sent, one.read)
        for group, one in found.items()
    }


def test_each_figure_is_what_a_recount_by_sql_gives(world: World) -> None:
    work(world)
    found = one()

    [(sales, amount)] = sql("SELECT COUNT(*), SUM(amount) FROM opportunities_sale")
    assert (found.sales, sum(found.amounts.values())) == (sales, decimal.Decimal(str(amount)))
    [(drawn,)] = sql("SELECT COUNT(*) FROM opportunities_opportunityevent WHERE kind = 'asignada'")
    assert found.taken == drawn == 9
    stages = sql(
        "SELECT to_stage_id, COUNT(DISTINCT opportunity_id) FROM opportunities_opportunityevent"
        " WHERE to_stage_id IS NOT NULL GROUP BY to_stage_id"
    )
    assert dict(found.stages) == dict(stages)
    contacts = sql("SELECT channel, outcome, COUNT(*) FROM opportunities_contactattempt GROUP BY channel, outcome")
    assert dict(found.contacts) == {(channel, outcome): number for channel, outcome, number in contacts}
    [(replies,)] = sql("SELECT COUNT(*) FROM campaigns_reply")
    assert found.replies == replies == 4
    [(outs,)] = sql("SELECT COUNT(*) FROM directory_suppression WHERE source = 'respuesta'")
    assert found.opt_outs == outs == 1
    [(sent, delivered, read)] = sql(
        "SELECT COUNT(*), SUM(ack >= 2), SUM(ack >= 3) FROM campaigns_envio"
        " WHERE state = 'enviado' AND campaign_id IS NOT NULL"
    )
    assert (found.sent, found.delivered, found.read, found.errors) == (sent, delivered, read, 1)


def test_an_answer_is_timed_in_the_hours_of_the_desk_from_the_first_word_to_the_first_answer(world: World) -> None:
    work(world)
    found = one()
    # 17:10 to 09:10 of the next day; 10:00 to 10:07.
    assert dict(found.minutes) == {60: 1, 7: 1}
    assert (found.median, found.ninth_tenth) == (7, 60)
    by_person = figures(WEEK, Wanted(), By.PROMOTER)
    assert dict(by_person[world.ana.user_id].minutes) == {60: 1}
    assert dict(by_person[world.supervisor.pk].minutes) == {7: 1}


def test_sums_say_in_every_grouping_what_counting_says(world: World) -> None:
    work(world)
    every = [Wanted(), Wanted(teams=frozenset({world.ana.desk.team_id})), Wanted(promoter=world.ana.user_id)]
    every += [Wanted(campaign=world.campaign.pk), Wanted(asked="Jalisco"), Wanted(asked="Sonora")]
    asked = [(wanted, by) for wanted in every for by in (None, *By)]
    counted = [figures(WEEK, wanted, by) for wanted, by in asked]
    assert roll_up(AFTER + DAY) > 0
    assert RolledDay.objects.filter(zone="UTC", day__in=WEEK.days()).count() == 2 * len(WEEK.days())
    assert [figures(WEEK, wanted, by) for wanted, by in asked] == counted
    # How a lot was asked for says nothing of a campaign: there is nothing to group. Everywhere else there is.
    empty = [where for where, found in zip(asked, counted, strict=True) if not told(found)]
    assert empty == [(Wanted(campaign=world.campaign.pk), By.ASKED)]


def test_sums_are_read_and_not_counted(world: World) -> None:
    """Otherwise the other tests say nothing about them."""
    work(world)
    roll_up(AFTER + DAY)
    ResultDay.objects.filter(measure=Measure.SALE).delete()
    SendDay.objects.all().delete()
    assert (one().sales, one().sent, one().taken) == (0, 0, 9)


def test_summing_twice_and_late_changes_neither_double_nor_lose(world: World) -> None:
    work(world)
    before = one()
    roll_up(AFTER + DAY)
    assert roll_up(AFTER + DAY) == 0
    assert one() == before
    # A day that began after the sums were made is counted.
    draw(world.ana, 1, at=AFTER - 2 * DAY)
    LateChange.objects.create(at=AFTER - 2 * DAY)
    assert one().taken == before.taken + 1
    assert roll_up(AFTER + DAY) == 2
    assert one().taken == before.taken + 1
    assert not LateChange.objects.exists()


def test_whose_and_how_it_was_asked_for(world: World) -> None:
    work(world)
    asked = figures(WEEK, Wanted(), By.ASKED)
    assert {name: one.taken for name, one in asked.items()} == {"Jalisco": 7, "Sonora": 2}
    assert one(asked="Sonora").sales == 0
    assert one(asked="Jalisco").sales == 3
    teams = figures(WEEK, Wanted(), By.TEAM)
    assert {team: (one.sales, one.sent) for team, one in teams.items()} == {
        world.ana.desk.team_id: (2, 4),
        world.beto.desk.team_id: (1, 4),
    }
    assert one(teams=frozenset({world.beto.desk.team_id})).sales == 1
    assert one(campaign=world.campaign.pk).replies == 3
    assert one(campaign=world.campaign.pk).opt_outs + one(campaign=world.other.pk).opt_outs == 1


def test_a_sale_that_is_put_right_after_its_day_was_summed(world: World) -> None:
    first = work(world)
    roll_up(AFTER)
    row = Opportunity.objects.get(pk=first[1].pk)
    sale_corrections.correct(
        row.pk, {"amount": "250"}, by=world.supervisor, version=row.version, reason="Otro plan", now=AFTER
    )
    assert sum(one().amounts.values()) == decimal.Decimal("390.50")
    roll_up(AFTER)
    assert sum(one().amounts.values()) == decimal.Decimal("390.50")
    row.refresh_from_db()
    sale_corrections.annul(row.pk, by=world.supervisor, version=row.version, reason="Se arrepintió", now=AFTER)
    for _look in range(2):
        assert (one().sales, one().stages[world.funnel.sold.pk]) == (2, 2)
        assert sum(one().amounts.values()) == decimal.Decimal("140.50")
        roll_up(AFTER)
    week = of_days(MONDAY.date(), AFTER.date(), zone=UTC, most=92)
    assert (one(week).corrected, one(week).annulled) == (1, 1)


def test_what_is_acknowledged_refused_or_told_after_its_day_was_summed(world: World) -> None:
    work(world)
    roll_up(AFTER)
    envio = Envio.objects.get(campaign=world.campaign, ack=Ack.SERVER)
    read = Receipt(
        kind=ReceiptKind.READ,
        message_id=str(envio.message_id),
        client_message_id=None,
        at=AFTER,
        error_code="",
        error_text="",
    )
    receipts.apply(read, session=envio.session, now=AFTER)
    refused = Envio.objects.get(campaign=world.campaign, ack=Ack.NONE, state=EnvioState.SENT)
    failed = Receipt(
        kind=ReceiptKind.FAILED,
        message_id=str(refused.message_id),
        client_message_id=None,
        at=AFTER,
        error_code="131026",
        error_text="",
    )
    receipts.apply(failed, session=refused.session, now=AFTER)
    call = ContactAttempt.objects.get(outcome=ContactOutcome.NO_ANSWER)
    ContactAttempt.objects.filter(pk=call.pk).update(told_at=AFTER)
    Opportunity.objects.filter(pk=call.opportunity_id).update(owner=world.ana)
    contact.correct(call.pk, Result(outcome=ContactOutcome.ANSWERED, note=""), by=call.by, now=AFTER)
    for _look in range(2):
        assert (one().sent, one().read) == (7, 3)
        assert one().reached == 2
        roll_up(AFTER)


def test_other_hours_time_the_answers_anew(world: World) -> None:
    work(world)
    roll_up(AFTER + DAY)
    assert dict(one().minutes) == {60: 1, 7: 1}
    calendar = world.ana.desk.calendar
    calendar.windows.update(opens=dt.time(8))
    roll_up(AFTER + DAY)
    assert dict(one().minutes) == {120: 1, 7: 1}
