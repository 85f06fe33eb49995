"""Every verb on a campaign by the same recipe: five tests each, and everybody who may not."""

from __future__ import annotations

import dataclasses

import pytest
from django.test import Client
from django.urls import reverse

from campaigns import lifecycle, versions
from campaigns.enums import CampaignState, EnvioState, ScheduleState
from campaigns.errors import WrongState
from campaigns.lifecycle import Verb
from campaigns.models import Campaign, Envio
from tests.company import Company, let_into_the_admin, signed_in, told
from tests.factories.campaigns import CampaignFactory, EnvioFactory, ScheduleFactory

S = CampaignState


@dataclasses.dataclass(frozen=True)
class Case:
    verb: Verb
    before: CampaignState
    after: CampaignState
    wrong: CampaignState  # a state from which the verb is refused
    reason_needed: bool = False
    word: str = ""  # part of what the person is told


CASES = [
    Case(Verb.SUBMIT, S.DRAFT, S.AWAITING_APPROVAL, S.RUNNING, word="espera la aprobación"),
    Case(Verb.APPROVE, S.AWAITING_APPROVAL, S.APPROVED, S.DRAFT, word="quedó aprobada"),
    Case(Verb.REJECT, S.AWAITING_APPROVAL, S.DRAFT, S.RUNNING, reason_needed=True, word="volvió a borrador"),
    Case(Verb.LAUNCH, S.APPROVED, S.RUNNING, S.PAUSED, word="está en marcha"),
    Case(Verb.PAUSE, S.RUNNING, S.PAUSED, S.DRAFT, word="quedó en pausa"),
    Case(Verb.RESUME, S.PAUSED, S.RUNNING, S.RUNNING, word="vuelve a enviar"),
    Case(Verb.CANCEL, S.RUNNING, S.CANCELLED, S.FINISHED, reason_needed=True, word="quedó cancelada"),
]
everywhere = pytest.mark.parametrize("case", CASES, ids=lambda case: case.verb.value)


def campaign_in(company: Company, state: CampaignState) -> Campaign:
    campaign: Campaign = CampaignFactory(owner=company.owner, team=company.team, state=state, name="Reactivación")
    EnvioFactory.create_batch(2, campaign=campaign, name="Ana Sosa")
    decided = state not in {S.DRAFT, S.AWAITING_APPROVAL}
    ScheduleFactory(campaign=campaign, state=ScheduleState.APPROVED if decided else ScheduleState.PENDING)
    return campaign


def url(case: Case, campaign: Campaign) -> str:
    return reverse(f"admin:campaigns_campaign_{case.verb.value}", args=[campaign.pk])


def page(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_change", args=[campaign.pk])


@everywhere
def test_get_shows_what_it_touches_and_changes_nothing(company: Company, case: Case) -> None:
    campaign = campaign_in(company, case.before)

    response = signed_in(company.supervisor).get(url(case, campaign))

    assert response.status_code == 200
    assert "Reactivación" in response.content.decode()
    campaign.refresh_from_db()
    assert campaign.state == case.before
    assert not campaign.events.exists()


@everywhere
def test_post_acts_says_so_and_writes_down_who(company: Company, case: Case) -> None:
    campaign = campaign_in(company, case.before)

    seen = {"version": versions.of_campaign(Campaign.objects.get(pk=campaign.pk))}
    response = signed_in(company.supervisor).post(url(case, campaign), {"reason": "Lo hablamos en la reunión", **seen})

    assert response.status_code == 302
    assert response.headers["Location"] == page(campaign)
    [sentence] = told(response)
    assert case.word in sentence
    campaign.refresh_from_db()
    assert campaign.state == case.after
    event = campaign.events.get()
    assert (event.by, event.from_state, event.to_state) == (company.supervisor, case.before, case.after)


@pytest.mark.parametrize("case", [case for case in CASES if case.reason_needed], ids=lambda case: case.verb.value)
def test_post_without_a_reason_asks_again_and_changes_nothing(company: Company, case: Case) -> None:
    campaign = campaign_in(company, case.before)

    response = signed_in(company.supervisor).post(url(case, campaign), {"reason": "  "})

    assert response.status_code == 200
    assert "Escribe el motivo" in response.content.decode()
    campaign.refresh_from_db()
    assert campaign.state == case.before


@everywhere
def test_whoever_has_no_business_with_it_finds_nothing(company: Company, case: Case) -> None:
    campaign = campaign_in(company, case.before)

    for method in ("get", "post"):
        response = getattr(signed_in(company.stranger), method)(url(case, campaign), {"reason": "Quiero"})
        assert response.status_code == 404

    campaign.refresh_from_db()
    assert campaign.state == case.before


@everywhere
@pytest.mark.parametrize("who", ["owner", "colleague"])
def test_promoters_do_not_come_to_the_desk(company: Company, case: Case, who: str) -> None:
    campaign = campaign_in(company, case.before)

    response = signed_in(getattr(company, who)).post(url(case, campaign), {"reason": "Quiero"})

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")
    campaign.refresh_from_db()
    assert campaign.state == case.before


@everywhere
def test_nobody_is_sent_to_log_in(company: Company, case: Case) -> None:
    campaign = campaign_in(company, case.before)

    response = Client().post(url(case, campaign), {"reason": "Quiero"}, follow=True)

    assert response.redirect_chain[-1][0].startswith("/login/?next=")
    campaign.refresh_from_db()
    assert campaign.state == case.before


@everywhere
def test_from_the_wrong_state_the_refusal_is_told_and_nothing_changes(company: Company, case: Case) -> None:
    campaign = campaign_in(company, case.wrong)
    client = signed_in(company.supervisor)

    shown = client.get(url(case, campaign))
    posted = client.post(url(case, campaign), {"reason": "Quiero"})

    for response in (shown, posted):
        assert response.status_code == 302
        assert response.headers["Location"] == page(campaign)
    assert all("está" in sentence for sentence in told(posted))
    campaign.refresh_from_db()
    assert campaign.state == case.wrong
    assert not campaign.events.exists()


def test_a_supervisor_without_the_verb_is_refused(company: Company) -> None:
    """Staff whose role carries no approval: the row is visible, the verb is not theirs."""
    campaign = campaign_in(company, S.AWAITING_APPROVAL)
    let_into_the_admin(company.owner)

    response = signed_in(company.owner).post(
        reverse("admin:campaigns_campaign_approve", args=[campaign.pk]), {"reason": "Me apruebo"}
    )

    assert response.status_code == 403
    campaign.refresh_from_db()
    assert campaign.state == S.AWAITING_APPROVAL


def test_cancelling_shows_counts_and_people_and_then_sweeps_what_is_pending(company: Company) -> None:
    campaign = campaign_in(company, S.RUNNING)
    sent = EnvioFactory(campaign=campaign, state=EnvioState.SENT)
    client = signed_in(company.supervisor)
    address = reverse("admin:campaigns_campaign_cancel", args=[campaign.pk])

    shown = client.get(address).content.decode()
    client.post(address, {"reason": "Precio equivocado"})

    assert "Pendientes que no saldrán" in shown
    assert "Ana Sosa" in shown
    assert "No se puede deshacer" in shown
    assert Envio.objects.filter(campaign=campaign, state=EnvioState.CANCELLED).count() == 2
    sent.refresh_from_db()
    assert sent.state == EnvioState.SENT


def test_submitting_an_empty_campaign_says_what_is_missing(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team)

    response = signed_in(company.supervisor).post(reverse("admin:campaigns_campaign_submit", args=[campaign.pk]))

    [sentence] = told(response)
    assert "importa los destinatarios" in sentence
    assert "programación" in sentence


@pytest.mark.parametrize("verb", [Verb.APPROVE, Verb.REJECT])
def test_what_changed_since_the_page_was_shown_is_not_decided(company: Company, verb: Verb) -> None:
    campaign = campaign_in(company, S.AWAITING_APPROVAL)
    client, address = signed_in(company.supervisor), reverse(f"admin:campaigns_campaign_{verb}", args=[campaign.pk])
    version = client.get(address).context["form"].initial["version"]
    campaign.schedules.update(daily_cap=7)

    for seen in ({"version": version}, {}):
        answer = client.post(address, {"reason": "Quiero", **seen})
        assert "cambió mientras la mirabas" in " ".join(told(answer))
    campaign.refresh_from_db()
    assert campaign.state == S.AWAITING_APPROVAL


def test_a_page_whose_schedules_are_no_longer_its_readers_to_change_says_so(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Submitted between the reading of the form and its writing."""
    campaign = campaign_in(company, S.APPROVED)
    schedule = campaign.schedules.get()
    form = {
        "schedules-TOTAL_FORMS": "1",
        "schedules-INITIAL_FORMS": "1",
        "schedules-0-id": schedule.pk,
        "schedules-0-campaign": campaign.pk,
        "schedules-0-weekdays": ["0"],
        "schedules-0-windows": [],
        "schedules-0-windows_opens": ["09:00"],
        "schedules-0-windows_closes": ["18:00"],
        "schedules-0-starts_on": schedule.starts_on.isoformat(),
        "schedules-0-daily_cap": "500",
    }

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise WrongState("La campaña ya terminó.")

    monkeypatch.setattr(lifecycle, "hold_schedules", refuse)
    answer = signed_in(company.supervisor).post(page(campaign), form)

    assert told(answer) == ["La campaña ya terminó."]
    schedule.refresh_from_db()
    assert schedule.daily_cap != 500
