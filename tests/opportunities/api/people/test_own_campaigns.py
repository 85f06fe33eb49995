"""A promoter's own clients as recipients, over the API."""

from __future__ import annotations

from typing import Any

from campaigns.models import Campaign
from tests.api_people import new_key
from tests.factories.directory import SuppressionFactory
from tests.opportunities.api.world import World

PATH = "/api/v1/own-campaigns/"


def post(world: World, key: str = "", **fields: Any) -> Any:
    body = {"name": "Seguimiento", "template": "Hola {nombre}", **fields}
    return world.client("owner").post(PATH, body, format="json", headers={"Idempotency-Key": key or new_key()})


def test_a_draft_in_their_name_with_the_chosen_ones(world: World) -> None:
    line = world.line()
    chosen, silent = world.give(2)
    SuppressionFactory.create(phone=silent.client.contacts.get().normalised)

    answer = post(world, session=line.pk, opportunities=[chosen.pk, silent.pk, 10**9])

    told = answer.json()
    assert answer.status_code == 201
    assert (told["rows"], told["accepted"], told["opted_out"]) == (2, 1, 1)
    campaign = Campaign.objects.get(pk=told["campaign"])
    assert (campaign.owner, campaign.session) == (world.owner, line)
    submitted = world.client("owner").post(f"/api/v1/campaigns/{campaign.pk}/submit/")
    assert submitted.json()["state"] == "por_aprobar"


def test_a_repeat_answers_with_the_same_draft(world: World) -> None:
    line = world.line()

    first, again = (post(world, "misma", session=line.pk).json() for _ in range(2))

    assert first == again
    assert Campaign.objects.count() == 1


def test_a_message_that_cannot_be_filled_leaves_nothing(world: World) -> None:
    answer = post(world, session=world.line().pk, template="Debes {saldo}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "audience")
    assert not Campaign.objects.exists()


def test_a_stage_with_nobody_in_it_is_said(world: World) -> None:
    answer = post(world, session=world.line().pk, stage=world.funnel.contacted.pk)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "incomplete")
