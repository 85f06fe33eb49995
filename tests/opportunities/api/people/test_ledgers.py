"""Ledgers, rests and synchronisations over the API: what was counted, and whose eyes it is for."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from opportunities.models import CoolDown
from tests.opportunities.api.world import World

V1 = "/api/v1"


def listed(world: World, path: str, who: str = "boss", **query: Any) -> list[Any]:
    return list(world.client(who).get(f"{V1}/{path}/", query).json()["results"])


def test_the_ledger_of_all_promoters_is_the_supervisors_of_their_teams(world: World) -> None:
    world.one()
    world.give(to="outsider")

    [line] = listed(world, "quota-entries")

    assert (line["promoter"], line["kind"], line["amount"]) == (world.promoter("owner").pk, "asignacion", 1)
    assert len(listed(world, "quota-entries", who="admin")) == 2
    assert listed(world, "quota-entries", promoter=world.promoter("outsider").pk) == []
    assert listed(world, "quota-entries", day="2020-01-01") == []
    assert len(listed(world, "quota-entries", kind="asignacion")) == 1


def test_rests_are_told_while_they_last_to_who_supervises_the_promoter(world: World) -> None:
    row = world.exit()
    [rest] = CoolDown.objects.all()

    assert [(one["client"], one["promoter"]) for one in listed(world, "cool-downs")] == [
        (row.client_id, world.promoter("owner").pk)
    ]
    assert listed(world, "cool-downs", who="other_boss", client=row.client_id) == []
    CoolDown.objects.filter(pk=rest.pk).update(until=timezone.now())
    assert listed(world, "cool-downs") == []


def test_a_synchronisation_tells_how_far_it_is_and_what_it_found(world: World) -> None:
    done = world.sync()

    told = world.client("boss").get(f"{V1}/syncs/{done.pk}/").json()
    assert (told["running"], told["report"]["read"], told["report"]["new"], told["report"]["gone"]) == (False, 20, 3, 0)
    done.progress = {"done": 5, "total": 20, "alive_at": "2026-01-01T00:00:00+00:00"}
    done.save()
    told = world.client("boss").get(f"{V1}/syncs/{done.pk}/").json()
    assert (told["running"], told["done"], told["total"]) == (True, 5, 20)
