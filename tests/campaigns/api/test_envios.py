"""Envíos over the API: what happened to each, and the decisions that only a person takes."""

from __future__ import annotations

import pytest

from campaigns.enums import Ack, CampaignState, EnvioState, Evidence, WhyNot
from campaigns.models import SenderSwitch
from leadmaster.directory.models import Suppression
from tests.campaigns.api.world import World
from tests.factories.campaigns import AttemptFactory, EnvioFactory

URL = "/api/v1/envios/"


def test_tells_its_attempts_and_its_history(world: World) -> None:
    envio = world.envio(EnvioState.UNCERTAIN)
    attempt = AttemptFactory.create(envio=envio)
    world.client("boss").post(f"{URL}{envio.pk}/decide/", {"decision": "give_up", "reason": "No contesta"})

    told = world.client("owner").get(f"{URL}{envio.pk}/").json()

    assert [row["id"] for row in told["attempt_log"]] == [attempt.pk]
    assert [(row["from_state"], row["to_state"], row["evidence"], row["by"]) for row in told["events"]] == [
        ("incierto", "error", Evidence.PERSON.value, world.boss.pk)
    ]


@pytest.mark.parametrize(
    ("decision", "state"),
    [("arrived", EnvioState.SENT_BY_HAND), ("resend", EnvioState.PENDING), ("give_up", EnvioState.ERROR)],
)
def test_the_three_ways_out_of_uncertainty(decision: str, state: EnvioState, world: World) -> None:
    envio = world.envio(EnvioState.UNCERTAIN)

    answer = world.client("boss").post(f"{URL}{envio.pk}/decide/", {"decision": decision, "reason": "La llamé"})

    envio.refresh_from_db()
    assert (answer.json()["state"], envio.state, envio.settled_by) == (state.value, state, world.boss)


@pytest.mark.parametrize("state", [state for state in EnvioState if state != EnvioState.UNCERTAIN])
def test_only_an_uncertain_one_is_decided(state: EnvioState, world: World) -> None:
    envio = world.envio(state)

    answer = world.client("boss").post(f"{URL}{envio.pk}/decide/", {"decision": "resend", "reason": "x"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "wrong_state")
    envio.refresh_from_db()
    assert envio.state == state


@pytest.mark.parametrize("body", [{}, {"decision": "arrived"}, {"decision": "quizás", "reason": "x"}])
def test_a_decision_needs_its_word_and_its_reason(body: dict[str, str], world: World) -> None:
    envio = world.envio(EnvioState.UNCERTAIN)

    assert world.client("boss").post(f"{URL}{envio.pk}/decide/", body).status_code == 400


def test_marking_by_hand_keeps_author_and_reason(world: World) -> None:
    envio = world.envio()

    world.client("boss").post(f"{URL}{envio.pk}/mark-by-hand/", {"reason": "Le escribí yo"})

    envio.refresh_from_db()
    assert (envio.state, envio.settled_by, envio.settled_reason) == (
        EnvioState.SENT_BY_HAND,
        world.boss,
        "Le escribí yo",
    )


def test_receipts_are_told_in_their_order(world: World) -> None:
    envio = EnvioFactory.create(
        campaign=world.campaign(CampaignState.RUNNING), state=EnvioState.SENT, ack=Ack.DELIVERED
    )

    told = world.client("owner").get(f"{URL}{envio.pk}/receipts/").json()

    assert [row["ack"] for row in told] == [Ack.SERVER, Ack.DELIVERED]


def test_says_why_one_does_not_go_out(world: World) -> None:
    envio = world.envio()
    Suppression.objects.create(phone=envio.phone, source="persona", created_at=envio.created_at)

    assert world.client("owner").get(f"{URL}{envio.pk}/why-not/").json()["reason"] == WhyNot.SUPPRESSED


# --- Suppressions and the switch ----------------------------------------------------------------------------------


def test_excluding_a_number_cancels_what_waits_for_it_anywhere(world: World) -> None:
    campaigns = [world.campaign(CampaignState.RUNNING), world.campaign(CampaignState.PAUSED)]
    envios = [EnvioFactory.create(campaign=campaign, phone="+5493515550001") for campaign in campaigns]
    other = world.envio()

    answer = world.client("boss").post(
        "/api/v1/suppressions/", {"phone": "0351 15 555-0001", "region": "AR", "reason": "Lo pidió por teléfono"}
    )

    assert (answer.json()["phone"], answer.json()["cancelled"]) == ("+5493515550001", 2)
    for envio in envios:
        envio.refresh_from_db()
        assert envio.state == EnvioState.CANCELLED
        assert envio.events.get().evidence == Evidence.OPT_OUT
    other.refresh_from_db()
    assert other.state == EnvioState.PENDING
    assert Suppression.objects.get().created_by == world.boss


def test_excluding_it_again_changes_nothing(world: World) -> None:
    client = world.client("boss")
    first = client.post("/api/v1/suppressions/", {"phone": "+5493515550001"}).json()

    again = client.post("/api/v1/suppressions/", {"phone": "+5493515550001", "reason": "Otra"})

    assert again.json() == first


def test_a_number_that_is_none_is_refused_with_its_sentence(world: World) -> None:
    answer = world.client("boss").post("/api/v1/suppressions/", {"phone": "123"})

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["phone"])
    assert not Suppression.objects.exists()


def test_the_switch_tells_its_state_and_who_turned_it(world: World) -> None:
    client = world.client("boss")
    assert client.get("/api/v1/sender-switch/").json() == {
        "on": True,
        "on_in_environment": True,
        "at": None,
        "by": None,
        "reason": "",
        "cap": None,
    }

    told = client.post("/api/v1/sender-switch/", {"on": False, "reason": "Queja de un cliente"}).json()

    assert (told["on"], told["by"], told["reason"]) == (False, world.boss.pk, "Queja de un cliente")
    assert client.get("/api/v1/sender-switch/").json() == told
    assert SenderSwitch.objects.count() == 1


def test_turning_it_needs_a_reason(world: World) -> None:
    assert world.client("boss").post("/api/v1/sender-switch/", {"on": False}).status_code == 400
    assert not SenderSwitch.objects.exists()
