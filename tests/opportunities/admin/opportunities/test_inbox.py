"""The inbox: what waits, what is known about it, and every decision by the same recipe."""

from __future__ import annotations

import dataclasses
import datetime as dt
from urllib.parse import quote, unquote

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from campaigns.enums import Ack, EnvioState
from campaigns.models import Reply
from leadmaster.lib.phones.parsing import pretty
from opportunities.enums import EventKind, OpportunityState
from opportunities.funnel import moves
from opportunities.models import BulkAction, Opportunity
from tests.company import told
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.admin.deciding import INBOX, address, decide, exits, ids, states
from tests.opportunities.admin.rules import OUTSIDE, ask, browser
from tests.opportunities.web.conftest import World

S = OpportunityState


# --- The list ---------------------------------------------------------------------------------------------------------


def test_it_shows_each_exit_with_reason_owner_age_and_attempts(world: World) -> None:
    [row] = exits(world, 1)
    Opportunity.objects.filter(pk=row.pk).update(state_since=timezone.now() - dt.timedelta(hours=30), attempts=3)

    page = browser(world, "supervisor").get(INBOX).content.decode()

    for text in (str(row.client), "No contesta", "“Llamé tres veces”", str(world.promoter), "1 d", "3ª"):
        assert text in page, text


def test_only_exits_of_ones_own_teams_are_there(world: World) -> None:
    [row] = exits(world, 1)
    [working] = world.give(1)

    page = browser(world, "supervisor").get(INBOX).content.decode()

    assert reverse("admin:opportunities_opportunity_change", args=[row.pk]) in page
    assert reverse("admin:opportunities_opportunity_change", args=[working.pk]) not in page
    assert str(row.client) not in browser(world, "foreign_supervisor").get(INBOX).content.decode()
    assert str(row.client) in browser(world, "administrator").get(INBOX).content.decode()


def test_the_longest_waiting_comes_first(world: World) -> None:
    first, second = exits(world, 2)
    Opportunity.objects.filter(pk=second.pk).update(state_since=timezone.now() - dt.timedelta(days=2))

    page = browser(world, "supervisor").get(INBOX).content.decode()

    assert page.index(str(second.client)) < page.index(str(first.client))


def test_the_last_thing_that_was_said_is_shown(world: World) -> None:
    noted, written, answered, silent = exits(world, 4)
    moves.note(noted.pk, by=world.promoter.user, text="Pidió que la llamen en marzo", now=timezone.now())
    campaign = CampaignFactory(owner=world.promoter.user, team=world.promoter.desk.team)
    EnvioFactory(
        campaign=campaign,
        phone=written.client.contacts.get().normalised,
        state=EnvioState.SENT,
        ack=Ack.READ,
        text="Hola, ¿sigues interesada?",
        sent_at=timezone.now(),
    )
    Reply.objects.create(
        session=WhatsAppSessionFactory(team=world.promoter.desk.team),
        phone=answered.client.contacts.get().normalised,
        text="Llámenme el lunes",
        at=timezone.now(),
        message_id="in-1",
    )

    page = browser(world, "supervisor").get(INBOX).content.decode()

    assert "Pidió que la llamen en marzo" in page
    assert "Hola, ¿sigues interesada?" in page
    assert "Llámenme el lunes" in page
    assert page.count("sin mensajes ni notas") == 1
    assert str(silent.client) in page


@pytest.mark.parametrize("number", [1, 6])
def test_a_page_costs_the_same_for_one_and_for_six(
    world: World, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    exits(world, number)
    supervisor = browser(world, "supervisor")

    with django_assert_num_queries(21):
        supervisor.get(INBOX)


def test_an_empty_inbox_says_what_fills_it(world: World) -> None:
    assert "Nada espera tu decisión" in browser(world, "supervisor").get(INBOX).content.decode()


def test_it_is_not_for_promoters_nor_for_the_door(world: World) -> None:
    for who in OUTSIDE:
        assert ask(world, who, INBOX) == 403, who


def test_choosing_rows_freezes_their_ids(world: World) -> None:
    rows = exits(world, 2)
    data = {"action": "pool_chosen", ACTION_CHECKBOX_NAME: [row.pk for row in rows]}

    answer = browser(world, "supervisor").post(f"{INBOX}?stage={world.funnel.no_answer.pk}", data)

    assert answer.status_code == 302
    location = answer.headers["Location"]
    assert location.startswith("/admin/opportunities/opportunity/decide/pool/?ids=")
    assert set(ids(rows).split(",")) == set(unquote(location.split("ids=")[1].split("&")[0]).split(","))
    assert "inbox" in location


# --- The decisions ----------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Case:
    verb: str
    after: OpportunityState
    kind: EventKind
    word: str
    data: dict[str, str]


CASES = [
    Case("give-back", S.ACTIVE, EventKind.RETURNED, "2 oportunidades devueltas a su promotor.", {}),
    Case("pool", S.POOL, EventKind.POOLED, "2 oportunidades devueltas al pool.", {}),
    Case("close", S.LOST, EventKind.CLOSED, "2 oportunidades cerradas.", {"reason": "Número equivocado"}),
]
every = pytest.mark.parametrize("case", CASES, ids=[case.verb for case in CASES])


@every
def test_get_shows_what_would_happen_and_changes_nothing(world: World, case: Case) -> None:
    rows = exits(world, 2)

    page = browser(world, "supervisor").get(address(case.verb, rows)).content.decode()

    assert all(str(row.client) in page for row in rows)
    assert f'name="ids" value="{ids(rows)}"' in page
    assert states(rows) == {S.EXIT}
    assert not BulkAction.objects.exists()


@every
def test_post_decides_says_so_and_leaves_history(world: World, case: Case) -> None:
    rows = exits(world, 2)

    answer = decide(world, "supervisor", case.verb, rows, **case.data)

    assert answer.headers["Location"] == INBOX
    assert told(answer) == [case.word]
    assert states(rows) == {case.after}
    last = rows[0].events.order_by("-id")[0]
    assert (last.kind, last.by, last.reason) == (case.kind, world.supervisor, case.data.get("reason", ""))


@every
def test_nobody_else_decides(world: World, case: Case) -> None:
    rows = exits(world, 2)
    data = {"ids": ids(rows), "reason": "x"}

    for who in OUTSIDE:
        assert ask(world, who, address(case.verb, rows)) == 403, who
        assert ask(world, who, address(case.verb, rows), "post", data) == 403, who
    foreign = decide(world, "foreign_supervisor", case.verb, rows, reason="x")

    assert told(foreign) == ["Elige al menos una oportunidad de tus equipos."]
    assert states(rows) == {S.EXIT}


@every
def test_what_moved_meanwhile_is_told_and_the_others_are_done(world: World, case: Case) -> None:
    first, second = exits(world, 2)
    Opportunity.objects.filter(pk=second.pk).update(state=S.WON, open_client=None)

    answer = decide(world, "supervisor", case.verb, [first, second], **case.data)

    refused, done = told(answer)
    assert f"#{second.pk}" in refused
    assert done.startswith("1 oportunidad ")
    assert states([first]) == {case.after}
    assert states([second]) == {S.WON}


@every
def test_nothing_left_to_decide_is_an_error_and_no_success(world: World, case: Case) -> None:
    [row] = exits(world, 1)
    Opportunity.objects.filter(pk=row.pk).update(state=S.WON, open_client=None)

    answer = decide(world, "supervisor", case.verb, [row], **case.data)

    [refused] = told(answer)
    assert f"#{row.pk}" in refused
    assert states([row]) == {S.WON}


def test_ids_of_another_team_among_ones_own_are_refused(world: World) -> None:
    mine = exits(world, 1)
    Opportunity.objects.filter(pk__in=[row.pk for row in exits(world, 1)]).update(team=world.stranger.desk.team)
    theirs = list(Opportunity.objects.filter(team=world.stranger.desk.team))

    answer = decide(world, "supervisor", "pool", [*mine, *theirs])

    assert told(answer) == [
        f"No tienes permiso para decidir sobre la oportunidad #{theirs[0].pk}.",
        "1 oportunidad devuelta al pool.",
    ]
    assert states(theirs) == {S.EXIT}


def test_closing_asks_why(world: World) -> None:
    rows = exits(world, 1)

    answer = decide(world, "supervisor", "close", rows)

    assert answer.status_code == 200
    assert "Escribe el motivo" in answer.content.decode()
    assert states(rows) == {S.EXIT}


@pytest.mark.parametrize("back", ["https://example.com/", "//example.com/admin/", "/mis-campanias/", ""])
def test_the_way_back_stays_in_the_admin(world: World, back: str) -> None:
    rows = exits(world, 1)

    answer = browser(world, "supervisor").post(address("pool", rows, back=back), {"ids": ids(rows), "reason": ""})

    assert answer.headers["Location"] == "/admin/opportunities/opportunity/"


# --- Beside the list --------------------------------------------------------------------------------------------------


def beside(row: Opportunity) -> str:
    return reverse("admin:opportunities_opportunity_beside", args=[row.pk])


def test_the_panel_shows_all_that_a_decision_takes(world: World) -> None:
    [row] = exits(world, 1, reason="Ya compró")
    phone = row.client.contacts.get().normalised

    whole = browser(world, "supervisor").get(beside(row)).content.decode()
    part = browser(world, "supervisor").get(beside(row), {"panel": "1", "back": f"{INBOX}?stage=1"}).content.decode()

    for text in (row.client.full_name, "“Ya compró”", pretty(phone), str(world.colleague), "la tuvo hasta ahora"):
        assert text in part, text
        assert text in whole, text
    assert "<html" in whole
    assert "<html" not in part
    for verb, key in (("reassign", "r"), ("give-back", "d"), ("pool", "p"), ("close", "c")):
        assert f"decide/{verb}/?ids={row.pk}%3A{row.version}" in part
        assert f'data-key="{key}"' in part
    assert quote(f"{INBOX}?stage=1", safe="") in part


@pytest.mark.parametrize("who", ["foreign_supervisor", *OUTSIDE])
def test_the_panel_is_for_whoever_decides(world: World, who: str) -> None:
    [row] = exits(world, 1)

    assert ask(world, who, beside(row)) in {403, 404}


def test_the_panel_decides_nothing_and_leads_nowhere_else(world: World) -> None:
    [row] = exits(world, 1)
    supervisor = browser(world, "supervisor")

    assert supervisor.post(beside(row)).status_code == 405
    assert "evil.example" not in supervisor.get(beside(row), {"back": "https://evil.example/"}).content.decode()
    assert states([row]) == {S.EXIT}


def test_the_inbox_is_told_in_numbers_and_sorted(world: World) -> None:
    first, second = exits(world, 2)
    Opportunity.objects.filter(pk=second.pk).update(state_since=timezone.now() - dt.timedelta(days=2))
    supervisor = browser(world, "supervisor")

    page = supervisor.get(INBOX).content.decode()
    newest = supervisor.get(INBOX, {"orden": "nuevas"}).content.decode()

    assert "<b>2</b> esperan tu decisión" in page
    assert page.index(str(second.client)) < page.index(str(first.client))
    assert newest.index(str(first.client)) < newest.index(str(second.client))
    assert supervisor.get(INBOX, {"orden": "promotor"}).status_code == 200
    assert supervisor.get(INBOX, {"orden": "cualquiera"}).status_code == 200
