"""A line's zone changes: no second limit for one day, and nothing goes out at hours that nobody approved."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from django.urls import reverse

from campaigns import lifecycle, versions
from campaigns.engine.plan import make_plan, standing_of
from campaigns.enums import CampaignState, EnvioState, ScheduleState, WhyNot
from campaigns.errors import Incomplete, Stale
from campaigns.forecast import forecast
from campaigns.models import Campaign, Schedule, SessionDay
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.lib.clock import business_day
from tests import company as companies
from tests.campaigns.api import world as worlds
from tests.company import Company, signed_in, told
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory, ScheduleFactory, running_campaign
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.faults.harness import World
from tests.whatsapp.test_admin_session import form
from whatsapp import session_editing
from whatsapp.models import WhatsAppSession

CORDOBA, AUCKLAND, MONTERREY = "America/Argentina/Cordoba", "Pacific/Auckland", "America/Monterrey"
# Saturday: 17:00 in Córdoba, 14:00 in Monterrey, Sunday 09:00 in Auckland.
NOW = dt.datetime(2026, 2, 7, 20, tzinfo=dt.UTC)
MINUTE, HOUR = dt.timedelta(minutes=1), dt.timedelta(hours=1)
SATURDAY, SUNDAY, MONDAY = dt.date(2026, 2, 7), dt.date(2026, 2, 8), dt.date(2026, 2, 9)


@pytest.fixture
def boss() -> User:
    user: User = UserFactory(role=Role.ADMINISTRATOR)
    return user


@pytest.fixture
def company(db: None) -> Company:
    return companies.build()


def a_line(zone: str) -> WhatsAppSession:
    line: WhatsAppSession = WhatsAppSessionFactory(time_zone=zone)
    return line


def move(line: WhatsAppSession, zone: str, boss: User, *, now: dt.datetime = NOW) -> WhatsAppSession:
    return session_editing.change(line.pk, {"time_zone": zone}, by=boss, now=now)


def approve_again(world: World, boss: User) -> None:
    for schedule in Schedule.objects.awaiting_approval():
        lifecycle.decide_schedule(schedule, approve=True, by=boss, now=world.now)


# --- The limit --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_day_goes_on_until_both_zones_have_passed_midnight(boss: User) -> None:
    line = a_line(CORDOBA)

    line = move(line, AUCKLAND, boss)

    # Córdoba's midnight is at 03:00, Auckland's at 11:00.
    ends = dt.datetime(2026, 2, 8, 11, tzinfo=dt.UTC)
    assert line.next_day_at(NOW) == ends
    assert {line.day_at(NOW + hours * HOUR) for hours in range(15)} == {SATURDAY}
    assert line.day_at(ends) == MONDAY
    assert line.next_day_at(ends) == ends + 24 * HOUR


@pytest.mark.django_db
def test_a_day_that_was_used_is_not_begun_again_when_the_zone_goes_west(boss: User) -> None:
    line = a_line(AUCKLAND)
    assert line.day_at(NOW) == SUNDAY

    line = move(line, CORDOBA, boss)

    assert {line.day_at(NOW + hours * HOUR) for hours in range(31)} == {SUNDAY}
    assert line.day_at(NOW + 31 * HOUR) == MONDAY
    assert line.next_day_at(NOW) == NOW + 31 * HOUR


@pytest.mark.django_db
def test_to_and_fro_begins_no_day(boss: User) -> None:
    line = a_line(CORDOBA)
    zones = [AUCKLAND, MONTERREY, "Pacific/Kiritimati", "Pacific/Pago_Pago", CORDOBA]
    for number, zone in enumerate(zones):
        line = move(line, zone, boss, now=NOW + number * MINUTE)
        assert line.day_at(NOW + number * MINUTE) == SATURDAY

    # Once all of them have passed midnight it is an ordinary line again.
    later = NOW + 36 * HOUR
    assert line.day_at(later) == business_day(later, zoneinfo.ZoneInfo(CORDOBA))


@pytest.mark.django_db
def test_another_field_holds_no_day(boss: User) -> None:
    line = a_line(CORDOBA)

    line = session_editing.change(line.pk, {"name": "Otra", "time_zone": CORDOBA}, by=boss, now=NOW)

    assert (line.held_day, line.held_until) == (None, None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("zone", [AUCKLAND, MONTERREY])
def test_a_limit_that_is_reached_stays_reached_in_the_other_zone(boss: User, zone: str) -> None:
    world = World(start=NOW)
    campaign = world.campaign(envios=8, session__daily_limit=3, session__time_zone=CORDOBA)
    world.run_minutes(1)
    assert len(world.provider.ledger) == 3

    line = move(campaign.session, zone, boss, now=world.now)
    approve_again(world, boss)
    world.run_minutes(2)

    assert len(world.provider.ledger) == 3
    standing = standing_of(campaign, world.now)
    assert (standing.reason, standing.until) == (WhyNot.SESSION_LIMIT, line.next_day_at(world.now))
    campaign.refresh_from_db()
    assert forecast(campaign, world.now).days[0].day > line.day_at(world.now)
    world.clock.time = line.next_day_at(world.now) + MINUTE
    world.run_minutes(1)
    assert len(world.provider.ledger) == 6
    assert sorted(SessionDay.objects.values_list("used", flat=True)) == [3, 3]
    assert world.findings() == []


@pytest.mark.django_db(transaction=True)
def test_what_is_left_of_a_limit_is_what_goes_out_after_the_change(boss: User) -> None:
    world = World(start=NOW)
    campaign = world.campaign(envios=8, session__daily_limit=3, daily_cap=2, session__time_zone=CORDOBA)
    world.run_minutes(1)
    assert len(world.provider.ledger) == 2

    move(campaign.session, AUCKLAND, boss, now=world.now)
    approve_again(world, boss)
    world.run_minutes(1)
    assert standing_of(campaign, world.now).reason == WhyNot.DAILY_CAP
    Schedule.objects.update(daily_cap=10)
    world.run_minutes(2)

    assert len(world.provider.ledger) == 3


# --- The hours --------------------------------------------------------------------------------------------------------


def office(line: WhatsAppSession, **fields: object) -> Campaign:
    """A running campaign that was approved for 9 to 18 of its line."""
    campaign: Campaign = CampaignFactory(session=line, team=line.team, state=CampaignState.RUNNING, **fields)
    ScheduleFactory(campaign=campaign, state=ScheduleState.APPROVED, windows=[(dt.time(9), dt.time(18))])
    EnvioFactory(campaign=campaign)
    return campaign


@pytest.mark.django_db
def test_hours_that_moved_send_nothing_until_somebody_approves_them(boss: User) -> None:
    line = a_line(CORDOBA)
    campaign = office(line)
    assert make_plan(NOW).standings[campaign.pk].reason is None

    move(line, MONTERREY, boss)

    standing = make_plan(NOW).standings[campaign.pk]
    assert standing.reason == WhyNot.NO_SCHEDULE
    assert "zona horaria" in standing.detail
    campaign = Campaign.objects.get(pk=campaign.pk)
    assert forecast(campaign, NOW).days == ()
    assert "espera la aprobación" in forecast(campaign, NOW).sentence
    [schedule] = campaign.schedules.awaiting_approval()
    lifecycle.decide_schedule(schedule, approve=True, by=boss, now=NOW)
    assert make_plan(NOW).standings[campaign.pk].reason is None
    assert not campaign.schedules.awaiting_approval().exists()
    assert forecast(campaign, NOW).days != ()


@pytest.mark.django_db
def test_hours_that_come_back_need_nobody(boss: User) -> None:
    line = a_line(CORDOBA)
    campaign = office(line)
    move(line, MONTERREY, boss)

    move(line, CORDOBA, boss)

    assert make_plan(NOW).standings[campaign.pk].reason is None


@pytest.mark.django_db
def test_an_approved_campaign_is_not_launched_into_hours_that_moved(boss: User) -> None:
    line = a_line(CORDOBA)
    campaign = office(line)
    Campaign.objects.update(state=CampaignState.APPROVED)
    move(line, MONTERREY, boss)

    with pytest.raises(Incomplete):
        lifecycle.launch(campaign, by=boss, now=NOW)

    assert Campaign.objects.get().state == CampaignState.APPROVED


@pytest.mark.django_db
def test_whoever_looked_before_the_change_approves_nothing_after_it(boss: User) -> None:
    line = a_line(CORDOBA)
    campaign: Campaign = CampaignFactory(session=line, team=line.team, state=CampaignState.AWAITING_APPROVAL)
    schedule = ScheduleFactory(campaign=campaign)
    EnvioFactory(campaign=campaign)
    seen, seen_schedule = versions.of_campaign(campaign), versions.of_schedule(schedule)
    move(line, MONTERREY, boss)

    with pytest.raises(Stale):
        lifecycle.approve(campaign, by=boss, now=NOW, version=seen)
    with pytest.raises(Stale):
        lifecycle.decide_schedule(schedule, approve=True, by=boss, now=NOW, version=seen_schedule)

    campaign = Campaign.objects.get()
    lifecycle.approve(campaign, by=boss, now=NOW, version=versions.of_campaign(campaign))
    assert campaign.schedules.get().zone == MONTERREY


@pytest.mark.django_db
def test_what_was_approved_rejected_and_moved_is_approved_anew_with_its_campaign(boss: User) -> None:
    line = a_line(CORDOBA)
    campaign = office(line)
    Campaign.objects.update(state=CampaignState.AWAITING_APPROVAL)
    move(line, MONTERREY, boss)

    lifecycle.approve(campaign, by=boss, now=NOW)

    assert campaign.schedules.in_force().count() == 1


@pytest.mark.django_db
def test_a_schedule_of_another_line_stays_in_force(boss: User) -> None:
    moved, other = (WhatsAppSessionFactory(time_zone=CORDOBA) for _ in range(2))
    office(moved)
    stays = office(other)

    move(moved, MONTERREY, boss)

    assert list(Schedule.objects.in_force()) == list(stays.schedules.all())


# --- The doors --------------------------------------------------------------------------------------------------------


def test_the_sessions_page_says_what_the_change_does_and_the_campaigns_page_asks_for_it(company: Company) -> None:
    line = WhatsAppSessionFactory(team=company.team, owner=company.owner, time_zone=CORDOBA, base_url="")
    campaign = office(line, owner=company.owner, name="Reactivación")
    client = signed_in(company.supervisor)

    answer = client.post(
        reverse("admin:whatsapp_whatsappsession_change", args=[line.pk]), form(line, time_zone=MONTERREY)
    )

    line.refresh_from_db()
    assert (line.time_zone, line.held_day is not None) == (MONTERREY, True)
    assert any(MONTERREY in sentence and "aprobación nueva" in sentence for sentence in told(answer))
    page = client.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk])).content.decode()
    decide = reverse("admin:campaigns_campaign_schedule", args=[campaign.pk, campaign.schedules.get().pk, "approve"])
    assert decide in page
    assert f"Se aprobó con las horas de {CORDOBA}" in page
    asked = client.get(decide)
    assert MONTERREY in asked.content.decode()
    client.post(decide, {"version": asked.context["form"]["version"].value()})
    assert campaign.schedules.in_force().exists()


def test_the_api_by_the_same_rule(db: None) -> None:
    world = worlds.build()
    campaign = world.complete(CampaignState.RUNNING)
    schedule = campaign.schedules.get()
    before = schedule.zone
    boss = world.client("boss")

    answer = boss.patch(f"/api/v1/sessions/{world.session.pk}/", {"time_zone": AUCKLAND}, format="json")

    assert answer.status_code == 200
    world.session.refresh_from_db()
    assert world.session.held_until is not None
    told = boss.get(f"/api/v1/schedules/{schedule.pk}/").json()
    assert (told["state"], told["in_force"], told["zone"]) == ("aprobada", False, before)
    assert boss.get(f"/api/v1/campaigns/{campaign.pk}/why-not/").json()["reason"] == "sin_programacion"
    body = {"version": told["version"]}
    assert boss.post(f"/api/v1/schedules/{schedule.pk}/approve/", body, format="json").json()["in_force"] is True
    assert campaign.envios.get().state == EnvioState.PENDING


@pytest.mark.django_db
def test_no_row_is_approved_for_no_zone() -> None:
    campaign = running_campaign()

    with pytest.raises(Exception, match="schedule_approved_in_a_zone"):
        campaign.schedules.update(zone="")
