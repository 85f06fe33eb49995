"""«Mi día»: who wrote back, and why nothing can be asked for, in time and in words."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client as Browser
from django.utils import timezone

from campaigns.models import Reply
from leadmaster.directory.models import ContactPoint
from opportunities.funnel import moves
from opportunities.models import Absence, Opportunity, Promoter
from opportunities.queries.replies import answers_to
from opportunities.queries.why_closed import why_closed
from tests.factories.opportunities import CalendarFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.web.conftest import World


def write_back(row: Opportunity, promoter: Promoter, text: str, *, ago: dt.timedelta = dt.timedelta(minutes=5)) -> None:
    """The client of `row` writes to the line of `promoter`."""
    line = WhatsAppSessionFactory.create(owner=promoter.user, team=promoter.desk.team)
    phone = ContactPoint.objects.get(client=row.client_id).normalised
    Reply.objects.create(session=line, phone=phone, text=text, at=timezone.now() - ago, message_id=f"in-{text}")


def test_the_day_tells_who_wrote_back_with_their_last_word_and_leads_there(world: World, browser: Browser) -> None:
    first, second = world.give(2)
    write_back(first, world.promoter, "¿Quién es?", ago=dt.timedelta(minutes=50))
    write_back(first, world.colleague, "Sí, <llámame>", ago=dt.timedelta(minutes=20))
    write_back(second, world.promoter, "Mañana")

    page = browser.get("/").content.decode()

    assert "Sí, &lt;llámame&gt;" in page
    assert "¿Quién es?" not in page
    assert page.index("Mañana</span>") < page.index("llámame")
    assert f'id="answer-{first.pk}" href="/oportunidades/{first.pk}/"' in page


def test_only_recent_words_of_clients_in_hand_to_the_teams_lines_are_told(world: World) -> None:
    old, gone, foreign, mine = world.give(4)
    write_back(old, world.promoter, "La semana pasada", ago=dt.timedelta(days=3))
    write_back(gone, world.promoter, "Ya no es de nadie")
    write_back(foreign, world.stranger, "A otra mesa")
    write_back(mine, world.promoter, "Dale")
    moves.move(gone.pk, world.funnel.no_answer, by=world.promoter.user, version=1, now=timezone.now(), reason="x")

    assert [answer.text for answer in answers_to(world.promoter, now=timezone.now())] == ["Dale"]
    assert answers_to(world.colleague, now=timezone.now()) == []


def test_who_receives_nothing_reads_it_on_the_day_and_is_not_sent_to_ask(world: World, browser: Browser) -> None:
    assert 'id="to-ask" class="button main"' in browser.get("/").content.decode()
    world.promoter.available = False
    world.promoter.save()

    page = browser.get("/").content.decode()

    assert "Por ahora no recibes asignaciones" in page
    assert 'id="to-ask" class="button"' in page


def test_an_absence_is_told_where_people_ask(world: World, browser: Browser) -> None:
    today = timezone.now().date()
    Absence.objects.create(
        promoter=world.promoter,
        starts_on=today,
        ends_on=today + dt.timedelta(days=1),
        created_by=world.supervisor,
        created_at=timezone.now(),
    )

    for path in ("/", "/pedir/"):
        assert "Hoy figuras como ausente" in browser.get(path).content.decode(), path


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        (dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC), ""),
        (
            dt.datetime(2026, 3, 2, 20, tzinfo=dt.UTC),
            "La mesa está fuera de horario. Puedes pedir desde que abre: 9 mar 09:00.",
        ),
    ],
)
def test_a_desk_that_assigns_in_hours_only_tells_when_it_opens(world: World, now: dt.datetime, sentence: str) -> None:
    desk = world.promoter.desk
    desk.only_in_hours = True
    desk.calendar = CalendarFactory.create(windows=[(0, dt.time(9), dt.time(13))])

    with timezone.override(dt.UTC):
        assert why_closed(world.promoter, now) == sentence


def test_a_quota_of_zero_is_not_called_used_up(world: World, browser: Browser) -> None:
    world.promoter.daily_quota = 0
    world.promoter.save()

    page = browser.get("/pedir/").content.decode()

    assert "Tu cupo de hoy es cero" in page
    assert "Mañana tienes uno nuevo" not in page
