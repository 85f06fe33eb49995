"""Where a line's ramp begins, and who gives it the whole limit at once."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import Settings

from tests import company as companies
from tests.company import Company, let_into_the_admin, signed_in
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp import session_editing, warm_up
from whatsapp.models import MOST_A_DAY, SessionEvent, WhatsAppSession

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 2, 13, tzinfo=dt.UTC)


@pytest.fixture
def company() -> Company:
    return companies.build()


@pytest.fixture
def warming(company: Company) -> WhatsAppSession:
    line: WhatsAppSession = WhatsAppSessionFactory.create(
        team=company.team, owner=company.owner, warm_up_step=0, daily_limit=500
    )
    return line


def at(line: WhatsAppSession) -> str:
    return f"/admin/whatsapp/whatsappsession/{line.pk}"


def created(company: Company, **values: object) -> WhatsAppSession:
    fields = {"name": "Nueva", "tenant_id": "nueva", "team": company.team, "daily_limit": 180, **values}
    return session_editing.create(fields, by=company.supervisor, now=NOW)


@pytest.mark.parametrize(
    ("values", "limit"),
    [
        ({}, 20),
        ({"in_use_since": dt.date(2026, 3, 2)}, 20),
        ({"in_use_since": dt.date(2026, 2, 28)}, 45),
        ({"in_use_since": dt.date(2026, 2, 1)}, 180),
        ({"in_use_since": dt.date(1999, 1, 1)}, 180),
        ({"warm_up_start": 50}, 50),
        ({"warm_up_start": 0}, 180),
        ({"warm_up_start": 200}, 180),
        ({"daily_limit": 15}, 15),
    ],
)
def test_a_new_number_begins_small_and_an_old_one_where_it_would_be(
    company: Company, values: dict[str, object], limit: int
) -> None:
    line = created(company, **values)
    assert warm_up.limit(line) == limit
    assert (line.warm_up_step is None) == (limit == line.daily_limit)


def test_a_number_is_in_use_since_no_day_to_come(company: Company) -> None:
    with pytest.raises(ValidationError, match="que ya pasó"):
        created(company, in_use_since=dt.date(2026, 3, 4))
    assert not WhatsAppSession.objects.filter(tenant_id="nueva").exists()


def test_the_installation_may_have_no_warm_up(company: Company, settings: Settings) -> None:
    settings.WARM_UP_START = 0
    assert warm_up.limit(created(company)) == 180


def test_every_ramp_reaches_the_highest_limit_there_is(settings: Settings) -> None:
    settings.WARM_UP_START, settings.WARM_UP_GROWTH = 1, 1
    line = WhatsAppSessionFactory.build(daily_limit=MOST_A_DAY, warm_up_step=20_000)
    assert warm_up.limit(line) == MOST_A_DAY


def test_since_when_a_number_is_in_use_is_said_once(company: Company) -> None:
    line = created(company)
    with pytest.raises(ValidationError, match="límite completo"):
        session_editing.change(line.pk, {"in_use_since": dt.date(2020, 1, 1)}, by=company.supervisor, now=NOW)


def test_over_the_api_a_new_line_warms_up_and_says_so(company: Company) -> None:
    body = {"name": "Nueva", "tenant_id": "nueva", "team": company.team.pk, "warm_up_start": 40}
    answer = signed_in(company.supervisor).post("/api/v1/sessions/", body, content_type="application/json")
    assert answer.status_code == 201, answer.content
    assert (answer.json()["limit_today"], answer.json()["daily_limit"]) == (40, 180)


def test_its_page_tells_the_steps_and_a_supervisor_gives_it_the_whole_limit(
    company: Company, warming: WhatsAppSession
) -> None:
    let_into_the_admin(company.supervisor)
    boss = signed_in(company.supervisor)
    page = boss.get(f"{at(warming)}/change/").content.decode()
    assert "20, 30, 45, 68… mensajes por día" in page
    assert f"{at(warming)}/lift-warm-up/" in page

    boss.post(f"{at(warming)}/lift-warm-up/", {"reason": ""})
    assert warm_up.limit(WhatsAppSession.objects.get(pk=warming.pk)) == 20
    boss.post(f"{at(warming)}/lift-warm-up/", {"reason": "Tiene años de uso"})

    assert warm_up.limit(WhatsAppSession.objects.get(pk=warming.pk)) == 500
    event = SessionEvent.objects.get()
    assert (event.kind, event.by, event.reason) == (
        SessionEvent.Kind.WARM_UP_LIFTED,
        company.supervisor,
        "Tiene años de uso",
    )
    again = boss.post(f"{at(warming)}/lift-warm-up/", {"reason": "Otra vez"}, follow=True)
    assert "no hay nada que levantar" in again.content.decode()


@pytest.mark.parametrize("who", ["owner", "colleague", "stranger"])
def test_nobody_else_gives_it(company: Company, warming: WhatsAppSession, who: str) -> None:
    person = getattr(company, who)
    let_into_the_admin(person)
    signed_in(person).post(f"{at(warming)}/lift-warm-up/", {"reason": "Porque sí"})
    api = f"/api/v1/sessions/{warming.pk}/lift-warm-up/"
    answer = signed_in(person).post(api, {"reason": "Porque sí"}, content_type="application/json")
    assert answer.status_code in {403, 404}
    assert warm_up.limit(WhatsAppSession.objects.get(pk=warming.pk)) == 20


def test_two_looks_at_one_day_move_it_once(warming: WhatsAppSession) -> None:
    stale = WhatsAppSession.objects.get(pk=warming.pk)
    today = timezone.now().date()
    assert warm_up.move(warming, by_steps=1, day=today, reason="", now=NOW)
    assert not warm_up.move(stale, by_steps=1, day=today, reason="", now=NOW)
    assert warm_up.limit(WhatsAppSession.objects.get(pk=warming.pk)) == 30
