"""Reassigning from the desk: to whom, within which quota, and over it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.utils import timezone

from opportunities.enums import OpportunityState
from opportunities.models import CoolDown, DailyQuota, Opportunity, Promoter, QuotaEntry
from opportunities.supervision import bulk
from tests.company import told
from tests.factories.opportunities import PromoterFactory
from tests.opportunities.admin.deciding import INBOX, address, decide, exits, ids, states
from tests.opportunities.admin.rules import OUTSIDE, ask, browser
from tests.opportunities.web.conftest import World

S = OpportunityState


def reassign(world: World, who: str, rows: list[Opportunity], target: Promoter, **data: Any) -> Any:
    return decide(world, who, "reassign", rows, receiver=target.pk, **data)


def several(world: World, who: str, rows: list[Opportunity], *targets: Promoter, **data: Any) -> Any:
    return decide(world, who, "reassign", rows, receiver=[target.pk for target in targets], **data)


def dealt(page: Any) -> dict[str, int]:
    """Who gets how many, as the page tells it."""
    found = re.findall(r"<b>([^<]*)</b>\s*<span[^>]*>recibe (\d+)</span>", page.content.decode())
    return {name: int(number) for name, number in found}


def confirmed(world: World, who: str, rows: list[Opportunity], page: Any, **more: Any) -> Any:
    """What the button of that page sends, or one of its others."""
    carried: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.content.decode()):
        carried.setdefault(name, []).append(value)
    carried.pop("csrfmiddlewaretoken", None)
    return browser(world, who).post(address("reassign", rows, back=INBOX), {**carried, **more})


def shared(target: Promoter, rows: list[Opportunity]) -> str:
    return f"{target.pk}={ids(rows)}"


def offered(world: World, rows: list[Opportunity], who: str = "supervisor") -> str:
    page: str = browser(world, who).get(address("reassign", rows)).content.decode()
    return page.partition('id="id_receiver"')[2]


def test_each_receiver_is_shown_with_quota_left_and_load(world: World) -> None:
    rows = exits(world, 1)
    DailyQuota.objects.create(promoter=world.colleague, day=timezone.now().date(), limit=20, used=15)

    page = offered(world, rows)

    assert str(world.colleague) in page
    assert "puede recibir 5" in page
    assert "cupo de hoy 15 / 20" in page
    assert "activas 0 / 200" in page


def test_whoever_has_them_is_away_or_receives_nothing_is_not_offered(world: World) -> None:
    rows = exits(world, 1)
    away, closed = PromoterFactory(desk=world.promoter.desk), PromoterFactory(desk=world.promoter.desk, available=False)
    today = timezone.now().date()
    away.absences.create(starts_on=today, ends_on=today, created_by=world.supervisor, created_at=timezone.now())

    page = offered(world, rows)

    assert f'value="{world.colleague.pk}"' in page
    for promoter in (world.promoter, away, closed, world.stranger):
        assert f'value="{promoter.pk}"' not in page, promoter


def test_it_passes_to_the_receiver_charged_to_their_quota(world: World) -> None:
    rows = exits(world, 2)

    answer = reassign(world, "supervisor", rows, world.colleague, reason="Conoce la zona")

    assert told(answer) == ["2 oportunidades reasignadas."]
    assert set(Opportunity.objects.filter(pk__in=[row.pk for row in rows]).values_list("state", "owner")) == {
        (S.ACTIVE, world.colleague.pk)
    }
    assert DailyQuota.objects.get(promoter=world.colleague).used == 2


def test_as_many_as_the_quota_admits_and_why_not_the_others_before_it_is_done(world: World) -> None:
    rows = exits(world, 3)
    DailyQuota.objects.create(promoter=world.colleague, day=timezone.now().date(), limit=5, used=4)

    page = reassign(world, "supervisor", rows, world.colleague)

    assert dealt(page) == {str(world.colleague): 1}
    assert f"A {world.colleague} le queda 1 de su cupo de hoy. (2)" in page.content.decode()
    assert states(rows) == {S.EXIT}
    assert told(confirmed(world, "supervisor", rows, page)) == ["1 oportunidad reasignada."]
    assert Opportunity.objects.filter(owner=world.colleague).count() == 1


def test_whose_quota_is_used_up_can_be_seen_and_not_chosen(world: World) -> None:
    rows = exits(world, 1)
    DailyQuota.objects.create(promoter=world.colleague, day=timezone.now().date(), limit=5, used=5)

    page = offered(world, rows)

    assert "sin cupo hoy" in page
    assert "disabled" in page.partition(f'value="{world.colleague.pk}"')[2][:200]
    assert "over_quota" not in page


def test_the_quota_is_passed_by_permission_and_with_a_reason_that_the_ledger_shows(world: World) -> None:
    rows = exits(world, 2)
    DailyQuota.objects.create(promoter=world.colleague, day=timezone.now().date(), limit=5, used=5)

    silent = reassign(world, "administrator", rows, world.colleague, over_quota="on")
    assert "Escribe por qué se pasa el cupo" in silent.content.decode()
    assert states(rows) == {S.EXIT}

    answer = reassign(world, "administrator", rows, world.colleague, over_quota="on", reason="Cierre de mes")

    assert told(answer) == ["2 oportunidades reasignadas."]
    quota = DailyQuota.objects.get(promoter=world.colleague)
    assert (quota.limit, quota.used) == (7, 7)
    assert set(QuotaEntry.objects.filter(quota=quota).values_list("reason", flat=True)) == {"Cierre de mes"}


def test_a_supervisor_without_the_permission_passes_no_quota_by_writing_the_field(world: World) -> None:
    rows = exits(world, 1)
    DailyQuota.objects.create(promoter=world.colleague, day=timezone.now().date(), limit=5, used=5)

    page = reassign(world, "supervisor", rows, world.colleague, over_quota="on", reason="Porque sí")

    assert dealt(page) == {str(world.colleague): 0}
    answer = reassign(
        world, "supervisor", rows, world.colleague, over_quota="on", reason="Sí", shared=shared(world.colleague, rows)
    )

    [refused] = told(answer)
    assert "su cupo de hoy" in refused
    assert states(rows) == {S.EXIT}


@pytest.mark.parametrize("who", ["stranger", "nobody"])
def test_an_invented_receiver_is_asked_again(world: World, who: str) -> None:
    rows = exits(world, 1)
    receiver = world.stranger.pk if who == "stranger" else ""

    answer = decide(world, "supervisor", "reassign", rows, receiver=receiver)

    assert answer.status_code == 200
    assert states(rows) == {S.EXIT}


def test_nobody_else_reassigns(world: World) -> None:
    rows = exits(world, 1)
    data = {"ids": f"{rows[0].pk}:{rows[0].version}", "receiver": world.colleague.pk, "reason": ""}

    for who in OUTSIDE:
        assert ask(world, who, address("reassign", rows), "post", data) == 403, who
    reassign(world, "foreign_supervisor", rows, world.colleague)

    assert states(rows) == {S.EXIT}


# --- Several, and what speaks against it --------------------------------------------------------------------------------


def test_several_share_evenly_after_it_was_shown(world: World) -> None:
    rows = exits(world, 5)
    third = PromoterFactory(desk=world.promoter.desk)

    page = several(world, "supervisor", rows, world.colleague, third)

    assert sorted(dealt(page).values()) == [2, 3]
    assert states(rows) == {S.EXIT}
    assert told(confirmed(world, "supervisor", rows, page)) == ["5 oportunidades reasignadas."]
    given = {str(who): Opportunity.objects.filter(owner=who).count() for who in (world.colleague, third)}
    assert given == dealt(page)


def test_whoever_left_some_gets_them_back_only_if_the_supervisor_says_so(world: World) -> None:
    rows = exits(world, 2)
    bulk.return_to_pool([row.pk for row in rows], by=world.supervisor, now=timezone.now())
    rows = list(Opportunity.objects.order_by("pk"))

    page = reassign(world, "supervisor", rows, world.promoter)

    text = page.content.decode()
    assert dealt(page) == {str(world.promoter): 2}
    assert "2 vuelven a quien las dejó" in text
    assert "2 tienen su descanso sin terminar" in text
    assert CoolDown.objects.count() == 2
    without = confirmed(world, "supervisor", rows, page, toggle="anterior")
    assert dealt(without) == {str(world.promoter): 0}
    assert "queda afuera, como pediste: vuelve a quien la dejó." in without.content.decode()
    assert states(rows) == {S.POOL}

    # In again, and the button does what that page showed.
    again = confirmed(world, "supervisor", rows, without, toggle="anterior")
    assert told(confirmed(world, "supervisor", rows, again)) == ["2 oportunidades reasignadas."]
    assert not CoolDown.objects.exists()


def test_what_speaks_against_each_receiver_stands_beside_them(world: World) -> None:
    [row] = exits(world, 1)
    bulk.return_to_pool([row.pk], by=world.supervisor, now=timezone.now())
    row.refresh_from_db()

    before, _mark, mine = offered(world, [row]).partition(f'value="{world.promoter.pk}"')

    words = "1 vuelve a quien la dejó · 1 tiene su descanso sin terminar"
    other = before if f'value="{world.colleague.pk}"' in before else mine.partition("</label>")[2]
    assert words in mine.partition("</label>")[0]
    assert words not in other.partition("</label>")[0]
    # Nothing speaks against the colleague, who is proposed.
    assert "checked" in other


def test_the_button_decides_about_what_its_page_showed(world: World) -> None:
    rows = exits(world, 3)
    third = PromoterFactory(desk=world.promoter.desk)
    page = several(world, "supervisor", rows, world.colleague, third)
    decide(world, "administrator", "pool", rows[:1])

    refused, done = told(confirmed(world, "supervisor", rows, page))

    assert f"La oportunidad #{rows[0].pk} cambió mientras la mirabas" in refused
    assert done == "2 oportunidades reasignadas."
    assert Opportunity.objects.get(pk=rows[0].pk).state == S.POOL


@pytest.mark.parametrize(
    "text", ["x", "=", "9=", "999999=1:1", "{own}=1:", "{own}={row}", "{stranger}={row}:{version}"]
)
def test_an_invented_share_gives_nobody_anything(world: World, text: str) -> None:
    [row] = exits(world, 1)
    made = text.format(own=world.colleague.pk, stranger=world.stranger.pk, row=row.pk, version=row.version)

    answer = reassign(world, "supervisor", [row], world.colleague, shared=made)

    assert answer.status_code == 302
    assert states([row]) == {S.EXIT}
