"""A brake through each of its doors: the admin's page, the promoter's page, the API."""

from __future__ import annotations

import pytest
from django.utils import timezone

from campaigns import lifecycle
from campaigns.enums import BrakeKind, CampaignState
from campaigns.models import Campaign, CampaignBrake
from leadmaster.ops.models import Alert
from tests import company as companies
from tests.company import Company, let_into_the_admin, signed_in, told
from tests.factories.campaigns import running_campaign

DETAIL = "fallaron 4 de los últimos 20 intentos (20 %)"


@pytest.fixture
def company(db: None) -> Company:
    return companies.build()


@pytest.fixture
def braked(company: Company, transactional_db: None) -> Campaign:
    campaign = running_campaign(envios=2, owner=company.owner, team=company.team, name="Cuotas")
    lifecycle.brake(campaign, kind=BrakeKind.ERROR_RATE, detail=DETAIL, by=None, now=timezone.now())
    return campaign


def admin_page(campaign: Campaign, verb: str = "change") -> str:
    return f"/admin/campaigns/campaign/{campaign.pk}/{verb}/"


def state_of(campaign: Campaign) -> tuple[str, int]:
    campaign.refresh_from_db()
    return campaign.state, CampaignBrake.objects.filter(open_for=campaign).count()


HELD, FREE = (CampaignState.PAUSED, 1), (CampaignState.RUNNING, 0)


def test_the_admins_page_says_why_and_offers_to_let_go_instead_of_to_resume(company: Company, braked: Campaign) -> None:
    page = signed_in(company.supervisor).get(admin_page(braked)).content.decode()

    assert f"La frenaron sus errores y espera a un supervisor: {DETAIL}" in page
    assert admin_page(braked, "lift") in page
    assert admin_page(braked, "resume") not in page


def test_the_list_says_it_too(company: Company, braked: Campaign) -> None:
    page = signed_in(company.supervisor).get("/admin/campaigns/campaign/").content.decode()

    assert f"La frenaron sus errores y espera a un supervisor: {DETAIL}" in page


def test_a_supervisor_lets_go_in_the_admin_with_a_reason(company: Company, braked: Campaign) -> None:
    boss = signed_in(company.supervisor)

    asked = boss.get(admin_page(braked, "lift")).content.decode()
    assert DETAIL in asked
    assert state_of(braked) == HELD
    boss.post(admin_page(braked, "lift"), {"reason": ""})
    assert state_of(braked) == HELD

    answer = boss.post(admin_page(braked, "lift"), {"reason": "Lista corregida"})

    assert state_of(braked) == FREE
    assert told(answer) == ["Soltaste el freno de “Cuotas”."]
    assert CampaignBrake.objects.get().reason == "Lista corregida"


def test_a_second_press_is_told_so(company: Company, braked: Campaign) -> None:
    boss = signed_in(company.supervisor)
    boss.post(admin_page(braked, "lift"), {"reason": "Lista corregida"})

    answer = boss.post(admin_page(braked, "lift"), {"reason": "Otra vez"}, follow=True)

    assert "Ningún freno detiene" in answer.content.decode()
    assert CampaignBrake.objects.get().reason == "Lista corregida"


@pytest.mark.parametrize("who", ["owner", "colleague", "stranger"])
def test_nobody_else_lets_go_in_the_admin(company: Company, braked: Campaign, who: str) -> None:
    person = getattr(company, who)
    let_into_the_admin(person)

    answer = signed_in(person).post(admin_page(braked, "lift"), {"reason": "Porque sí"})

    assert answer.status_code in {302, 403, 404}
    assert state_of(braked) == HELD


def test_the_owner_reads_why_and_can_neither_resume_nor_let_go(company: Company, braked: Campaign) -> None:
    owner, at = signed_in(company.owner), f"/mis-campanias/{braked.pk}/"

    page = owner.get(at).content.decode()

    assert f"La frenaron sus errores y espera a un supervisor: {DETAIL}" in page
    assert "Tu supervisor puede soltar el freno." in page
    assert "Reanudar" not in page
    assert "/soltar/" not in page
    assert "Reanudar" not in owner.get("/mis-campanias/").content.decode()
    assert "No tienes permiso" in told(owner.post(f"{at}soltar/", {"reason": "Es mía"}))[-1]
    assert "se frenó sola" in told(owner.post(f"{at}paso/resume/"))[-1]
    assert state_of(braked) == HELD


def test_a_supervisor_lets_go_on_the_promoters_page(company: Company, braked: Campaign) -> None:
    boss, at = signed_in(company.supervisor), f"/mis-campanias/{braked.pk}/"
    assert "/soltar/" in boss.get(at).content.decode()

    [refusal] = told(boss.post(f"{at}soltar/", {"reason": " "}))
    assert "Escribe por qué" in refusal
    boss.post(f"{at}soltar/", {"reason": "Lista corregida"})

    assert state_of(braked) == FREE


def test_a_stranger_finds_no_such_page(company: Company, braked: Campaign) -> None:
    answer = signed_in(company.stranger).post(f"/mis-campanias/{braked.pk}/soltar/", {"reason": "Porque sí"})

    assert answer.status_code == 404
    assert state_of(braked) == HELD


def test_the_api_lets_go_once_and_explains_itself(company: Company, braked: Campaign) -> None:
    boss, at = signed_in(company.supervisor), f"/api/v1/campaigns/{braked.pk}"

    standing = boss.get(f"{at}/why-not/").json()
    assert (standing["reason"], standing["detail"]) == ("errores", DETAIL)
    assert boss.post(f"{at}/lift/", {}, content_type="application/json").status_code == 400
    assert boss.post(f"{at}/resume/", {}, content_type="application/json").status_code == 409
    first = boss.post(f"{at}/lift/", {"reason": "Lista corregida"}, content_type="application/json")
    second = boss.post(f"{at}/lift/", {"reason": "Otra vez"}, content_type="application/json")

    assert (first.status_code, first.json()["state"], second.status_code) == (200, "en_progreso", 409)
    assert state_of(braked) == FREE


def test_its_alert_is_for_whoever_sees_the_campaign(company: Company, braked: Campaign) -> None:
    Alert.objects.create(
        key=f"campaign-errors:{braked.pk}",
        open_key=f"campaign-errors:{braked.pk}",
        severity=Alert.Severity.CRITICAL,
        title="Frenada Cuotas",
        opened_at=timezone.now(),
        last_seen_at=timezone.now(),
    )

    assert "Frenada Cuotas" in signed_in(company.supervisor).get("/admin/ops/alert/").content.decode()
    assert "Frenada Cuotas" not in signed_in(company.stranger).get("/admin/ops/alert/").content.decode()
