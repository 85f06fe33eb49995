"""Whose page is whose: owner, colleague, another team's promoter, supervisors, nobody."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from opportunities.funnel import moves
from opportunities.models import Lot, Opportunity, OpportunityEvent, Promoter
from tests.company import signed_in, told
from tests.factories.accounts import UserFactory
from tests.opportunities.web.conftest import World

# Every address once on a server too.
pytestmark = pytest.mark.every_database

PAGES = ["/oportunidades/", "/pedir/", "/pedir/opciones/", "/captar/", "/captar/telefono/"]
ONLOOKERS = [
    ("promoter", 200),
    ("colleague", 404),
    ("stranger", 404),
    ("supervisor", 200),
    ("foreign_supervisor", 404),
]


@pytest.mark.parametrize(("who", "status"), ONLOOKERS)
def test_an_opportunity_is_its_owners_and_their_supervisors(
    world: World, row: Opportunity, who: str, status: int
) -> None:
    assert world.browser(who).get(f"/oportunidades/{row.pk}/").status_code == status


@pytest.mark.parametrize(("who", "status"), ONLOOKERS)
def test_a_lot_is_its_promoters_and_their_supervisors(world: World, row: Opportunity, who: str, status: int) -> None:
    assert world.browser(who).get(f"/lotes/{row.lot_id}/").status_code == status


@pytest.mark.parametrize("who", ["colleague", "stranger", "foreign_supervisor"])
@pytest.mark.parametrize("verb", ["mover", "nota", "prorroga"])
def test_nobody_else_acts_on_it(world: World, row: Opportunity, who: str, verb: str) -> None:
    tail = f"mover/{world.funnel.contacted.pk}" if verb == "mover" else verb
    before = OpportunityEvent.objects.count()

    answer = world.browser(who).post(f"/oportunidades/{row.pk}/{tail}/", {"version": row.version, "text": "Hola"})

    assert answer.status_code == 404
    assert OpportunityEvent.objects.count() == before
    row.refresh_from_db()
    assert row.version == 1


def test_a_supervisor_takes_a_step_for_a_promoter(world: World, row: Opportunity) -> None:
    url = reverse("desk-move", args=[row.pk, world.funnel.contacted.pk])

    world.browser("supervisor").post(url, {"version": 1})

    row.refresh_from_db()
    assert row.stage == world.funnel.contacted


@pytest.mark.parametrize("path", [*PAGES, "/oportunidades/1/", "/lotes/1/", "/"])
def test_nobody_sees_the_door(world: World, path: str) -> None:
    answer = Browser().get(path)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login/")


@pytest.mark.parametrize("path", PAGES)
def test_who_has_no_desk_is_told_whom_to_ask(world: World, path: str) -> None:
    answer = signed_in(UserFactory()).get(path)

    assert answer.status_code == 403
    assert "No estás en ninguna mesa" in answer.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_a_supervisor_without_a_desk_goes_to_the_admin(world: World, path: str) -> None:
    assert world.browser("supervisor").get(path).headers["Location"] == "/admin/"


def test_everybody_starts_at_their_own_place(world: World) -> None:
    assert world.browser("promoter").get("/").status_code == 200
    assert signed_in(UserFactory()).get("/").headers["Location"] == "/mis-campanias/"
    assert world.browser("supervisor").get("/").headers["Location"] == "/admin/"


@pytest.mark.parametrize("who", ["colleague", "stranger"])
def test_lists_hold_nobody_elses(world: World, row: Opportunity, who: str) -> None:
    link = f'href="/oportunidades/{row.pk}/'
    # Soon enough for the day's page.
    Opportunity.objects.filter(pk=row.pk).update(deadline=timezone.now() + dt.timedelta(hours=20))

    for path in ("/oportunidades/", f"/oportunidades/?q={row.client.full_name}", "/"):
        assert link in world.browser("promoter").get(path).content.decode()
        assert link not in world.browser(who).get(path).content.decode()


def test_what_left_somebodys_hands_is_told_without_whose_it_is_now(world: World, row: Opportunity) -> None:
    browser = world.browser("promoter")
    url = reverse("desk-move", args=[row.pk, world.funnel.pooled.pk])
    browser.post(url, {"version": 1, "reason": "Otro día"})

    for answer in (browser.get(f"/oportunidades/{row.pk}/"), browser.post(f"/oportunidades/{row.pk}/nota/")):
        assert answer.headers["Location"] == "/oportunidades/"
        assert told(answer)[-1] == f"La oportunidad #{row.pk} ya no está en tus manos."
    assert world.browser("colleague").get(f"/oportunidades/{row.pk}/").status_code == 404


def test_an_open_page_of_what_left_goes_where_it_is_told(world: World, row: Opportunity) -> None:
    now = timezone.now()
    moves.move(row.pk, world.funnel.pooled, by=world.promoter.user, version=1, now=now, reason="En marzo")
    browser = world.browser("promoter")

    answer = browser.get(f"/oportunidades/{row.pk}/", headers={"HX-Request": "true"})

    assert answer.headers["HX-Redirect"] == "/oportunidades/"
    assert "ya no está en tus manos" in browser.get("/oportunidades/").content.decode()


@pytest.mark.parametrize(
    "path",
    ["/oportunidades/{row}/mover/{stage}/", "/oportunidades/{row}/nota/", "/oportunidades/{row}/prorroga/"],
)
def test_verbs_are_not_links_and_whoever_logs_in_again_on_one_lands_on_the_page(
    world: World, row: Opportunity, path: str
) -> None:
    url = path.format(row=row.pk, stage=world.funnel.contacted.pk)

    answer = world.browser("promoter").get(url)

    assert answer.headers["Location"] == f"/oportunidades/{row.pk}/"
    row.refresh_from_db()
    assert (row.version, row.extended, row.events.count()) == (1, False, 1)


def test_posts_need_the_pages_own_token(world: World, row: Opportunity) -> None:
    strict = Browser(enforce_csrf_checks=True)
    strict.force_login(world.promoter.user, backend="leadmaster.accounts.backends.PersonBackend")

    for path in (f"/oportunidades/{row.pk}/nota/", "/pedir/", "/captar/"):
        assert strict.post(path, {"text": "Hola"}).status_code == 403


def test_looking_changes_nothing(world: World, row: Opportunity) -> None:
    def rows() -> list[object]:
        return [
            list(Opportunity.objects.values()),
            list(OpportunityEvent.objects.values()),
            list(Lot.objects.values()),
            list(Promoter.objects.values()),
            world.promoter.quotas.count(),
        ]

    before = rows()
    for who in ("promoter", "colleague"):
        for path in ("/", *PAGES, f"/oportunidades/{row.pk}/", f"/lotes/{row.lot_id}/"):
            world.browser(who).get(path, {"phone": "3312345678"})

    assert rows() == before
    assert world.colleague.quotas.count() == 0


@pytest.mark.parametrize("number", ["9" * 19, "9" * 25, "9" * 300])
def test_a_number_that_no_row_has_is_nothing_that_exists(number: str, world: World) -> None:
    browser = world.browser("promoter")

    assert browser.get(f"/oportunidades/{number}/").status_code == 404
    assert browser.get(f"/lotes/{number}/").status_code == 404
    for verb in ("nota", "prorroga", "mover/1"):
        assert browser.post(f"/oportunidades/{number}/{verb}/", {"text": "x", "version": 1}).status_code == 404
    assert browser.get("/oportunidades/escribir/personas/", {"listed": "1", "ids": number}).status_code == 200
