"""«Mi día»: who wrote back, and why nothing can be asked for, in time and in words."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client as Browser
from django.utils import timezone

from campaigns.enums import CampaignState
from campaigns.inbound import receive
from leadmaster.directory.models import ContactPoint
from opportunities.funnel import moves
from opportunities.models import Absence, Opportunity, Promoter, Sale
from opportunities.queries.day import results_of_day
from opportunities.queries.why_closed import why_closed
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.opportunities import CalendarFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.web.conftest import World
from whatsapp.inbound import Inbound


def write_back(row: Opportunity, promoter: Promoter, text: str, *, ago: dt.timedelta = dt.timedelta(minutes=5)) -> None:
    """The client of `row` writes to the line of `promoter`."""
    line = WhatsAppSessionFactory.create(owner=promoter.user, team=promoter.desk.team)
    phone = ContactPoint.objects.get(client=row.client_id).normalised
    now = timezone.now() - ago
    inbound = Inbound(tenant_id=line.tenant_id, message_id=f"in-{text}", phone=phone, lid="", text=text, at=now)
    receive(inbound, session=line, now=now)


def test_who_waits_longest_is_first_with_their_whole_message(world: World, browser: Browser) -> None:
    first, second = world.give(2)
    long = "Sí, <llámame> " + "mañana a las cinco " * 20 + "sin falta"
    write_back(first, world.colleague, long, ago=dt.timedelta(minutes=50))
    write_back(second, world.promoter, "¿Cuánto sale?", ago=dt.timedelta(minutes=20))

    page = browser.get("/").content.decode()

    assert "2 conversaciones esperan respuesta" in page
    assert page.index("Sí, &lt;llámame&gt;") < page.index("¿Cuánto sale?")
    assert "sin falta</span>" in page
    assert 'href="/conversaciones/?ver=todas"' in page


def test_who_asks_for_silence_waits_for_nobody(world: World, browser: Browser) -> None:
    silent, hot = world.give(2)
    write_back(silent, world.promoter, "BAJA", ago=dt.timedelta(minutes=50))
    write_back(hot, world.promoter, "Lo quiero")

    for path in ("/", "/conversaciones/"):
        page = browser.get(path).content.decode()
        assert "Lo quiero" in page, path
        assert "BAJA" not in page, path


def test_what_runs_out_in_this_turn_is_named_and_what_comes_later_is_not(world: World, browser: Browser) -> None:
    now = timezone.now()
    soon, later = world.give(2)
    Opportunity.objects.filter(pk=soon.pk).update(deadline=now + dt.timedelta(minutes=20))
    Opportunity.objects.filter(pk=later.pk).update(deadline=now + dt.timedelta(days=20))

    page = browser.get("/").content.decode()

    assert f'id="lead-{soon.pk}"' in page
    assert f'id="lead-{later.pk}"' not in page


def test_the_day_tells_what_was_done_since_midnight_and_by_whom(world: World, browser: Browser) -> None:
    row, other, old = world.give(3)
    now = timezone.now()
    moves.move(row.pk, world.funnel.contacted, by=world.promoter.user, version=1, now=now, reason="")
    moves.move(other.pk, world.funnel.contacted, by=world.supervisor, version=1, now=now, reason="")
    sold = {"amount": "1234.50", "product": "Plan"}
    moves.move(other.pk, world.funnel.sold, by=world.promoter.user, version=2, now=now, reason="", data=sold)
    moves.move(old.pk, world.funnel.sold, by=world.promoter.user, version=1, now=now, reason="", data=sold)
    Sale.objects.filter(opportunity=old).update(at=now - dt.timedelta(days=2))

    results = results_of_day(world.promoter, now=now)

    assert (results.moves, results.sales) == (1, 1)
    assert "234" in results.amount
    assert "Tu día hasta ahora" in browser.get("/").content.decode()
    assert not results_of_day(world.colleague, now=now).any


def test_a_campaign_under_way_is_there_with_how_far_it_is_and_an_ended_one_is_not(
    world: World, browser: Browser
) -> None:
    running = CampaignFactory.create(owner=world.promoter.user, state=CampaignState.RUNNING, name="Otoño")
    EnvioFactory.create(campaign=running)
    CampaignFactory.create(owner=world.promoter.user, state=CampaignState.FINISHED, name="Verano")
    CampaignFactory.create(owner=world.colleague.user, state=CampaignState.RUNNING, name="De otra")

    page = browser.get("/").content.decode()

    assert "Otoño" in page
    assert "0 de 1 mensajes" in page
    assert "Verano" not in page
    assert "De otra" not in page


def test_a_line_is_spoken_of_when_it_is_not_well_alone(world: World, browser: Browser) -> None:
    line = WhatsAppSessionFactory.create(owner=world.promoter.user, team=world.promoter.desk.team, name="Ventas 1")
    assert "Ventas 1" not in browser.get("/").content.decode()

    type(line).objects.filter(pk=line.pk).update(unreachable_since=timezone.now())
    page = browser.get("/").content.decode()

    assert "Ventas 1: El gateway no responde." in page
    assert f'href="/mi-whatsapp/{line.pk}/"' in page
    assert "Ventas 1" not in world.browser("colleague").get("/").content.decode()


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
