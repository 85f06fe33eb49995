"""What a person decides about one envío, and what they may not."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection

from campaigns import decisions, lifecycle
from campaigns.decisions import Decision
from campaigns.enums import CAMPAIGN_ENDED, CampaignState, EnvioState, Evidence
from campaigns.errors import Incomplete, NotAllowed, WrongState
from campaigns.models import Campaign, Envio, EnvioEvent
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory, campaign_of

NOW = dt.datetime(2026, 3, 2, 13, 0, tzinfo=dt.UTC)


def an_envio(state: EnvioState = EnvioState.UNCERTAIN, campaign_state: CampaignState = CampaignState.RUNNING) -> Envio:
    envio: Envio = EnvioFactory.create(
        campaign=CampaignFactory.create(state=campaign_state),
        state=state,
        error_code="TIMEOUT" if state is EnvioState.UNCERTAIN else "",
        lookup_due=NOW if state is EnvioState.UNCERTAIN else None,
    )
    return envio


def boss_of(envio: Envio) -> User:
    boss: User = UserFactory.create(role=Role.SUPERVISOR)
    campaign_of(envio).team.supervisors.add(boss)
    return boss


# --- What becomes of it -------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("decision", "target", "fields"),
    [
        (Decision.ARRIVED, EnvioState.SENT_BY_HAND, {"ended_at": NOW, "error_code": "TIMEOUT"}),
        (Decision.RESEND, EnvioState.PENDING, {"next_due": NOW, "dispatched_at": None, "error_code": ""}),
        (Decision.GIVE_UP, EnvioState.ERROR, {"ended_at": NOW, "error_code": "DECIDED", "error_text": "La llamé"}),
    ],
)
def test_the_three_ways_out_of_uncertainty(decision: Decision, target: EnvioState, fields: dict[str, object]) -> None:
    envio = an_envio()
    boss = boss_of(envio)
    client_message_id = envio.client_message_id

    decisions.decide(envio, decision, by=boss, reason="  La llamé  ", now=NOW)

    fresh = Envio.objects.get(pk=envio.pk)
    assert (fresh.state, fresh.settled_by, fresh.settled_reason, fresh.lookup_due) == (target, boss, "La llamé", None)
    assert {name: getattr(fresh, name) for name in fields} == fields
    # A repeat keeps the id by which the gateway may recognise it.
    assert fresh.client_message_id == client_message_id
    event = EnvioEvent.objects.get(envio=envio)
    assert (event.from_state, event.to_state, event.evidence, event.by, event.at, event.reason) == (
        EnvioState.UNCERTAIN,
        target,
        Evidence.PERSON,
        boss,
        NOW,
        "La llamé",
    )


def test_every_decision_leads_somewhere() -> None:
    assert set(decisions._TARGET) == set(Decision)


@pytest.mark.django_db
def test_marking_by_hand_keeps_author_reason_and_time() -> None:
    envio = an_envio(EnvioState.PENDING)
    boss = boss_of(envio)

    decisions.mark_by_hand(envio, by=boss, reason="Le escribí yo", now=NOW)

    fresh = Envio.objects.get()
    assert (fresh.state, fresh.settled_by, fresh.settled_reason, fresh.ended_at) == (
        EnvioState.SENT_BY_HAND,
        boss,
        "Le escribí yo",
        NOW,
    )
    assert EnvioEvent.objects.get().from_state == EnvioState.PENDING


# --- What is refused ----------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("decision", Decision)
@pytest.mark.parametrize("state", [state for state in EnvioState if state is not EnvioState.UNCERTAIN])
def test_only_an_uncertain_one_is_decided(state: EnvioState, decision: Decision) -> None:
    envio = an_envio(state)
    before = Envio.objects.values().get()

    with pytest.raises(WrongState, match=EnvioState(state).label.lower()):
        decisions.decide(envio, decision, by=boss_of(envio), reason="La llamé", now=NOW)

    assert Envio.objects.values().get() == before
    assert not EnvioEvent.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("state", [state for state in EnvioState if state is not EnvioState.PENDING])
def test_only_a_pending_one_is_marked_by_hand(state: EnvioState) -> None:
    envio = an_envio(state)

    with pytest.raises(WrongState):
        decisions.mark_by_hand(envio, by=boss_of(envio), reason="Le escribí yo", now=NOW)

    assert Envio.objects.get().state == state


@pytest.mark.django_db
@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_nothing_is_decided_without_a_reason(reason: str) -> None:
    envio = an_envio()
    boss = boss_of(envio)

    with pytest.raises(Incomplete):
        decisions.decide(envio, Decision.RESEND, by=boss, reason=reason, now=NOW)

    assert Envio.objects.get().state == EnvioState.UNCERTAIN


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["owner", "colleague", "other_boss", "outsider"])
def test_only_the_boss_decides(who: str) -> None:
    envio = an_envio()
    pending = an_envio(EnvioState.PENDING)
    person = (
        campaign_of(envio).owner
        if who == "owner"
        else UserFactory.create(role=Role.SUPERVISOR if who == "other_boss" else Role.PROMOTER)
    )
    if who == "colleague":
        campaign_of(envio).team.members.add(person)
    if who == "other_boss":
        TeamFactory.create(supervisors=[person])

    with pytest.raises(NotAllowed):
        decisions.decide(envio, Decision.RESEND, by=person, reason="x", now=NOW)
    with pytest.raises(NotAllowed):
        decisions.mark_by_hand(pending, by=person, reason="x", now=NOW)

    assert set(Envio.objects.values_list("state", flat=True)) == {EnvioState.UNCERTAIN, EnvioState.PENDING}


@pytest.mark.django_db
@pytest.mark.parametrize("state", CAMPAIGN_ENDED)
def test_nothing_goes_out_again_from_a_campaign_that_ended(state: CampaignState) -> None:
    envio = an_envio(campaign_state=state)
    boss = boss_of(envio)

    with pytest.raises(WrongState):
        decisions.decide(envio, Decision.RESEND, by=boss, reason="x", now=NOW)
    assert Envio.objects.get().state == EnvioState.UNCERTAIN
    # The truth may still be told.
    decisions.decide(envio, Decision.ARRIVED, by=boss, reason="La llamé", now=NOW)
    assert Envio.objects.get().state == EnvioState.SENT_BY_HAND


@pytest.mark.django_db
def test_the_campaigns_state_is_the_one_of_now() -> None:
    envio = an_envio()
    boss = boss_of(envio)
    Campaign.objects.update(state=CampaignState.CANCELLED)

    with pytest.raises(WrongState):
        decisions.decide(envio, Decision.RESEND, by=boss, reason="x", now=NOW)


# --- At once ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_people_one_decides() -> None:
    envio = an_envio()
    boss = boss_of(envio)
    start = threading.Barrier(4)
    outcomes: list[Decision | None] = []

    def attempt(decision: Decision) -> None:
        mine = Envio.objects.select_related("campaign").get(pk=envio.pk)
        start.wait()
        try:
            decisions.decide(mine, decision, by=boss, reason="La llamé", now=NOW)
            outcomes.append(decision)
        except WrongState:
            outcomes.append(None)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(decision,)) for decision in (*Decision, Decision.RESEND)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (winner,) = [decision for decision in outcomes if decision is not None]
    assert len(outcomes) == 4
    assert Envio.objects.get().state == decisions._TARGET[winner] == EnvioEvent.objects.get().to_state


@pytest.mark.django_db(transaction=True)
def test_deciding_while_the_campaign_is_cancelled_leaves_nothing_pending() -> None:
    for _round in range(5):
        envio = an_envio()
        boss = boss_of(envio)
        start = threading.Barrier(2)

        def resend(envio: Envio = envio, boss: User = boss, start: threading.Barrier = start) -> None:
            mine = Envio.objects.select_related("campaign").get(pk=envio.pk)
            start.wait()
            try:
                decisions.decide(mine, Decision.RESEND, by=boss, reason="x", now=NOW)
            except WrongState:
                pass
            finally:
                connection.close()

        thread = threading.Thread(target=resend)
        thread.start()
        start.wait()
        lifecycle.cancel(campaign_of(envio), by=boss, now=NOW, reason="Fin")
        thread.join()

        assert Envio.objects.get(pk=envio.pk).state in (EnvioState.UNCERTAIN, EnvioState.CANCELLED)
