"""The desk's part of the home page and of the menu."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from opportunities.models import DailyQuota, Opportunity
from opportunities.supervision import bulk
from tests.company import signed_in
from tests.factories.accounts import TeamFactory, UserFactory
from tests.opportunities.admin.deciding import address, exits
from tests.opportunities.admin.rules import browser
from tests.opportunities.web.conftest import World

HOME = "/admin/"


def desk(who: Browser) -> Any:
    return who.get(HOME).context.get("desk")


def test_it_shows_what_waits_what_expires_quotas_and_the_runway(world: World) -> None:
    exits(world, 2)
    late, soon, gone = world.give(3)
    now = timezone.now()
    Opportunity.objects.filter(pk=late.pk).update(deadline=now - dt.timedelta(minutes=1))
    Opportunity.objects.filter(pk=soon.pk).update(deadline=now + dt.timedelta(minutes=30))
    bulk.return_to_pool([gone.pk], by=world.supervisor, now=now)

    seen = desk(browser(world, "supervisor"))

    assert (seen["overdue"], seen["soon"]) == (1, 1)
    assert [row for row, _clock in seen["next"]] == [soon]
    used = DailyQuota.objects.get(promoter=world.promoter).used
    assert (seen["staff"][0].promoter, seen["staff"][0].used) == (world.promoter, used)
    assert (seen["runway"].total, seen["runway"].rate) == (1, used)


def test_another_teams_desk_is_not_told(world: World) -> None:
    exits(world, 1)

    seen = desk(browser(world, "foreign_supervisor"))

    assert [one.promoter for one in seen["staff"]] == [world.stranger]


def test_a_supervisor_without_a_desk_sees_the_senders_home_alone(world: World) -> None:
    supervisor = UserFactory(role="supervisor")
    TeamFactory(supervisors=[supervisor])

    page = signed_in(supervisor).get(HOME)

    assert "desk" not in page.context
    assert "switch_on" in page.context


@pytest.mark.parametrize(("number", "badge"), [(0, ""), (3, "3")])
def test_the_menu_counts_the_inbox(world: World, number: int, badge: str) -> None:
    if number:
        exits(world, number)

    menu = browser(world, "supervisor").get(HOME).content.decode().partition("Bandeja</span>")[2][:400]

    assert ('<span class="lm-count">3</span>' in menu) is bool(badge)
    assert ("lm-count" in menu.partition("</a>")[0]) is bool(badge)


@pytest.mark.parametrize("number", [1, 4])
def test_it_costs_the_same_for_one_and_for_four(
    world: World, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    exits(world, number)
    world.give(number)
    supervisor = browser(world, "supervisor")

    with django_assert_num_queries(36):
        supervisor.get(HOME)


def marked(page: str) -> list[str]:
    """The entries that the menu marks."""
    menu = page.partition('id="nav-sidebar-apps"')[2]
    found = [part.partition("</a>")[0] for part in menu.split("<a ") if ' active"' in part.partition(">")[0]]
    return [re.findall("<span>([^<]+)</span>", entry)[0] for entry in found]


@pytest.mark.parametrize(
    ("path", "entry"),
    [
        ("opportunity/", "Oportunidades"),
        ("opportunity/inbox/", "Bandeja"),
        ("opportunity/pool/", "Pool"),
        ("lot/", "Lotes"),
        ("bulkaction/", "Acciones en bloque"),
    ],
)
def test_the_menu_marks_the_page_and_no_other(world: World, path: str, entry: str) -> None:
    page = browser(world, "supervisor").get(f"/admin/opportunities/{path}").content.decode()

    assert marked(page) == [entry]


@pytest.mark.parametrize(("came_from", "entry"), [("inbox/", "Bandeja"), ("pool/", "Pool"), ("", "Oportunidades")])
def test_a_decision_marks_the_entry_that_it_came_from(world: World, came_from: str, entry: str) -> None:
    [row] = exits(world, 1)
    back = f"/admin/opportunities/opportunity/{came_from}"

    page = browser(world, "supervisor").get(address("close", [row], back=back)).content.decode()

    assert marked(page) == [entry]


def test_lists_over_one_table_have_titles_of_their_own(world: World) -> None:
    exits(world, 1)
    supervisor = browser(world, "supervisor")

    for path, title in (("", "Oportunidades"), ("inbox/", "Bandeja"), ("pool/", "Pool")):
        page = supervisor.get(f"/admin/opportunities/opportunity/{path}").content.decode()
        assert page.partition("<title>")[2].partition("</title>")[0].split("|")[0].strip() == title
