"""All opportunities: filters, search, and the page of one with its story and its verbs."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from campaigns.enums import Ack, EnvioState
from leadmaster.directory.models import Client
from opportunities.enums import EventKind, OpportunityState
from opportunities.funnel import moves
from opportunities.models import Opportunity
from opportunities.queries import search
from opportunities.supervision import bulk
from tests.company import told
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.opportunities.admin.rules import OUTSIDE, ask, browser
from tests.opportunities.web.conftest import World

LIST = "/admin/opportunities/opportunity/"
S = OpportunityState


def page(row: Opportunity) -> str:
    return reverse("admin:opportunities_opportunity_change", args=[row.pk])


def listed(world: World, query: str = "", who: str = "supervisor") -> str:
    text: str = browser(world, who).get(f"{LIST}{query}").content.decode()
    return text


def shown(world: World, row: Opportunity, query: str, who: str = "supervisor") -> bool:
    return page(row) in listed(world, query, who)


def verb(name: str, row: Opportunity) -> str:
    return f"{LIST}decide/{name}/?ids={row.pk}%3A{row.version}&"


# --- The list ---------------------------------------------------------------------------------------------------------


def test_rows_of_other_teams_do_not_exist(world: World, row: Opportunity) -> None:
    assert shown(world, row, "")
    assert shown(world, row, "", "administrator")
    assert not shown(world, row, "", "foreign_supervisor")
    for who in OUTSIDE:
        assert ask(world, who, LIST) == 403, who


def test_the_filters_choose_by_state_stage_owner_and_team(world: World) -> None:
    new, moved = world.give(2)
    moves.move(moved.pk, world.funnel.contacted, by=world.promoter.user, version=1, now=timezone.now())
    bulk.return_to_pool([new.pk], by=world.supervisor, now=timezone.now())

    for query, found, hidden in (
        ("?state=pool", new, moved),
        ("?state=activa", moved, new),
        (f"?stage={world.funnel.contacted.pk}", moved, new),
        (f"?owner={world.promoter.pk}", moved, new),
    ):
        assert shown(world, found, query), query
        assert not shown(world, hidden, query), query
    assert shown(world, new, f"?team={world.promoter.desk.team_id}")
    assert not shown(world, new, f"?team={world.stranger.desk.team_id}")


def test_overdue_is_a_fact_of_the_clock_and_not_of_the_cron(world: World) -> None:
    late, soon, far = world.give(3)
    now = timezone.now()
    for row, deadline in ((late, -1), (soon, 60), (far, 60 * 48)):
        Opportunity.objects.filter(pk=row.pk).update(deadline=now + dt.timedelta(minutes=deadline))

    overdue, hurried = listed(world, "?clock=overdue"), listed(world, "?clock=soon")

    assert [page(row) in overdue for row in (late, soon, far)] == [True, False, False]
    assert [page(row) in hurried for row in (late, soon, far)] == [False, True, False]
    assert "Vencida" in overdue.partition('id="result_list"')[2]
    late.refresh_from_db()
    assert late.state == S.ACTIVE


@pytest.mark.parametrize(
    "text", ["paula", "PAULA gonz", "gonz pau", "%2B5233 9988 7766", "33 9988 7766", "%23{pk}"], ids=str
)
def test_it_is_found_by_the_beginning_of_a_name_a_whole_phone_or_its_number(world: World, text: str) -> None:
    row, other = world.give(2)
    Client.objects.filter(pk=row.client_id).update(name="Paula", last_names="Gonzalez Paz")
    row.client.contacts.update(normalised="+523399887766")

    query = f"?q={text.format(pk=row.pk)}"

    assert shown(world, row, query)
    assert not shown(world, other, query)
    assert not shown(world, row, query, "foreign_supervisor")


def test_a_search_that_means_nobody_finds_nobody(world: World, row: Opportunity) -> None:
    for text in ("nadie", "999 999 999", "%23999999", "%25"):
        assert not shown(world, row, f"?q={text}"), text


def test_too_many_namesakes_are_told(world: World, row: Opportunity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "NAMESAKES", 1)
    Client.objects.filter(pk=row.client_id).update(name="Ana")

    assert "escribe el nombre y el apellido completos" in listed(world, "?q=ana")


@pytest.mark.parametrize("number", [1, 6])
def test_the_list_costs_the_same_for_one_and_for_six(
    world: World, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    world.give(number)
    supervisor = browser(world, "supervisor")

    with django_assert_num_queries(17):
        supervisor.get(LIST)


def test_nothing_is_added_changed_or_deleted_by_a_form(world: World, row: Opportunity) -> None:
    for who in ("supervisor", "administrator"):
        assert ask(world, who, f"{LIST}add/") == 403
        assert ask(world, who, f"{LIST}{row.pk}/delete/", "post", {"post": "yes"}) == 403
        assert ask(world, who, page(row), "post", {"state": "ganada", "owner": world.colleague.pk}) == 403
    row.refresh_from_db()
    assert (row.state, row.owner) == (S.ACTIVE, world.promoter)


# --- One --------------------------------------------------------------------------------------------------------------


def test_the_page_of_one_is_for_those_who_decide_about_it(world: World, row: Opportunity) -> None:
    for who in OUTSIDE:
        assert ask(world, who, page(row)) == 403, who
    assert ask(world, "foreign_supervisor", page(row)) == 404
    assert ask(world, "supervisor", page(row)) == 200
    assert ask(world, "administrator", page(row)) == 200
    assert ask(world, "supervisor", f"{LIST}x/change/") == 404
    assert ask(world, "supervisor", f"{LIST}{'9' * 30}/change/") == 404


def test_it_tells_history_messages_and_clock(world: World, row: Opportunity) -> None:
    moves.move(row.pk, world.funnel.contacted, by=world.promoter.user, version=1, now=timezone.now())
    moves.note(row.pk, by=world.promoter.user, text="Pidió precios", now=timezone.now())
    campaign = CampaignFactory(owner=world.promoter.user, team=world.promoter.desk.team, name="Otoño")
    phone = row.client.contacts.get().normalised
    EnvioFactory(
        campaign=campaign,
        phone=phone,
        state=EnvioState.SENT,
        ack=Ack.READ,
        text="Hola Ana",
        sent_at=timezone.now(),
    )

    text = browser(world, "supervisor").get(page(row)).content.decode()

    for words in ("De “Nueva” a “Contactada”", "Pidió precios", "Mensaje de “Otoño”", "Hola Ana", "Quedan"):
        assert words in text, words


def test_a_sale_is_told(world: World, row: Opportunity) -> None:
    moves.move(
        row.pk,
        world.funnel.sold,
        by=world.promoter.user,
        version=1,
        now=timezone.now(),
        data={"amount": "1250.50", "product": "Plan familiar"},
    )

    text = browser(world, "supervisor").get(page(row)).content.decode()

    assert "Plan familiar" in text
    assert f"{LIST}decide/" not in text


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        (S.ACTIVE, {"reassign", "pool", "close"}),
        (S.EXIT, {"give-back", "reassign", "pool", "close"}),
        (S.POOL, {"reassign", "close"}),
        (S.LOST, set()),
    ],
)
def test_only_verbs_that_make_sense_are_buttons(
    world: World, row: Opportunity, state: OpportunityState, verbs: set[str]
) -> None:
    now = timezone.now()
    if state is S.EXIT:
        moves.move(row.pk, world.funnel.no_answer, by=world.promoter.user, version=1, now=now)
    elif state is S.POOL:
        bulk.return_to_pool([row.pk], by=world.supervisor, now=now)
    elif state is S.LOST:
        bulk.close([row.pk], by=world.supervisor, now=now, reason="Duplicada")
    row.refresh_from_db()

    text = browser(world, "supervisor").get(page(row)).content.decode().replace("&amp;", "&")

    assert {name for name in ("give-back", "reassign", "pool", "close") if verb(name, row) in text} == verbs
    assert (f"{LIST}{row.pk}/extend/" in text) is (state is S.ACTIVE)


def test_a_decision_comes_back_to_the_page(world: World, row: Opportunity) -> None:
    path = f"{LIST}decide/pool/?ids={row.pk}&back={page(row)}"

    answer = browser(world, "supervisor").post(path, {"ids": f"{row.pk}:{row.version}", "reason": ""}, follow=True)

    assert answer.redirect_chain == [(page(row), 302)]
    assert "Deshacer (hasta las" in answer.content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_costs_the_same_however_long_its_story(
    world: World, row: Opportunity, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(number):
        moves.note(row.pk, by=world.promoter.user, text="Llamé", now=timezone.now())
    supervisor = browser(world, "supervisor")

    supervisor.get(page(row))  # content types are asked for once per process

    with django_assert_num_queries(24):
        supervisor.get(page(row))


# --- Extension --------------------------------------------------------------------------------------------------------


def test_an_extension_asks_first_and_then_starts_the_clock_anew(world: World, row: Opportunity) -> None:
    Opportunity.objects.filter(pk=row.pk).update(deadline=timezone.now() + dt.timedelta(minutes=5))
    path = f"{LIST}{row.pk}/extend/"
    supervisor = browser(world, "supervisor")

    assert "Una sola vez" in supervisor.get(path).content.decode()
    assert not Opportunity.objects.filter(extended=True).exists()
    answer = supervisor.post(path)

    assert answer.headers["Location"] == page(row)
    row.refresh_from_db()
    assert row.extended
    assert row.deadline is not None
    assert row.deadline > timezone.now() + dt.timedelta(minutes=50)
    last = row.events.order_by("-id")[0]
    assert (last.kind, last.by) == (EventKind.EXTENDED, world.supervisor)
    assert told(supervisor.post(path))[-1] == "Esta oportunidad ya tuvo su prórroga."


def test_nobody_else_extends(world: World, row: Opportunity) -> None:
    path = f"{LIST}{row.pk}/extend/"

    for who in OUTSIDE:
        assert ask(world, who, path, "post") == 403, who
    assert ask(world, "foreign_supervisor", path, "post") == 404
    row.refresh_from_db()
    assert not row.extended
