"""The pace of a campaign that was approved: slower by whoever operates it, faster by whoever approves, at every door."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import random
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns import pacing
from campaigns.engine.settle import pause_after
from campaigns.enums import CampaignState, EnvioState
from campaigns.errors import Incomplete, NotAllowed, Refused, WrongState
from campaigns.models import Campaign
from campaigns.pacing import Pacing
from leadmaster.accounts.models import User
from tests import company as companies
from tests.campaigns.api import world as worlds
from tests.company import Company, signed_in, told
from tests.factories.campaigns import CampaignFactory, running_campaign
from tests.faults.harness import World

NOW = dt.datetime(2026, 3, 2, 15, tzinfo=dt.UTC)
BEFORE = {"delay_min": 30, "delay_max": 90, "burst_size": 0, "burst_pause": 600}
SLOWER = {**BEFORE, "delay_min": 60, "delay_max": 120}
FASTER = {**BEFORE, "delay_min": 5}
VERSION = "30-90-0-600"
S = CampaignState


@pytest.fixture
def company(db: None) -> Company:
    return companies.build()


@pytest.fixture
def campaign(company: Company) -> Campaign:
    return running_campaign(envios=1, owner=company.owner, team=company.team, name="Reactivación")


def pace(campaign: Campaign) -> dict[str, int]:
    return dataclasses.asdict(Pacing.of(Campaign.objects.get(pk=campaign.pk)))


def change(campaign: Campaign, values: dict[str, int], *, by: User | None, **words: str) -> Campaign:
    words = {"version": VERSION, "reason": "Se quejaron", **words}
    return pacing.change(campaign, Pacing(**values), by=by, now=NOW, **words)


# --- What is slower ---------------------------------------------------------------------------------------------------


def slowest_and_fastest(pace: Pacing, messages: int) -> tuple[float, float]:
    """Seconds that so many pauses take at the least and at the most, as the engine makes them."""
    sums = []
    for end in (0, 1):

        class Always(random.Random):
            def uniform(self, a: float, b: float, _end: int = end) -> float:
                return (a, b)[_end]

        burst, total = 0, 0.0
        campaign = Campaign(**dataclasses.asdict(pace))
        for _message in range(messages):
            rest, burst = pause_after(campaign, burst, rng=Always())
            total += rest.total_seconds()
        sums.append(total)
    return sums[0], sums[1]


def paces() -> list[Pacing]:
    return [
        Pacing(delay_min=low, delay_max=high, burst_size=size, burst_pause=pause)
        for low, high in ((0, 10), (5, 10), (5, 20), (20, 20))
        for size in (0, 1, 2, 3)
        for pause in (0, 7, 20, 50)
    ]


def test_what_counts_as_never_faster_is_never_faster_by_a_single_message() -> None:
    """Every pair of a grid, by the engine's own pauses, message after message."""
    slower = 0
    sums = {pace: [slowest_and_fastest(pace, count) for count in range(1, 8)] for pace in paces()}
    for new in paces():
        for old in paces():
            if not new.never_faster_than(old):
                continue
            slower += new != old
            for after, before in zip(sums[new], sums[old], strict=True):
                assert after >= before, (new, old)
                assert after[1] >= before[1], (new, old)
    assert slower > 200


@pytest.mark.parametrize(
    "change",
    [{"delay_min": 29}, {"delay_max": 89}, {"burst_size": 10, "burst_pause": 89}, {"delay_min": 40, "delay_max": 80}],
)
def test_whatever_may_send_sooner_is_faster(change: dict[str, int]) -> None:
    assert not Pacing(**{**BEFORE, **change}).never_faster_than(Pacing(**BEFORE))


def test_bursts_that_go_are_faster_and_bursts_that_come_are_slower() -> None:
    with_bursts = Pacing(**{**BEFORE, "burst_size": 10})

    assert not Pacing(**BEFORE).never_faster_than(with_bursts)
    assert with_bursts.never_faster_than(Pacing(**BEFORE))


# --- The operation ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "slower", "faster"),
    [
        ("owner", True, False),
        ("colleague", False, False),
        ("supervisor", True, True),
        ("stranger", False, False),
        ("administrator", True, True),
    ],
)
def test_slower_is_the_operators_and_faster_the_approvers(
    campaign: Campaign, company: Company, who: str, slower: bool, faster: bool
) -> None:
    for values, allowed in ((SLOWER, slower), (FASTER, faster)):
        Campaign.objects.filter(pk=campaign.pk).update(**BEFORE)
        if allowed:
            change(campaign, values, by=getattr(company, who))
            assert pace(campaign) == values
        else:
            with pytest.raises(NotAllowed):
                change(campaign, values, by=getattr(company, who))
            assert pace(campaign) == BEFORE


def test_the_history_says_who_when_from_what_to_what_and_why(campaign: Campaign, company: Company) -> None:
    change(campaign, {**SLOWER, "burst_size": 20}, by=company.owner)

    event = campaign.events.get()
    assert (event.by, event.at, event.from_state, event.to_state) == (company.owner, NOW, S.RUNNING, S.RUNNING)
    assert event.change == "Ritmo: de 30–90 s entre mensajes a 60–120 s entre mensajes, 600 s cada 20"
    assert event.reason == "Se quejaron"


@pytest.mark.parametrize(
    ("values", "words", "refusal", "sentence"),
    [
        (SLOWER, {"version": "30-90-0-601"}, WrongState, "mientras lo mirabas"),
        (SLOWER, {"reason": "  "}, Incomplete, "por qué"),
        (BEFORE, {}, Incomplete, "ya es su ritmo"),
        ({**BEFORE, "delay_min": 91}, {}, Incomplete, "más corta"),
        ({**BEFORE, "delay_max": 86_401}, {}, Incomplete, "un día"),
        ({**BEFORE, "burst_pause": 86_401}, {}, Incomplete, "un día"),
        ({**BEFORE, "burst_size": 10_001}, {}, Incomplete, "10000"),
        ({**BEFORE, "delay_min": -1}, {}, Incomplete, "un día"),
    ],
)
def test_what_is_refused_writes_nothing(
    campaign: Campaign,
    company: Company,
    values: dict[str, int],
    words: dict[str, str],
    refusal: type[Refused],
    sentence: str,
) -> None:
    with pytest.raises(refusal, match=sentence):
        change(campaign, values, by=company.supervisor, **words)

    assert pace(campaign) == BEFORE
    assert not campaign.events.exists()


@pytest.mark.parametrize(
    ("state", "who", "sentence"),
    [
        (S.DRAFT, "supervisor", "borrador"),
        (S.FINISHED, "supervisor", "terminó"),
        (S.CANCELLED, "administrator", "terminó"),
        (S.AWAITING_APPROVAL, "owner", "espera aprobación"),
    ],
)
def test_states_in_which_it_is_not_changed(company: Company, state: CampaignState, who: str, sentence: str) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, state=state)

    with pytest.raises(WrongState, match=sentence):
        change(campaign, SLOWER, by=getattr(company, who))

    assert pace(campaign) == BEFORE


@pytest.mark.parametrize("state", [S.AWAITING_APPROVAL, S.APPROVED, S.PAUSED])
def test_whoever_approves_changes_it_from_the_submission_on(company: Company, state: CampaignState) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, state=state)

    change(campaign, FASTER, by=company.supervisor)

    assert pace(campaign) == FASTER
    assert Campaign.objects.get(pk=campaign.pk).state == state


# --- What it does to the sender ---------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_next_message_keeps_the_new_pause_and_nothing_else_moves() -> None:
    world = World()
    campaign = world.campaign(envios=20, delay_min=30, delay_max=30)
    world.run_minutes(1)
    before = sorted(line.at for line in world.provider.ledger)
    assert before
    assert all(later - sooner < dt.timedelta(seconds=60) for sooner, later in itertools.pairwise(before))

    pacing.change(
        campaign,
        Pacing(delay_min=300, delay_max=300, burst_size=0, burst_pause=600),
        version="30-30-0-600",
        by=None,
        reason="Se quejaron",
        now=world.now,
    )
    world.run_minutes(7)

    left = sorted(line.at for line in world.provider.ledger)[len(before) :]
    # One rested already when it changed; from it on each waits for five minutes.
    assert len(left) == 2
    assert all(later - sooner >= dt.timedelta(seconds=300) for sooner, later in itertools.pairwise(left))
    sent = len(before) + len(left)
    assert world.states() == {EnvioState.SENT: sent, EnvioState.PENDING: 20 - sent}
    # What left before is no fault of the pace that came afterwards.
    assert [found for found in world.findings() if not found.startswith("I5")] == []


# --- The doors --------------------------------------------------------------------------------------------------------


def form(values: dict[str, int], **words: str) -> dict[str, Any]:
    return {**values, "version": VERSION, "reason": "Se quejaron", **words}


def admin_page(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_pacing", args=[campaign.pk])


def test_the_page_shows_the_pace_and_changes_it(campaign: Campaign, company: Company) -> None:
    client = signed_in(company.supervisor)
    shown = client.get(admin_page(campaign)).content.decode()
    assert "30–90 s entre mensajes" in shown
    assert f'value="{VERSION}"' in shown
    assert pace(campaign) == BEFORE

    [sentence] = told(client.post(admin_page(campaign), form(FASTER)))

    assert "5–90 s entre mensajes" in sentence
    assert pace(campaign) == FASTER
    page = client.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk])).content.decode()
    assert "Ritmo: de 30–90 s entre mensajes a 5–90 s entre mensajes" in page
    assert admin_page(campaign) in page


def test_two_supervisors_at_one_pace_the_second_is_told(campaign: Campaign, company: Company) -> None:
    client = signed_in(company.supervisor)
    client.post(admin_page(campaign), form(SLOWER))

    [_first, sentence] = told(client.post(admin_page(campaign), form(FASTER)))

    assert "60–120 s" in sentence
    assert pace(campaign) == SLOWER


def test_what_is_mistyped_comes_back_with_its_sentence(campaign: Campaign, company: Company) -> None:
    answer = signed_in(company.supervisor).post(admin_page(campaign), form({**BEFORE, "delay_min": 91}))

    assert answer.status_code == 200
    assert "más corta" in answer.content.decode()
    assert pace(campaign) == BEFORE


@pytest.mark.parametrize(("who", "status"), [("owner", 302), ("colleague", 302), ("stranger", 404), ("nobody", 302)])
def test_the_supervisors_page_is_theirs(campaign: Campaign, company: Company, who: str, status: int) -> None:
    client = Client() if who == "nobody" else signed_in(getattr(company, who))

    answer = client.post(admin_page(campaign), form(SLOWER))

    assert answer.status_code == status
    assert pace(campaign) == BEFORE


@pytest.mark.parametrize(
    ("who", "values", "after"),
    [
        ("owner", SLOWER, SLOWER),
        ("owner", FASTER, BEFORE),
        ("colleague", SLOWER, BEFORE),
        ("supervisor", FASTER, FASTER),
        ("stranger", SLOWER, BEFORE),
    ],
)
def test_the_promoters_page_by_the_same_rule(
    campaign: Campaign, company: Company, who: str, values: dict[str, int], after: dict[str, int]
) -> None:
    answer = signed_in(getattr(company, who)).post(f"/mis-campanias/{campaign.pk}/ritmo/", form(values))

    assert pace(campaign) == after
    assert answer.status_code == (404 if who in {"colleague", "stranger"} else 302)
    if (who, values) == ("owner", FASTER):
        assert "supervisor" in told(answer)[0]


def test_the_promoters_page_shows_the_form_to_whom_it_serves(campaign: Campaign, company: Company) -> None:
    address = f"/mis-campanias/{campaign.pk}/"
    client = signed_in(company.owner)
    page = client.get(address).content.decode()
    assert "Cambiar ritmo" in page
    assert "30–90 s entre mensajes" in page

    again = client.post(f"{address}ritmo/", form({**BEFORE, "delay_max": 10})).content.decode()
    assert "más corta" in again
    Campaign.objects.filter(pk=campaign.pk).update(state=S.CANCELLED)
    assert "Cambiar ritmo" not in client.get(address).content.decode()
    assert client.post(f"{address}ritmo/", {}).status_code == 302
    assert pace(campaign) == BEFORE


@pytest.mark.parametrize(
    ("who", "values", "status"),
    [
        ("owner", {"delay_min": 60}, 200),
        ("owner", {"delay_min": 5}, 403),
        ("colleague", {"delay_min": 60}, 404),
        ("boss", {"delay_min": 5}, 200),
        ("outsider", {"delay_min": 60}, 404),
        ("other_boss", {"delay_min": 5}, 404),
        ("admin", {"delay_min": 5}, 200),
    ],
)
def test_the_api_by_the_same_rule(db: None, who: str, values: dict[str, int], status: int) -> None:
    world = worlds.build()
    campaign = world.complete(S.RUNNING)
    seen = world.client("boss").get(f"/api/v1/campaigns/{campaign.pk}/").json()["pacing_version"]
    body = {**values, "version": seen, "reason": "Se quejaron"}

    answer = world.client(who).post(f"/api/v1/campaigns/{campaign.pk}/pacing/", body, format="json")

    assert answer.status_code == status
    assert pace(campaign) == ({**BEFORE, **values} if status == 200 else BEFORE)
    if status == 200:
        assert answer.json()["pacing_version"] != seen
        events = world.client(who).get(f"/api/v1/campaigns/{campaign.pk}/events/").json()
        assert events[0]["change"].startswith("Ritmo: de 30–90 s")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"version": VERSION, "delay_min": 40}, 400),
        ({"delay_min": 40, "reason": "x"}, 400),
        ({"version": "otra", "delay_min": 40, "reason": "x"}, 409),
        ({"version": VERSION, "delay_max": 86_401, "reason": "x"}, 400),
        ({"version": VERSION, "delay": 40, "reason": "x"}, 400),
        ({"version": VERSION, "reason": "x"}, 422),
    ],
)
def test_the_api_refuses_with_a_sentence(db: None, body: dict[str, Any], status: int) -> None:
    world = worlds.build()
    campaign = world.complete(S.RUNNING)

    answer = world.client("boss").post(f"/api/v1/campaigns/{campaign.pk}/pacing/", body, format="json")

    assert answer.status_code == status, answer.json()
    assert pace(campaign) == BEFORE


def test_a_drafts_form_has_the_same_bounds(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team)
    address = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    names = {"name": "Otra", "template": "Hola {nombre}", "owner": campaign.owner_id, "team": campaign.team_id}
    rows = {f"schedules-{name}": 0 for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    values = {**names, **rows, **BEFORE, "delay_max": 86_401, "session": campaign.session_id, "max_attempts": 5}

    answer = signed_in(company.supervisor).post(address, values)

    assert answer.status_code == 200
    assert "86400" in answer.content.decode()
    assert pace(campaign) == BEFORE
