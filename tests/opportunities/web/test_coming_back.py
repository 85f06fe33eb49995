"""How a call went, and when to come back: on the pages that a promoter has in one hand."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from django.test import Client as Browser
from django.utils import timezone

from leadmaster.accounts.models import User
from opportunities.models import ContactAttempt, Opportunity, Reminder
from opportunities.timers import reminders
from opportunities.timers.reminders import Wish
from opportunities.web.forms import ReminderForm
from tests.company import told
from tests.opportunities.web.conftest import World

HOUR = dt.timedelta(hours=1)


def pressed(row: Opportunity, **more: str) -> dict[str, str]:
    phone = row.client.contacts.all()[0].normalised
    return {"channel": "llamada", "phone": phone, "key": "k1", **more}


def remind(row: Opportunity, by: User, due: dt.datetime, key: str = "k") -> Reminder:
    now = timezone.now()
    made = reminders.remind(row.pk, Wish(due_at=now + HOUR, key=key, note="Preguntar por el <plan>"), by=by, now=now)
    Reminder.objects.filter(pk=made.pk).update(due_at=due)
    return made


def test_a_press_is_kept_and_its_page_asks_how_it_went(browser: Browser, row: Opportunity) -> None:
    page = browser.get(f"/oportunidades/{row.pk}/").content.decode()
    assert f'data-begin="/oportunidades/{row.pk}/contacto/"' in page
    assert 'id="told"' not in page

    assert browser.post(f"/oportunidades/{row.pk}/contacto/", pressed(row)).status_code == 204
    assert browser.post(f"/oportunidades/{row.pk}/contacto/", pressed(row)).status_code == 204

    assert ContactAttempt.objects.count() == 1
    page = browser.get(f"/oportunidades/{row.pk}/").content.decode()
    assert 'id="told"' in page
    assert 'name="key" value="k1"' in page
    assert "Llamaste hace instantes: sin resultado" in browser.get("/oportunidades/").content.decode()
    assert "1 sin resultado" in browser.get("/").content.decode()


def test_result_note_and_reminder_go_in_one_press_and_back_to_where_it_was(browser: Browser, row: Opportunity) -> None:
    data = pressed(row, outcome="volver_a_llamar", note="Tiene visitas", preset="1h", next="/oportunidades/?etapa=1")

    answer = browser.post(f"/oportunidades/{row.pk}/resultado/", data)

    assert answer.headers["Location"] == "/oportunidades/?etapa=1"
    assert told(answer)[-1].startswith("Guardado: volver a llamar. Recordatorio: ")
    assert (ContactAttempt.objects.get().note, Reminder.objects.get().note) == ("Tiene visitas", "Tiene visitas")
    page = browser.get("/oportunidades/").content.decode()
    assert "Llamaste hace instantes: volver a llamar" in page
    assert "Tiene visitas" in page
    page = browser.get(f"/oportunidades/{row.pk}/").content.decode()
    assert 'id="told"' not in page
    assert "Corregir cómo te fue" in page


@pytest.mark.parametrize(
    "path", ["https://malo.example/", "//malo.example", "", "javascript:alert(1)", "/\\malo.example"]
)
def test_nobody_is_sent_elsewhere(browser: Browser, row: Opportunity, path: str) -> None:
    answer = browser.post(f"/oportunidades/{row.pk}/resultado/", pressed(row, outcome="ocupado", next=path))

    assert answer.headers["Location"] == f"/oportunidades/{row.pk}/"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"note": "Se cortó"}, "Elige cómo te fue."),
        ({"outcome": "sin_resultado", "note": "Se cortó"}, "Elige cómo te fue"),
        ({"outcome": "ocupado", "note": "Se cortó", "preset": "otro"}, "Elige cuándo."),
        ({"outcome": "ocupado", "note": "Se cortó", "preset": "otro", "until": "ayer"}, "el día y la hora"),
        ({"outcome": "ocupado", "note": "Se cortó", "preset": "otro", "until": "2020-01-01T10:00"}, "ya pasó"),
        ({"outcome": "ocupado", "note": "Se cortó", "preset": "otro", "until": "9999-12-31T23:59"}, ""),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_is_kept(
    browser: Browser, row: Opportunity, data: dict[str, str], problem: str
) -> None:
    answer = browser.post(f"/oportunidades/{row.pk}/resultado/", pressed(row, **data))

    page = answer.content.decode()
    assert problem in page
    assert "Se cortó</textarea>" in page
    assert not ContactAttempt.objects.exists()


def test_its_author_corrects_it_on_the_page(world: World, browser: Browser, row: Opportunity) -> None:
    browser.post(f"/oportunidades/{row.pk}/resultado/", pressed(row, outcome="no_atendio"))
    attempt = ContactAttempt.objects.get()
    url = f"/oportunidades/{row.pk}/resultado/{attempt.pk}/"

    browser.post(url, {"outcome": "atendio", "note": "Era él"})
    world.browser("supervisor").post(url, {"outcome": "ocupado"})

    attempt.refresh_from_db()
    assert (attempt.outcome, attempt.note) == ("atendio", "Era él")
    page = browser.get(f"/oportunidades/{row.pk}/").content.decode()
    assert "Llamada: Atendió (antes: No atendió)" in page


def test_a_reminder_is_set_on_the_page_and_read_on_the_day_and_the_row(browser: Browser, row: Opportunity) -> None:
    answer = browser.post(f"/oportunidades/{row.pk}/recordar/", {"preset": "9", "key": "k", "note": "Llamar <ya>"})

    assert told(answer)[-1].startswith("Recordatorio: mañana 09:00")
    made = Reminder.objects.get()
    Reminder.objects.filter(pk=made.pk).update(due_at=timezone.now() - HOUR)
    for path in ("/", "/oportunidades/", f"/oportunidades/{row.pk}/"):
        assert "Llamar &lt;ya&gt;" in browser.get(path).content.decode(), path


def test_from_the_day_it_is_done_put_off_or_cancelled(world: World, browser: Browser, row: Opportunity) -> None:
    made = remind(row, world.promoter.user, timezone.now() - HOUR)

    answer = browser.post(f"/recordatorios/{made.pk}/posponer/", {"version": 1, "preset": "1h", "next": "/"})
    assert answer.headers["Location"] == "/"
    made.refresh_from_db()
    assert made.postponed == 1
    assert made.due_at > timezone.now()
    # A page that was opened before tells so, and changes nothing.
    assert "cambió desde que lo miraste" in told(browser.post(f"/recordatorios/{made.pk}/hecho/", {"version": 1}))[-1]
    browser.post(f"/recordatorios/{made.pk}/hecho/", {"version": 2, "next": "/"})
    made.refresh_from_db()
    assert made.state == "hecho"
    other = remind(row, world.supervisor, timezone.now(), "otro")
    assert "Lo puso" in browser.get("/").content.decode()
    browser.post(f"/recordatorios/{other.pk}/cancelar/", {"version": 1})
    other.refresh_from_db()
    assert other.state == "cancelado"
    assert browser.get(f"/recordatorios/{other.pk}/hecho/").headers["Location"] == "/"


@pytest.mark.parametrize("who", ["colleague", "stranger", "foreign_supervisor"])
def test_nobody_elses_is_touched(world: World, row: Opportunity, who: str) -> None:
    made, browser = remind(row, world.promoter.user, timezone.now()), world.browser(who)

    for path in ("contacto", "resultado", "recordar"):
        data = pressed(row, outcome="ocupado", preset="1h")
        assert browser.post(f"/oportunidades/{row.pk}/{path}/", data).status_code == 404
    for verb in ("hecho", "posponer", "cancelar"):
        assert browser.post(f"/recordatorios/{made.pk}/{verb}/", {"version": 1, "preset": "1h"}).status_code == 404
        assert browser.post(f"/recordatorios/{'9' * 19}/{verb}/", {"version": 1}).status_code == 404
    made.refresh_from_db()
    assert (made.state, made.version, ContactAttempt.objects.count(), Reminder.objects.count()) == (
        "pendiente",
        1,
        0,
        1,
    )


def test_the_hour_is_typed_by_the_desks_clock(world: World, browser: Browser, row: Opportunity) -> None:
    calendar = world.promoter.desk.calendar
    calendar.time_zone = "America/Mexico_City"
    calendar.save()
    day = timezone.now().date() + dt.timedelta(days=3)

    browser.post(f"/oportunidades/{row.pk}/recordar/", {"preset": "otro", "until": f"{day}T17:30", "key": "k"})

    expected = dt.datetime.combine(day, dt.time(17, 30), tzinfo=zoneinfo.ZoneInfo("America/Mexico_City"))
    assert Reminder.objects.get().due_at == expected
    assert "17:30" in browser.get(f"/oportunidades/{row.pk}/").content.decode()


@pytest.mark.parametrize(
    ("typed", "instant"),
    [
        # A jump skips 02:30; 01:30 comes twice.
        ("2026-03-08T02:30", dt.datetime(2026, 3, 8, 7, 0, tzinfo=dt.UTC)),
        ("2026-11-01T01:30", dt.datetime(2026, 11, 1, 5, 30, tzinfo=dt.UTC)),
    ],
)
def test_an_hour_that_the_clock_skips_or_shows_twice_is_one_instant(typed: str, instant: dt.datetime) -> None:
    with timezone.override(zoneinfo.ZoneInfo("America/New_York")):
        form = ReminderForm({"preset": "otro", "until": typed, "key": "k"})
        assert form.is_valid(), form.errors

    assert form.cleaned_data["until"] == instant


def test_a_stage_that_waits_offers_it_and_says_until_when(world: World, browser: Browser, row: Opportunity) -> None:
    offer = "Lo pidió el cliente: que el plazo espere"
    assert (
        f'name="holds" value="1"> {offer}'
        not in browser.get(f"/oportunidades/{row.pk}/").content.decode().partition("<dialog")[0]
    )
    world.funnel.new.hold_minutes = 600
    world.funnel.new.save()
    assert f'name="holds" value="1"> {offer}' in browser.get(f"/oportunidades/{row.pk}/").content.decode()

    browser.post(f"/oportunidades/{row.pk}/recordar/", {"preset": "1h", "key": "k", "holds": "1"})

    page = browser.get(f"/oportunidades/{row.pk}/").content.decode()
    assert "lo pidió el cliente; después quedan" in page
