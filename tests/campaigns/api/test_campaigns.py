"""A campaign from form to end over the API."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.enums import CampaignState, EnvioState, WhyNot
from campaigns.models import Campaign, CampaignEvent
from tests.campaigns.api.world import World
from tests.factories.campaigns import EnvioFactory
from tests.factories.whatsapp import WhatsAppSessionFactory

URL = "/api/v1/campaigns/"


def form(world: World, **changes: Any) -> dict[str, Any]:
    return {"name": "Marzo", "session": world.session.pk, "template": "Hola {nombre}", **changes}


def test_a_draft_belongs_to_whoever_makes_it_and_to_the_sessions_team(world: World) -> None:
    answer = world.client("owner").post(URL, form(world, delay_min=5, delay_max=9))

    campaign = Campaign.objects.get(pk=answer.json()["id"])
    assert (campaign.owner, campaign.team, campaign.state) == (world.owner, world.team, CampaignState.DRAFT)
    assert (campaign.delay_min, campaign.delay_max) == (5, 9)


def test_what_the_system_decides_is_not_taken_from_the_request(world: World) -> None:
    decided = {"state": "en_progreso", "owner": world.colleague.pk, "approved_by": world.boss.pk, "columns": ["x"]}

    answer = world.client("owner").post(URL, form(world, **decided))
    made = world.client("owner").post(URL, form(world))
    changed = world.client("owner").patch(f"{URL}{made.json()['id']}/", {"name": "Otra", "state": "en_progreso"})

    assert (answer.status_code, sorted(answer.json()["error"]["fields"])) == (400, sorted(decided))
    assert (changed.status_code, list(changed.json()["error"]["fields"])) == (400, ["state"])
    campaign = Campaign.objects.get()
    assert (campaign.state, campaign.owner, campaign.approved_by, campaign.columns) == (
        CampaignState.DRAFT,
        world.owner,
        None,
        [],
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"session": 10**30}, "session"),
        ({"session": 1.5}, "session"),
        ({"session": True}, "session"),
        ({"template": "Hola {nombre"}, "template"),
        ({"template": ""}, "template"),
        ({"delay_min": 60, "delay_max": 30}, "delay_max"),
        ({"delay_min": 91}, "delay_max"),
        ({"delay_max": 10**9}, "delay_max"),
        ({"max_attempts": 0}, "max_attempts"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(changes: dict[str, Any], field: str, world: World) -> None:
    answer = world.client("owner").post(URL, form(world, **changes))

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], list(error["fields"])) == (400, "invalid", [field])
    assert field in error["message"]
    assert not Campaign.objects.exists()


def test_a_draft_is_edited(world: World) -> None:
    campaign = world.campaign()

    world.client("owner").patch(f"{URL}{campaign.pk}/", {"name": "Abril", "typing": False})

    campaign.refresh_from_db()
    assert (campaign.name, campaign.typing) == ("Abril", False)


@pytest.mark.parametrize("state", [state for state in CampaignState if state != CampaignState.DRAFT])
@pytest.mark.parametrize("method", ["patch", "delete"])
def test_only_a_draft_is_edited_or_deleted(method: str, state: CampaignState, world: World) -> None:
    campaign = world.campaign(state)

    answer = getattr(world.client("boss"), method)(
        f"{URL}{campaign.pk}/", {"name": "Otra"} if method == "patch" else None
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "wrong_state")
    assert Campaign.objects.get(pk=campaign.pk).name == campaign.name


@pytest.mark.parametrize("field", ["template", "session"])
def test_what_recipients_already_carry_is_not_changed_under_them(field: str, world: World) -> None:
    """The text and the session are frozen in each envío when it is imported."""
    campaign = world.complete(CampaignState.DRAFT)
    other = WhatsAppSessionFactory.create(owner=world.owner, team=world.team)
    changed = {"template": "Chau {nombre}", "session": other.pk}

    answer = world.client("owner").patch(f"{URL}{campaign.pk}/", {field: changed[field]})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "wrong_state")
    campaign.refresh_from_db()
    assert (campaign.template, campaign.session) == ("Hola {nombre_destino}, te escribe {nombre}.", world.session)


def test_a_new_message_is_written_to_every_recipient(world: World) -> None:
    campaign = world.complete(CampaignState.DRAFT)

    answer = world.client("owner").post(f"{URL}{campaign.pk}/message/", {"template": "Chau {nombre}"})

    assert answer.json()["template"] == "Chau {nombre}"
    envio = campaign.envios.get()
    assert envio.text == f"Chau {envio.name}"


def test_a_message_that_nobodys_file_can_fill_changes_nothing(world: World) -> None:
    campaign = world.complete(CampaignState.DRAFT)

    answer = world.client("owner").post(f"{URL}{campaign.pk}/message/", {"template": "Debes {saldo}"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "refused")
    assert "{saldo}" in answer.json()["error"]["message"]
    assert campaign.envios.get().text.startswith("Hola")


def test_a_draft_with_recipients_is_cancelled_and_not_deleted(world: World) -> None:
    campaign = world.complete(CampaignState.DRAFT)

    answer = world.client("owner").delete(f"{URL}{campaign.pk}/")

    assert answer.status_code == 409
    assert campaign.envios.exists()


def test_the_verbs_take_it_from_draft_to_cancelled_and_leave_its_history(world: World) -> None:
    campaign = world.complete(CampaignState.DRAFT)
    owner, boss = world.client("owner"), world.client("boss")

    def ask(client: Any, verb: str, **words: str) -> str:
        if verb in {"approve", "reject"}:
            words["version"] = client.get(f"{URL}{campaign.pk}/").json()["version"]
        answer = client.post(f"{URL}{campaign.pk}/{verb}/", words)
        assert answer.status_code == 200, answer.content
        return str(answer.json()["state"])

    states = [
        ask(owner, "submit"),
        ask(boss, "reject", reason="Falta el nombre"),
        ask(owner, "submit"),
        ask(boss, "approve"),
        ask(owner, "launch"),
        ask(owner, "pause", reason="Almuerzo"),
        ask(owner, "resume"),
        ask(owner, "cancel", reason="Se terminó la promoción"),
    ]

    assert states == [
        "por_aprobar", "borrador", "por_aprobar", "aprobada", "en_progreso", "pausada", "en_progreso", "cancelada"
    ]  # fmt: skip
    assert campaign.envios.get().state == EnvioState.CANCELLED
    events = owner.get(f"{URL}{campaign.pk}/events/").json()
    assert [(event["to_state"], event["by"]) for event in events] == [
        (event.to_state, event.by_id) for event in CampaignEvent.objects.filter(campaign=campaign).order_by("id")
    ]
    assert [event["reason"] for event in events if event["reason"]] == [
        "Falta el nombre",
        "Almuerzo",
        "Se terminó la promoción",
    ]


def test_a_verb_that_the_state_does_not_admit_changes_nothing(world: World) -> None:
    campaign = world.campaign(CampaignState.PAUSED)

    answer = world.client("owner").post(f"{URL}{campaign.pk}/pause/")

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "wrong_state")
    assert "pausada" in answer.json()["error"]["message"]
    assert not campaign.events.exists()


def test_an_incomplete_campaign_is_told_what_is_missing(world: World) -> None:
    answer = world.client("owner").post(f"{URL}{world.campaign().pk}/submit/")

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "incomplete")
    assert "importa los destinatarios" in answer.json()["error"]["message"]


@pytest.mark.parametrize("verb", ["reject", "cancel"])
@pytest.mark.parametrize("body", [{}, {"reason": "   "}])
def test_what_hurts_somebody_needs_a_reason(verb: str, body: dict[str, str], world: World) -> None:
    campaign = world.complete(CampaignState.AWAITING_APPROVAL)

    seen = {"version": "x"} if verb == "reject" else {}
    answer = world.client("boss").post(f"{URL}{campaign.pk}/{verb}/", {**body, **seen})

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["reason"])
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.AWAITING_APPROVAL


def test_shows_the_verbs_that_state_and_role_admit(world: World) -> None:
    campaign = world.campaign(CampaignState.AWAITING_APPROVAL)

    assert world.client("owner").get(f"{URL}{campaign.pk}/").json()["verbs"] == ["cancel"]
    assert world.client("boss").get(f"{URL}{campaign.pk}/").json()["verbs"] == ["reject", "approve", "cancel"]


def test_progress_counts_the_states(world: World) -> None:
    campaign = world.campaign(CampaignState.RUNNING)
    EnvioFactory.create_batch(3, campaign=campaign, state=EnvioState.SENT, ack=2)
    EnvioFactory.create(campaign=campaign)

    told = world.client("owner").get(f"{URL}{campaign.pk}/progress/").json()

    assert (told["total"], told["sent"], told["delivered"], told["read"], told["percent_done"]) == (4, 3, 3, 0, 75)
    assert told["counts"] == {**dict.fromkeys(EnvioState.values, 0), "enviado": 3, "pendiente": 1}
    assert world.client("owner").get(f"{URL}{campaign.pk}/").json()["progress"] == told


def test_the_forecast_is_told_in_a_sentence(world: World) -> None:
    campaign = world.complete(CampaignState.DRAFT)

    told = world.client("owner").get(f"{URL}{campaign.pk}/forecast/").json()

    assert told["remaining"] == 1
    assert told["sentence"].startswith("1 ")
    assert told["days"] == [{"day": told["finishes_on"], "count": 1}]


def test_says_why_nothing_goes_out(world: World) -> None:
    campaign = world.campaign(CampaignState.RUNNING)
    EnvioFactory(campaign=campaign)

    told = world.client("owner").get(f"{URL}{campaign.pk}/why-not/").json()

    assert told == {
        "reason": WhyNot.NO_SCHEDULE.value,
        "label": "Ninguna programación aprobada",
        "detail": "",
        "until": None,
    }


def test_filters_by_state(world: World) -> None:
    running, _draft = world.campaign(CampaignState.RUNNING), world.campaign()
    paused = world.campaign(CampaignState.PAUSED)

    found = world.client("owner").get(URL, {"state": ["en_progreso", "pausada"]}).json()["results"]

    assert [row["id"] for row in found] == [paused.pk, running.pk]


def test_new_campaigns_keep_off_holidays_unless_their_author_says_otherwise(world: World) -> None:
    form = {"name": "Nueva", "session": world.session.pk, "template": "Hola {nombre}"}

    usual = world.client("owner").post(URL, form)
    told = world.client("owner").post(URL, {**form, "keeps_off_holidays": False})

    assert (usual.json()["keeps_off_holidays"], told.json()["keeps_off_holidays"]) == (True, False)
    draft = Campaign.objects.get(pk=usual.json()["id"])
    world.client("owner").patch(f"{URL}{draft.pk}/", {"keeps_off_holidays": False})
    draft.refresh_from_db()
    assert draft.keeps_off_holidays is False


@pytest.mark.parametrize("hours", [0, 48, None])
def test_a_campaign_says_how_long_it_leaves_people_of_others_alone(world: World, hours: int | None) -> None:
    made = world.client("owner").post(URL, form(world, person_rest=hours))

    assert made.status_code == 201
    assert made.json()["person_rest"] == hours
    assert Campaign.objects.get().person_rest == hours


@pytest.mark.parametrize("hours", [-1, 721, "mucho"])
def test_a_rest_that_makes_no_sense_is_refused(world: World, hours: object) -> None:
    answer = world.client("owner").post(URL, form(world, person_rest=hours))

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["person_rest"])
    assert not Campaign.objects.exists()


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_campaign_whose_times_changed_since_the_look_is_not_decided(verb: str, world: World) -> None:
    campaign = world.complete(CampaignState.AWAITING_APPROVAL)
    boss, address = world.client("boss"), f"{URL}{campaign.pk}/"
    version = boss.get(address).json()["version"]
    boss.patch(f"/api/v1/schedules/{campaign.schedules.get().pk}/", {"daily_cap": 7})

    answer = boss.post(f"{address}{verb}/", {"version": version, "reason": "Porque sí"})

    campaign.refresh_from_db()
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "stale")
    assert campaign.state == CampaignState.AWAITING_APPROVAL
    assert boss.post(f"{address}{verb}/", {"reason": "Porque sí"}).status_code == 400


def test_a_campaign_that_was_handed_in_anew_is_another_one(world: World) -> None:
    campaign = world.complete(CampaignState.DRAFT)
    owner, boss, address = world.client("owner"), world.client("boss"), f"{URL}{campaign.pk}/"
    owner.post(f"{address}submit/")
    version = boss.get(address).json()["version"]
    boss.post(f"{address}reject/", {"version": version, "reason": "Falta gente"})
    owner.post(f"{address}submit/")

    assert boss.post(f"{address}approve/", {"version": version}).status_code == 409
