"""Promoters and quotas on the desk: what was used, the ledger, corrections with a reason, limits of one's own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from leadmaster.accounts.roles import Role
from opportunities.assignment import capture
from opportunities.capacity.usage import usage_of
from opportunities.enums import QuotaKind
from opportunities.errors import NoQuota
from opportunities.models import DailyQuota, Desk, Opportunity, Promoter, QuotaEntry
from opportunities.timers import extension
from tests.company import signed_in, told
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import CalendarFactory, DeskFactory, PromoterFactory
from tests.opportunities.admin.rules import OUTSIDE, administrator, ask, carried
from tests.opportunities.web.conftest import World, row, world

__all__ = ["row", "world"]

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/opportunities/promoter/"
QUOTAS = "/admin/opportunities/dailyquota/"
LEDGER = "/admin/opportunities/quotaentry/"


def page_of(promoter: Promoter) -> str:
    return reverse("admin:opportunities_promoter_change", args=[promoter.pk])


def correct(promoter: Promoter) -> str:
    return reverse("admin:opportunities_promoter_quota", args=[promoter.pk])


def test_whoever_was_switched_off_is_not_said_to_receive(world: World) -> None:
    client = signed_in(world.supervisor)
    assert "lm-good" in client.get(page_of(world.promoter)).content.decode()
    world.promoter.user.is_active = False
    world.promoter.user.save()

    page, listed = (client.get(path).content.decode() for path in (page_of(world.promoter), LIST))

    assert "Desactivado" in page
    assert ">Recibe<" not in page
    # The colleague of the same list still does.
    assert (listed.count("Desactivado"), listed.count(">Recibe<")) == (1, 1)


# --- What was used --------------------------------------------------------------------------------------------------------


def test_usage_counts_the_day_of_each_desk_and_the_week_of_extensions(world: World) -> None:
    first, _second = world.give(2)
    extension.extend(first.pk, by=world.promoter.user, version=first.version, now=timezone.now())
    person = capture.NewClient(name="Ana", phones=["+5493515550001"])
    capture.capture(world.promoter, person, key="una", now=timezone.now())

    promoters = list(Promoter.objects.select_related("user", "desk__calendar").order_by("pk"))
    with CaptureQueriesContext(connection) as asked:
        by_id = {usage.promoter.pk: usage for usage in usage_of(promoters, now=timezone.now())}

    assert len(asked) == 5
    own, other = by_id[world.promoter.pk], by_id[world.stranger.pk]
    assert (own.used, own.left, own.active, own.captured, own.extended) == (2, 18, 3, 1, 1)
    assert (other.used, other.left, other.active, other.captured, other.extended) == (0, 20, 0, 0, 0)
    # Tomorrow begins anew, but for the week of extensions.
    [tomorrow] = usage_of([promoters[0]], now=timezone.now() + dt.timedelta(days=1))
    assert (tomorrow.used, tomorrow.captured, tomorrow.extended) == (0, 0, 1)


def test_the_day_begins_at_each_desks_own_midnight(world: World) -> None:
    noon = dt.datetime(2026, 3, 4, 12, 0, tzinfo=dt.UTC)
    # Their fifth of March began at ten in UTC.
    far = PromoterFactory.create(
        desk=DeskFactory.create(calendar=CalendarFactory.create(time_zone="Pacific/Kiritimati"))
    )
    for number, promoter in enumerate((world.promoter, far)):
        person = capture.NewClient(name="Ana", phones=[f"+549351555000{number}"])
        capture.capture(promoter, person, key="una", now=noon.replace(hour=5))
    near, away = usage_of([world.promoter, far], now=noon)
    assert (near.day, near.captured) == (dt.date(2026, 3, 4), 1)
    assert (away.day, away.captured) == (dt.date(2026, 3, 5), 0)


def test_the_list_shows_bars_of_the_supervisors_teams_alone(world: World) -> None:
    world.give(3)
    page = signed_in(world.supervisor).get(LIST).content.decode()
    assert "3 / 20" in page
    assert "3 / 200" in page
    assert str(world.colleague) in page
    assert str(world.stranger) not in page


# With the session, the person and what the menu counts.
@pytest.mark.parametrize(("url", "queries"), [(LIST, 19), (QUOTAS, 21), (LEDGER, 15)])
def test_a_list_asks_no_more_for_five_promoters_than_for_two(world: World, url: str, queries: int) -> None:
    world.give(1)
    browser = signed_in(world.supervisor)
    browser.get(url)
    with CaptureQueriesContext(connection) as for_two:
        browser.get(url)
    for promoter in PromoterFactory.create_batch(3, desk=world.promoter.desk):
        day = DailyQuota.objects.create(promoter=promoter, day=dt.date(2026, 1, 1), limit=3)
        QuotaEntry.objects.create(quota=day, kind=QuotaKind.GRANT, amount=1, at=timezone.now())
    with CaptureQueriesContext(connection) as for_five:
        browser.get(url)
    assert len(for_five) == len(for_two) <= queries


def test_the_quotas_of_today_are_on_top_and_days_lead_to_their_ledger(world: World) -> None:
    world.give(2)
    browser = signed_in(world.supervisor)
    page = browser.get(QUOTAS).content.decode()
    assert "Cupo de hoy" in page
    assert "2 / 20" in page
    assert str(world.stranger) not in page
    # Whoever filters looks for something else.
    assert "today-title" not in browser.get(f"{QUOTAS}?promoter={world.promoter.pk}").content.decode()

    day = DailyQuota.objects.get(promoter=world.promoter)
    ledger = browser.get(reverse("admin:opportunities_dailyquota_change", args=[day.pk])).content.decode()
    assert "+2" in ledger
    assert "Asignación" in ledger


def test_the_ledger_is_read_and_never_written(world: World) -> None:
    world.give(1)
    line = QuotaEntry.objects.get()
    for user in (world.supervisor, administrator()):
        browser = signed_in(user)
        page = browser.get(LEDGER).content.decode()
        assert "+1" in page
        for name in ("add", "change", "delete"):
            args = [] if name == "add" else [line.pk]
            answer = browser.post(reverse(f"admin:opportunities_quotaentry_{name}", args=args), {"post": "yes"})
            assert answer.status_code == 403
        day = reverse("admin:opportunities_dailyquota_change", args=[line.quota_id])
        assert browser.post(day, {"limit": 99, "used": 0}).status_code == 403
    assert (line.quota.limit, line.quota.used) == (20, 1)


# --- Corrections ----------------------------------------------------------------------------------------------------------


def test_a_correction_is_a_line_with_its_reason(world: World) -> None:
    world.give(3)
    browser = signed_in(world.supervisor)
    shown = browser.get(correct(world.promoter)).content.decode()
    assert "Usado" in shown
    assert DailyQuota.objects.get().limit == 20

    done = browser.post(correct(world.promoter), {"limit": 35, "reason": "Feria del sábado"})

    assert any("35" in sentence and "32" in sentence for sentence in told(done))
    line = QuotaEntry.objects.get(kind=QuotaKind.LIMIT)
    assert (line.amount, line.by, line.reason) == (15, world.supervisor, "Feria del sábado")
    assert DailyQuota.objects.get().limit == 35


def test_a_correction_below_what_was_used_stops_there(world: World) -> None:
    world.give(3)
    signed_in(world.supervisor).post(correct(world.promoter), {"limit": 0, "reason": "Se va temprano"})
    row = DailyQuota.objects.get()
    assert (row.limit, row.used) == (3, 3)


def test_before_the_first_request_the_day_can_be_corrected_too(world: World) -> None:
    signed_in(world.supervisor).post(correct(world.colleague), {"limit": 1, "reason": "Primer día"})
    assert DailyQuota.objects.get(promoter=world.colleague).limit == 1


@pytest.mark.parametrize("data", [{"limit": 35, "reason": " "}, {"limit": -1, "reason": "Sí"}, {"reason": "Sí"}])
def test_a_correction_without_reason_or_number_is_asked_again(world: World, data: dict[str, Any]) -> None:
    world.give(1)
    assert signed_in(world.supervisor).post(correct(world.promoter), data).status_code == 200
    assert DailyQuota.objects.get().limit == 20
    assert not QuotaEntry.objects.filter(kind=QuotaKind.LIMIT).exists()


# --- Limits of one's own --------------------------------------------------------------------------------------------------


def test_a_supervisor_gives_a_promoter_limits_of_their_own(world: World) -> None:
    browser = signed_in(world.supervisor)
    data = {"daily_quota": 5, "daily_captures": 1, "capacity": 7, "available": "on"}
    assert browser.post(page_of(world.promoter), data).status_code == 302
    promoter = Promoter.objects.select_related("desk__calendar", "user").get(pk=world.promoter.pk)
    assert (promoter.quota_of_a_day, promoter.captures_of_a_day, promoter.most_active) == (5, 1, 7)

    capture.capture(promoter, capture.NewClient(name="Ana", phones=["+5493515550001"]), key="1", now=timezone.now())
    with pytest.raises(NoQuota):
        capture.capture(promoter, capture.NewClient(name="Eva", phones=["+5493515550002"]), key="2", now=timezone.now())

    browser.post(page_of(world.promoter), {"daily_quota": "", "daily_captures": "", "capacity": ""})
    promoter.refresh_from_db()
    assert (promoter.quota_of_a_day, promoter.captures_of_a_day, promoter.available) == (20, 20, False)


def test_the_page_tells_who_asked_for_more_time(world: World, row: Opportunity) -> None:
    extension.extend(row.pk, by=world.promoter.user, version=row.version, now=timezone.now())
    page = signed_in(world.supervisor).get(page_of(world.promoter)).content.decode()
    assert "1 / 3" in page
    assert row.client.full_name in page


def test_only_administrators_bring_somebody_to_a_desk(world: World) -> None:
    newcomer = UserFactory.create(role=Role.PROMOTER)
    data = {"user": newcomer.pk, "desk": world.promoter.desk_id, "available": "on"}
    assert signed_in(world.supervisor).post(f"{LIST}add/", data).status_code == 403
    assert signed_in(administrator()).post(f"{LIST}add/", data).status_code == 302
    assert newcomer.promoter.desk == world.promoter.desk


# --- The desk -------------------------------------------------------------------------------------------------------------


def desk_form(desk: Desk, **fields: Any) -> dict[str, Any]:
    return {
        "calendar": desk.calendar_id,
        "daily_quota": 10,
        "daily_captures": 10,
        "capacity": 100,
        "weekly_extensions": 1,
        **fields,
    }


def test_a_desk_that_comes_to_work_by_other_hours_moves_its_timers(world: World, row: Opportunity) -> None:
    desk = world.promoter.desk
    closed_today = [
        (day, dt.time(0), dt.time(0)) for day in range(7) if day not in (timezone.now().weekday(), _tomorrow())
    ]
    other = CalendarFactory.create(windows=closed_today, team=desk.team)
    browser = signed_in(world.supervisor)
    url = reverse("admin:opportunities_desk_change", args=[desk.pk])

    shown = browser.post(url, desk_form(desk, calendar=other.pk))
    assert shown.status_code == 200
    assert str(row.client) in shown.content.decode()
    desk.refresh_from_db()
    assert desk.calendar != other

    done = browser.post(url, carried(shown.content.decode()))
    assert any("Se movió 1 plazo" in sentence for sentence in told(done))
    desk.refresh_from_db()
    assert (desk.calendar, desk.daily_quota, desk.weekly_extensions) == (other, 10, 1)
    before = row.deadline
    row.refresh_from_db()
    assert before is not None
    assert row.deadline is not None
    assert row.deadline > before + dt.timedelta(hours=10)


def test_a_desk_takes_no_calendar_that_its_supervisor_can_not_see(world: World) -> None:
    desk = world.promoter.desk
    url = reverse("admin:opportunities_desk_change", args=[desk.pk])
    answer = signed_in(world.supervisor).post(url, desk_form(desk, calendar=world.stranger.desk.calendar_id))
    assert answer.status_code == 200
    desk.refresh_from_db()
    assert desk.calendar_id != world.stranger.desk.calendar_id


# --- Who ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "status"), [("supervisor", 200), ("administrator", 200), ("foreign_supervisor", 404)])
def test_a_promoter_is_their_supervisors(world: World, row: Opportunity, who: str, status: int) -> None:
    day = DailyQuota.objects.get(promoter=world.promoter)
    for url in (
        page_of(world.promoter),
        correct(world.promoter),
        reverse("admin:opportunities_desk_change", args=[world.promoter.desk_id]),
        reverse("admin:opportunities_dailyquota_change", args=[day.pk]),
    ):
        assert ask(world, who, url) == status
    if status == 404:
        assert ask(world, who, correct(world.promoter), "post", {"limit": 99, "reason": "Sí"}) == 404
        assert ask(world, who, page_of(world.promoter), "post", {"daily_quota": 99}) == 404
        desk = reverse("admin:opportunities_desk_change", args=[world.promoter.desk_id])
        assert ask(world, who, desk, "post", desk_form(world.promoter.desk)) == 404
        day.refresh_from_db()
        assert day.limit == 20


@pytest.mark.parametrize("who", OUTSIDE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_promoters_and_outsiders_come_to_no_quota(world: World, who: str, method: str) -> None:
    world.give(1)
    for url in (
        LIST,
        QUOTAS,
        LEDGER,
        page_of(world.promoter),
        correct(world.promoter),
        reverse("admin:opportunities_desk_changelist"),
        reverse("admin:opportunities_desk_change", args=[world.promoter.desk_id]),
    ):
        assert ask(world, who, url, method, {"limit": 99, "reason": "Para mí"}) == 403
    assert DailyQuota.objects.get().limit == 20


def _tomorrow() -> int:
    return (timezone.now().weekday() + 1) % 7
