"""Reassigning from the desk: to whom, within which quota, and over it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from opportunities.enums import OpportunityState
from opportunities.models import DailyQuota, Opportunity, Promoter, QuotaEntry
from tests.company import told
from tests.factories.opportunities import PromoterFactory
from tests.opportunities.admin.deciding import address, decide, exits, states
from tests.opportunities.admin.rules import OUTSIDE, ask, browser
from tests.opportunities.web.conftest import World

S = OpportunityState


def reassign(world: World, who: str, rows: list[Opportunity], target: Promoter, **data: Any) -> Any:
    return decide(world, who, "reassign", rows, receiver=target.pk, **data)


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


def test_as_many_as_the_quota_admits_and_the_others_are_told(world: World) -> None:
    rows = exits(world, 3)
    DailyQuota.objects.create(promoter=world.colleague, day=timezone.now().date(), limit=5, used=4)

    answer = reassign(world, "supervisor", rows, world.colleague)

    refused, done = told(answer)
    assert "su cupo de hoy" in refused
    assert done == "1 oportunidad reasignada."
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

    answer = reassign(world, "supervisor", rows, world.colleague, over_quota="on", reason="Porque sí")

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
