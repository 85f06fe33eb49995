"""The admin's home: one list of what waits for this person, figures that move, and what both cost."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from campaigns.enums import CampaignState, EnvioState
from leadmaster.directory.models import Suppression
from leadmaster.home import Decisions
from opportunities.enums import AbsencePolicy
from opportunities.models import Absence, Opportunity
from tests.factories.campaigns import CampaignFactory, ConversationFactory, EnvioFactory
from tests.factories.directory import SuppressionFactory
from tests.factories.ops import AlertFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.admin.deciding import address, exits, ids
from tests.opportunities.web.conftest import World, world

__all__ = ["world"]

HOME = "/admin/"
MOVING = "/admin/moving/"


def decisions(world: World, who: str = "supervisor") -> Decisions:
    found: Decisions = world.browser(who).get(HOME).context["decisions"]
    return found


def kinds(world: World, who: str = "supervisor") -> list[str]:
    return [pile.kind for pile, _row in decisions(world, who).rows]


def one_of_each(world: World) -> None:
    """A decision of every kind for the world's supervisor."""
    team = world.promoter.desk.team
    line = WhatsAppSessionFactory(team=team)
    exits(world, 1)
    world.give(1)
    campaign = CampaignFactory(team=team, session=line, state=CampaignState.AWAITING_APPROVAL)
    EnvioFactory(campaign=campaign, state=EnvioState.UNCERTAIN, error_text="No contestó a tiempo")
    AlertFactory(key=f"session:{line.pk}", severity="critica", title="La línea se cortó")
    SuppressionFactory(source=Suppression.Source.DOUBT, reason="ya no quiero")
    ConversationFactory(session=line)
    leave(world)


def leave(world: World) -> Absence:
    """The promoter is away for three days, and their clocks stand still."""
    today = world.promoter.desk.date_at(timezone.now())
    return Absence.objects.create(
        promoter=world.promoter,
        starts_on=today,
        ends_on=today + dt.timedelta(3),
        policy=AbsencePolicy.PAUSE,
        created_by=world.supervisor,
        created_at=timezone.now(),
    )


def test_every_kind_of_decision_is_in_one_list_with_its_cause_and_its_button(world: World) -> None:
    one_of_each(world)

    found = decisions(world)

    assert {pile.kind for pile, _row in found.rows} == {
        "Alertas",
        "Campañas por aprobar",
        "Inciertos",
        "Bajas en duda",
        "Bandeja",
        "Conversaciones de nadie",
        "Ausencias sin reemplazo",
    }
    assert found.rows[0][1].title == "La línea se cortó"
    assert found.rows[-1][0].kind == "Ausencias sin reemplazo"
    assert all(row.cause and row.button for _pile, row in found.rows)
    browser = world.browser("supervisor")
    for _pile, row in found.rows:
        for place in (row.url, row.act):
            assert browser.get(place, follow=True).status_code == 200, place


def test_another_teams_supervisor_is_told_of_none_of_it(world: World) -> None:
    one_of_each(world)

    # Numbers are nobody's: whoever may exclude one decides about doubts.
    assert kinds(world, "foreign_supervisor") == ["Bajas en duda"]


def test_the_worst_comes_first_and_then_the_oldest(world: World) -> None:
    old, new = exits(world, 2)
    Opportunity.objects.filter(pk=old.pk).update(state_since=timezone.now() - dt.timedelta(days=3))
    AlertFactory(key="tick_late", severity="critica", title="No sale nada")
    AlertFactory(key="schedules_ahead", severity="aviso", title="Un reloj", opened_at=timezone.now() - dt.timedelta(9))

    assert [row.title for _pile, row in decisions(world).rows] == [
        "No sale nada",
        old.client.full_name,
        new.client.full_name,
        "Un reloj",
    ]


def test_what_is_not_in_the_list_is_counted_and_linked(world: World) -> None:
    exits(world, 7)

    [pile] = decisions(world).more
    page = world.browser("supervisor").get(HOME).content.decode()

    assert (pile.total, len(pile.rows), pile.more) == (7, 4, "3")
    assert re.search(rf'<a href="{pile.url}">\s*Bandeja: 3 más', page)


def test_a_line_offers_the_step_that_ends_its_trouble(world: World) -> None:
    line = WhatsAppSessionFactory(team=world.promoter.desk.team, paused_at=timezone.now(), trouble_code="TOKEN")
    AlertFactory(key=f"session:{line.pk}", title="En pausa")

    [(_pile, row)] = decisions(world).rows

    assert (row.button, row.act) == (
        "Quitar la pausa",
        reverse("admin:whatsapp_whatsappsession_unpause", args=[line.pk]),
    )


def test_the_work_of_who_is_away_is_shared_as_it_stands(world: World) -> None:
    rows = world.give(2)
    absence = leave(world)
    share = reverse("admin:opportunities_absence_share", args=[absence.pk])

    answer = world.browser("supervisor").get(share)

    assert answer.status_code == 302
    for row in rows:
        assert f"{row.pk}%3A{row.version}" in answer.headers["Location"]
    assert world.browser("foreign_supervisor").get(share).status_code == 404


# --- It moves by itself -------------------------------------------------------------------------------------------------


def test_nothing_is_sent_while_nothing_changed(world: World) -> None:
    exits(world, 1)
    browser = world.browser("supervisor")
    seen = browser.get(HOME).context["seen"]

    assert browser.get(MOVING, {"seen": seen}).status_code == 204
    exits(world, 1)
    changed = browser.get(MOVING, {"seen": seen})

    assert changed.status_code == 200
    assert changed.content.decode().count("lm-decision ") == 2
    assert "<html" not in changed.content.decode()


@pytest.fixture
def kept(settings: Settings, tmp_path: Path) -> None:
    """As in production: what is found is kept, and everybody's last act in a place that all processes see."""
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": str(tmp_path)},
        "figures": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "tests-home"},
    }
    caches["figures"].clear()


@pytest.mark.usefixtures("kept")
def test_a_second_look_finds_nothing_again(world: World, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    exits(world, 1)
    browser = world.browser("supervisor")
    first = browser.get(HOME).content.decode()

    # Who it is, and what they may.
    with django_assert_num_queries(4):
        second = browser.get(HOME).content.decode()
    assert first.count("lm-decision ") == second.count("lm-decision ") == 1


@pytest.mark.usefixtures("kept")
def test_who_decided_something_does_not_find_it_there_again(world: World) -> None:
    rows = exits(world, 2)
    browser = world.browser("supervisor")
    assert browser.get(HOME).content.decode().count("lm-decision ") == 2

    browser.post(address("pool", rows[:1]), {"ids": ids(rows[:1]), "reason": ""})
    page = browser.get(HOME).content.decode()

    assert page.count("lm-decision ") == 1
    assert rows[0].client.full_name not in page.partition('id="home"')[2].partition("lm-strip")[0]
    assert '<span class="lm-count">1</span>' in page


@pytest.mark.usefixtures("kept")
def test_nobody_gets_the_figures_of_another_team(world: World) -> None:
    exits(world, 1)
    line = WhatsAppSessionFactory(team=world.promoter.desk.team, name="Línea de Ana")

    assert line.name in world.browser("supervisor").get(HOME).content.decode()
    other = world.browser("foreign_supervisor").get(HOME).content.decode()
    assert line.name not in other
    assert "lm-decision " not in other
    assert "lm-count" not in other


@pytest.mark.parametrize("who", ["promoter", "nobody"])
def test_whoever_supervises_nothing_gets_no_moving_part(world: World, who: str) -> None:
    browser = world.browser("promoter") if who == "promoter" else Client()

    assert browser.get(MOVING).status_code == 302
