"""Who comes in, over the API."""

from __future__ import annotations

from opportunities.enums import OpportunityState
from opportunities.models import Opportunity
from tests.opportunities.api.world import World

V1 = "/api/v1/people"


def test_is_switched_off_with_the_seal_of_what_was_read(world: World) -> None:
    row = world.one()
    address = f"{V1}/{world.owner.pk}"
    held = world.client("admin").get(f"{address}/holdings/").json()

    refused = world.post("admin", f"{address}/switch-off/")
    done = world.post("admin", f"{address}/switch-off/", {"seal": held["seal"]})

    assert (held["active"], refused.status_code, refused.json()["error"]["code"]) == (1, 409, "stale")
    assert (done.status_code, done.json()) == (200, {"to_inbox": 1, "paused": 0})
    assert Opportunity.objects.get(pk=row.pk).state == OpportunityState.EXIT
    assert world.client("admin").get(f"{address}/").json()["is_active"] is False


def test_comes_in_again_and_what_went_to_the_inbox_stays(world: World) -> None:
    row = world.one()
    address = f"{V1}/{world.owner.pk}"
    seal = world.client("admin").get(f"{address}/holdings/").json()["seal"]
    world.post("admin", f"{address}/switch-off/", {"seal": seal})

    answer = world.post("admin", f"{address}/switch-on/")

    world.owner.refresh_from_db()
    assert (answer.status_code, answer.json()["is_active"], world.owner.is_active) == (200, True, True)
    assert Opportunity.objects.get(pk=row.pk).state == OpportunityState.EXIT


def test_the_last_administrator_is_not_switched_off(world: World) -> None:
    answer = world.post("admin", f"{V1}/{world.admin.pk}/switch-off/")

    assert answer.status_code == 400
    world.admin.refresh_from_db()
    assert world.admin.is_active


def test_their_language_is_chosen_and_nothing_else_of_them(world: World) -> None:
    address = f"{V1}/{world.owner.pk}/"

    chosen = world.client("admin").patch(address, {"language": "pt-br"}, content_type="application/json")
    unknown = world.client("admin").patch(address, {"language": "fr"}, content_type="application/json")
    promoted = world.client("admin").patch(address, {"role": "administrador"}, content_type="application/json")

    assert (chosen.status_code, chosen.json()["language"]) == (200, "pt-br")
    assert unknown.status_code == 400
    assert promoted.status_code == 400
    world.owner.refresh_from_db()
    assert (world.owner.language, world.owner.role) == ("pt-br", "promotor")
