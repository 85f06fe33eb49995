"""Bulk actions: the report, and ten minutes to take them back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from leadmaster.directory.models import Client
from opportunities.enums import OpportunityState
from opportunities.models import BulkAction, Opportunity
from opportunities.supervision import bulk
from opportunities.supervision.undo import undo
from tests.company import told
from tests.opportunities.admin.rules import OUTSIDE, ask, browser
from tests.opportunities.web.conftest import World

LIST = "/admin/opportunities/bulkaction/"
S = OpportunityState


def page(action: BulkAction) -> str:
    return f"{LIST}{action.pk}/change/"


def undo_address(action: BulkAction) -> str:
    return f"{LIST}{action.pk}/undo/"


def done(world: World, rows: list[Opportunity], *, ago: dt.timedelta = dt.timedelta()) -> BulkAction:
    """These were sent to the pool by the supervisor."""
    now = timezone.now() - ago
    report = bulk.return_to_pool([row.pk for row in rows], by=world.supervisor, now=now, reason="Sin respuesta")
    return BulkAction.objects.get(pk=report.action_id)


def states(rows: list[Opportunity]) -> set[str]:
    return set(Opportunity.objects.filter(pk__in=[row.pk for row in rows]).values_list("state", flat=True))


def test_the_undo_names_whom_it_was_done_to_and_stays_off_other_clients_pages(world: World) -> None:
    *rows, other = world.give(4)
    for row, name in zip(rows, ("Ana", "Luis", "Eva"), strict=True):
        Client.objects.filter(pk=row.client_id).update(name=name, last_names="Paz")
    action = done(world, rows)
    supervisor = browser(world, "supervisor")

    def page_of(row: Opportunity) -> str:
        return supervisor.get(f"/admin/opportunities/opportunity/{row.pk}/change/").content.decode()

    assert "Ana Paz, Luis Paz y 1 más" in page_of(rows[0])
    assert undo_address(action) in page_of(rows[2])
    assert undo_address(action) not in page_of(other)
    assert "Ana Paz, Luis Paz y 1 más" in supervisor.get("/admin/opportunities/opportunity/").content.decode()


def test_the_lists_show_what_was_just_done_with_its_undo(world: World) -> None:
    action = done(world, world.give(2))
    supervisor = browser(world, "supervisor")

    for path in ("inbox/", "pool/", ""):
        text = supervisor.get(f"/admin/opportunities/opportunity/{path}").content.decode()
        assert "Devolver al pool: 2 oportunidades" in text, path
        assert undo_address(action) in text, path
    other = browser(world, "administrator").get("/admin/opportunities/opportunity/inbox/").content.decode()
    assert undo_address(action) not in other


@pytest.mark.parametrize("gone", ["late", "undone"])
def test_what_can_not_be_undone_any_more_has_no_button(world: World, gone: str) -> None:
    action = done(world, world.give(1), ago=dt.timedelta(minutes=11) if gone == "late" else dt.timedelta())
    if gone == "undone":
        undo(action, by=world.supervisor, now=timezone.now())
    supervisor = browser(world, "supervisor")

    for path in ("/admin/opportunities/opportunity/inbox/", LIST, page(action)):
        assert undo_address(action) not in supervisor.get(path).content.decode(), path


def test_undo_asks_first(world: World) -> None:
    rows = world.give(2)
    action = done(world, rows)

    text = browser(world, "supervisor").get(undo_address(action)).content.decode()

    assert all(str(row.client) in text for row in rows)
    assert states(rows) == {S.POOL}


def test_undo_brings_them_back_and_says_so(world: World) -> None:
    rows = world.give(2)
    action = done(world, rows)

    answer = browser(world, "supervisor").post(f"{undo_address(action)}?back=/admin/opportunities/opportunity/inbox/")

    assert answer.headers["Location"] == "/admin/opportunities/opportunity/inbox/"
    assert told(answer) == ["2 volvieron a como estaban."]
    assert set(Opportunity.objects.values_list("state", "owner")) == {(S.ACTIVE, world.promoter.pk)}


def test_what_changed_since_stays_and_is_told(world: World) -> None:
    first, second = world.give(2)
    action = done(world, [first, second])
    bulk.close([second.pk], by=world.supervisor, now=timezone.now(), reason="Duplicado")

    answer = browser(world, "supervisor").post(undo_address(action))

    assert told(answer) == [
        f"La oportunidad #{second.pk} cambió después: queda como está.",
        "1 oportunidad volvió a como estaba.",
    ]
    assert states([first]) == {S.ACTIVE}
    assert states([second]) == {S.LOST}


def test_twice_is_refused(world: World) -> None:
    action = done(world, world.give(1))
    supervisor = browser(world, "supervisor")
    supervisor.post(undo_address(action))

    assert told(supervisor.post(undo_address(action)))[-1] == "Esta acción ya se deshizo."


def test_after_ten_minutes_it_stays(world: World) -> None:
    rows = world.give(1)
    action = done(world, rows, ago=dt.timedelta(minutes=11))

    assert told(browser(world, "supervisor").post(undo_address(action))) == [
        "Ya pasaron los diez minutos para deshacer esta acción."
    ]
    assert states(rows) == {S.POOL}


def test_nobody_undoes_what_another_did(world: World) -> None:
    rows = world.give(1)
    action = done(world, rows)

    for who in OUTSIDE:
        assert ask(world, who, undo_address(action), "post") == 403, who
    assert ask(world, "foreign_supervisor", undo_address(action), "post") == 404
    # An administrator sees it, and takes nothing back in somebody's name.
    assert told(browser(world, "administrator").post(undo_address(action))) == [
        "Solo quien hizo la acción puede deshacerla."
    ]
    assert states(rows) == {S.POOL}


def test_the_report_tells_done_and_refused_with_reasons(world: World) -> None:
    first, second = world.give(2)
    Opportunity.objects.filter(pk=second.pk).update(state=S.WON, open_client=None, deadline=None)
    action = done(world, [first, second])

    text = browser(world, "supervisor").get(page(action)).content.decode()

    assert "Devolver al pool: 1 oportunidad; 1 no se hizo" in text
    assert f"La oportunidad #{second.pk} está ganada" in text
    assert "Sin respuesta" in text
    assert text.index("No se hicieron") < text.index(str(second.client)) < text.index(str(first.client))


def test_actions_are_seen_by_their_author_and_administrators(world: World) -> None:
    action = done(world, world.give(1))

    for who in OUTSIDE:
        assert ask(world, who, LIST) == 403, who
        assert ask(world, who, page(action)) == 403, who
    assert page(action) in browser(world, "administrator").get(LIST).content.decode()
    assert page(action) not in browser(world, "foreign_supervisor").get(LIST).content.decode()
    assert ask(world, "foreign_supervisor", page(action)) in {302, 404}


def test_it_is_a_log(world: World) -> None:
    action = done(world, world.give(1))

    assert ask(world, "administrator", f"{LIST}add/") == 403
    assert ask(world, "administrator", f"{LIST}{action.pk}/delete/", "post", {"post": "yes"}) == 403
    assert ask(world, "administrator", page(action), "post", {"reason": "otra"}) == 403
    action.refresh_from_db()
    assert action.reason == "Sin respuesta"


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_the_same_for_one_and_for_three(
    world: World, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(number):
        done(world, world.give(2))
    supervisor = browser(world, "supervisor")

    with django_assert_num_queries(12):
        supervisor.get(LIST)
