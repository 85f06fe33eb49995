"""The uncertain: somebody looks, decides, and says how they know."""

from __future__ import annotations

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import reverse
from django.utils import timezone

from campaigns.enums import AttemptOutcome, EnvioState
from campaigns.models import Campaign, Envio
from tests.company import Company, let_into_the_admin, signed_in, told
from tests.factories.campaigns import AttemptFactory, EnvioFactory, running_campaign
from whatsapp.gateways.base import Capability

LIST = "/admin/campaigns/uncertainenvio/"
DECIDE = "/admin/campaigns/uncertainenvio/decide/"


@pytest.fixture
def campaign(company: Company) -> Campaign:
    return running_campaign(owner=company.owner, team=company.team)


@pytest.fixture
def envio(campaign: Campaign) -> Envio:
    made: Envio = EnvioFactory(campaign=campaign, state=EnvioState.UNCERTAIN, name="Ana Sosa")
    return made


def test_the_list_holds_the_uncertain_of_this_person_alone(company: Company, campaign: Campaign, envio: Envio) -> None:
    EnvioFactory(campaign=campaign, name="Pendiente Ruiz")

    mine = signed_in(company.supervisor).get(LIST).content.decode()
    other = signed_in(company.stranger).get(LIST).content.decode()

    assert "Ana Sosa" in mine
    assert "Pendiente Ruiz" not in mine
    assert "Ana Sosa" not in other


def test_choosing_some_freezes_their_ids(company: Company, envio: Envio) -> None:
    response = signed_in(company.supervisor).post(LIST, {"action": "decide_selected", ACTION_CHECKBOX_NAME: [envio.pk]})

    assert response.status_code == 302
    assert response.headers["Location"] == f"{DECIDE}?ids={envio.pk}"


def test_get_shows_whom_it_is_about_and_changes_nothing(company: Company, envio: Envio) -> None:
    page = signed_in(company.supervisor).get(DECIDE, {"ids": envio.pk}).content.decode()

    assert "Ana Sosa" in page
    assert "la persona lo recibe dos veces" in page
    envio.refresh_from_db()
    assert envio.state == EnvioState.UNCERTAIN


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        ("arrived", EnvioState.SENT_BY_HAND),
        ("resend", EnvioState.PENDING),
        ("give_up", EnvioState.ERROR),
    ],
)
def test_each_decision_moves_it_and_writes_who_knew_what(
    company: Company, envio: Envio, decision: str, state: EnvioState
) -> None:
    data = {"ids": envio.pk, "decision": decision, "reason": "Lo vi en el teléfono"}

    response = signed_in(company.supervisor).post(DECIDE, data)

    assert told(response) == ["1 mensaje decidido."]
    envio.refresh_from_db()
    assert (envio.state, envio.settled_by) == (state, company.supervisor)
    event = envio.events.get()
    assert (event.by, event.reason) == (company.supervisor, "Lo vi en el teléfono")


@pytest.mark.parametrize(
    "missing", [{"reason": ""}, {"decision": ""}, {"decision": "invent"}], ids=["reason", "decision", "unknown"]
)
def test_half_a_decision_is_asked_again(company: Company, envio: Envio, missing: dict[str, str]) -> None:
    data = {"ids": envio.pk, "decision": "resend", "reason": "No llegó", **missing}

    response = signed_in(company.supervisor).post(DECIDE, data)

    assert response.status_code == 200
    envio.refresh_from_db()
    assert envio.state == EnvioState.UNCERTAIN


def test_many_at_once_tell_which_were_refused_and_do_the_others(company: Company, campaign: Campaign) -> None:
    first, second = EnvioFactory.create_batch(2, campaign=campaign, state=EnvioState.UNCERTAIN)
    late = EnvioFactory(campaign=campaign, state=EnvioState.SENT)
    ids = f"{first.pk},{second.pk},{late.pk}"

    response = signed_in(company.supervisor).post(DECIDE, {"ids": ids, "decision": "give_up", "reason": "No llegaron"})

    assert told(response) == ["1 × El envío ahora está enviado. Actualiza la página.", "2 mensajes decididos."]
    assert set(Envio.objects.values_list("state", flat=True)) == {EnvioState.ERROR, EnvioState.SENT}


def test_ids_of_another_team_are_left_alone(company: Company, envio: Envio) -> None:
    response = signed_in(company.stranger).post(DECIDE, {"ids": envio.pk, "decision": "resend", "reason": "No llegó"})

    assert told(response) == ["Elige al menos un mensaje incierto."]
    envio.refresh_from_db()
    assert envio.state == EnvioState.UNCERTAIN


def test_a_role_without_the_decision_does_not_come_in(company: Company, envio: Envio) -> None:
    let_into_the_admin(company.owner)
    client = signed_in(company.owner)

    assert client.get(LIST).status_code == 403
    assert client.post(DECIDE, {"ids": envio.pk, "decision": "resend", "reason": "x"}).status_code == 403
    envio.refresh_from_db()
    assert envio.state == EnvioState.UNCERTAIN


def test_what_is_no_number_among_the_ids_is_left_out(company: Company, envio: Envio) -> None:
    response = signed_in(company.supervisor).get(DECIDE, {"ids": f"x,{envio.pk},-1,;drop"})

    assert f'value="{envio.pk}"' in response.content.decode()


def test_the_page_of_one_message_leads_to_its_decision(company: Company, envio: Envio) -> None:
    page = signed_in(company.supervisor).get(reverse("admin:campaigns_envio_change", args=[envio.pk])).content.decode()

    assert f"{DECIDE}?ids={envio.pk}" in page


# --- What is known ----------------------------------------------------------------------------------------------------


def ask(envio: Envio) -> str:
    return reverse("admin:campaigns_uncertainenvio_ask", args=[envio.pk])


def test_what_we_sent_and_what_was_answered_stand_side_by_side(company: Company, envio: Envio) -> None:
    Envio.objects.filter(pk=envio.pk).update(text="Hola Ana, ¿te sirve el martes?", lookups=2)
    AttemptFactory(envio=envio, outcome=AttemptOutcome.UNKNOWN, detail="Se cortó a los 75 s", host="gateway.example")

    page = signed_in(company.supervisor).get(DECIDE, {"ids": envio.pk}).content.decode()

    for text in ("Hola Ana, ¿te sirve el martes?", "Se cortó a los 75 s", "gateway.example", "2 veces"):
        assert text in page, text


def test_asking_now_puts_it_first_and_decides_nothing(company: Company, envio: Envio) -> None:
    session = envio.session
    session.capabilities = [Capability.LOOKUP.value]
    session.save()
    supervisor = signed_in(company.supervisor)
    assert ask(envio) in supervisor.get(DECIDE, {"ids": envio.pk}).content.decode()

    supervisor.get(ask(envio))
    asked = Envio.objects.uncertain().filter(lookup_due__isnull=False)
    assert not asked.exists()
    response = supervisor.post(ask(envio))

    assert "menos de un minuto" in told(response)[0]
    assert asked.exists()
    assert signed_in(company.stranger).post(ask(envio)).status_code == 404


def test_a_gateway_that_answers_no_questions_is_not_asked(company: Company, envio: Envio) -> None:
    assert "no contesta consultas" in told(signed_in(company.supervisor).post(ask(envio)))[0]
    envio.refresh_from_db()
    assert envio.lookup_due is None


def test_what_was_settled_meanwhile_is_not_asked_about(company: Company, envio: Envio) -> None:
    session = envio.session
    session.capabilities = [Capability.LOOKUP.value]
    session.save()
    Envio.objects.filter(pk=envio.pk).update(state=EnvioState.ERROR, ended_at=timezone.now())

    assert told(signed_in(company.supervisor).post(ask(envio)))[0] == "Este mensaje ya no está incierto."
