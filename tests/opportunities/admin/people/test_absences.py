"""Absences on the desk: what they touch is shown first, and who comes back early goes on."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from opportunities.enums import AbsencePolicy, OpportunityState
from opportunities.models import Absence, Opportunity
from opportunities.supervision import absences
from opportunities.timers import absence_clocks
from tests.company import signed_in, told
from tests.opportunities.admin.rules import OUTSIDE, ask
from tests.opportunities.web.conftest import World, row, world

__all__ = ["row", "world"]

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/opportunities/absence/"
ADD = f"{LIST}add/"


def form(world: World, **fields: Any) -> dict[str, Any]:
    today = timezone.now().date()
    return {
        "promoter": world.promoter.pk,
        "starts_on": today.isoformat(),
        "ends_on": (today + dt.timedelta(days=2)).isoformat(),
        "policy": AbsencePolicy.PAUSE,
        **fields,
    }


def away(world: World, policy: AbsencePolicy = AbsencePolicy.PAUSE) -> Absence:
    """Begun already."""
    now = timezone.now()
    day = now.date()
    made = absences.announce(world.promoter, starts_on=day, ends_on=day, policy=policy, by=world.supervisor, now=now)
    absence_clocks.begin_and_end(now)
    return made


def end(absence: Absence) -> str:
    return reverse("admin:opportunities_absence_end", args=[absence.pk])


def test_first_the_counts_and_nothing_is_written(world: World, row: Opportunity) -> None:
    answer = signed_in(world.supervisor).post(ADD, form(world))
    page = answer.content.decode()
    assert answer.status_code == 200
    for text in ("Plazos que se detienen", str(row.client), 'name="agreed" value="on"', "Cargar la ausencia"):
        assert text in page
    assert not Absence.objects.exists()


def test_then_it_is_written_down_and_clocks_stop_when_it_begins(world: World, row: Opportunity) -> None:
    done = signed_in(world.supervisor).post(ADD, form(world, agreed="on"))
    assert any("Ausencia cargada" in sentence for sentence in told(done))
    absence = Absence.objects.get()
    assert (absence.promoter, absence.policy, absence.created_by) == (world.promoter, "pausar", world.supervisor)
    absence_clocks.begin_and_end(timezone.now())
    row.refresh_from_db()
    assert row.deadline is None
    assert row.paused_seconds is not None


def test_giving_the_work_away_warns_and_does_it(world: World, row: Opportunity) -> None:
    browser = signed_in(world.supervisor)
    give = form(world, policy=AbsencePolicy.REDISTRIBUTE)
    assert "no se recupera" in browser.post(ADD, give).content.decode()
    browser.post(ADD, {**give, "agreed": "on"})
    absence_clocks.begin_and_end(timezone.now())
    row.refresh_from_db()
    assert (row.state, row.owner) == (OpportunityState.POOL, None)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"ends_on": "2020-01-01"}, "termina antes de empezar"),
        ({"policy": "vacaciones"}, "Elige una de las opciones de la lista"),
    ],
)
def test_what_makes_no_sense_is_asked_again(world: World, fields: dict[str, str], sentence: str) -> None:
    answer = signed_in(world.supervisor).post(ADD, form(world, agreed="on", **fields))
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert not Absence.objects.exists()


def test_days_that_are_over_or_taken_are_refused_in_words(world: World) -> None:
    browser = signed_in(world.supervisor)
    past = form(world, starts_on="2020-01-01", ends_on="2020-01-02", agreed="on")
    assert told(browser.post(ADD, past)) == ["Esos días ya pasaron."]
    browser.post(ADD, form(world, agreed="on"))
    again = told(browser.post(ADD, form(world, agreed="on")))[-1]
    assert "Ya hay una ausencia" in again
    assert Absence.objects.count() == 1


def test_who_comes_back_early_goes_on_with_what_was_left(world: World, row: Opportunity) -> None:
    absence = away(world)
    browser = signed_in(world.supervisor)
    shown = browser.get(end(absence)).content.decode()
    assert "Plazos detenidos que siguen" in shown
    absence.refresh_from_db()
    assert absence.ended_at is None

    done = browser.post(end(absence))
    assert any("vuelve a recibir" in sentence for sentence in told(done))
    row.refresh_from_db()
    assert Absence.objects.get().ended_at is not None
    assert row.deadline is not None
    assert row.paused_seconds is None


def test_one_that_is_over_is_not_ended_again(world: World) -> None:
    absence = away(world)
    browser = signed_in(world.supervisor)
    browser.post(end(absence))
    absence.refresh_from_db()
    ended = absence.ended_at
    assert told(browser.post(end(absence)))[-1] == "Esta ausencia ya terminó."
    absence.refresh_from_db()
    assert absence.ended_at == ended


def test_the_list_says_who_is_away_and_for_how_long(world: World) -> None:
    away(world)
    page = signed_in(world.supervisor).get(LIST).content.decode()
    assert "En curso" in page
    assert "Sus plazos se detienen" in page


# --- Who ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "status"), [("supervisor", 200), ("administrator", 200), ("foreign_supervisor", 404)])
def test_an_absence_is_for_the_promoters_supervisors(world: World, who: str, status: int) -> None:
    absence = away(world)
    assert ask(world, who, reverse("admin:opportunities_absence_change", args=[absence.pk])) == status
    assert ask(world, who, end(absence)) == status
    if status == 404:
        assert ask(world, who, end(absence), "post") == 404
        assert ask(world, who, ADD, "post", form(world, agreed="on")) == 200  # not among their choices
        absence.refresh_from_db()
        assert absence.ended_at is None
        assert Absence.objects.count() == 1


@pytest.mark.parametrize("who", OUTSIDE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_promoters_and_outsiders_announce_nothing(world: World, who: str, method: str) -> None:
    absence = away(world)
    for url in (LIST, ADD, end(absence), reverse("admin:opportunities_absence_change", args=[absence.pk])):
        assert ask(world, who, url, method, form(world, agreed="on")) == 403
    absence.refresh_from_db()
    assert absence.ended_at is None
    assert Absence.objects.count() == 1


def test_an_absence_is_neither_edited_nor_deleted(world: World) -> None:
    absence = away(world)
    change = reverse("admin:opportunities_absence_change", args=[absence.pk])
    delete = reverse("admin:opportunities_absence_delete", args=[absence.pk])
    for url in (change, delete):
        assert ask(world, "administrator", url, "post", {"post": "yes", "ends_on": "2030-01-01"}) == 403
    absence.refresh_from_db()
    assert absence.ends_on == timezone.now().date()
