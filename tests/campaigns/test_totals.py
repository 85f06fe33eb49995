"""What is written down equals a recount, whatever happens to a campaign after it ended."""

from __future__ import annotations

import datetime as dt
import functools
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from campaigns import envio_states, lifecycle, receipts, totals
from campaigns.decisions import Decision, decide
from campaigns.enums import CAMPAIGN_UNAPPROVED, Ack, CampaignState, EnvioState
from campaigns.envio_states import RESTING, TRANSITIONS
from campaigns.lifecycle import TABLE
from campaigns.models import Campaign, CampaignTotals, Envio
from campaigns.progress import Progress, progress, progress_of
from leadmaster.accounts.roles import Role
from tests.factories.campaigns import CampaignFactory, EnvioFactory, running_campaign
from tests.faults.crowd import at_once
from tests.faults.world import START as NOW
from whatsapp.receipts import Receipt, ReceiptKind

pytestmark = pytest.mark.django_db(transaction=True)

S = EnvioState


def counted(campaign: Campaign) -> Progress:
    """The recount: nothing that is written down is believed."""
    CampaignTotals.objects.filter(pk=campaign.pk).delete()
    return progress(campaign)


def write_down(campaign: Campaign) -> bool:
    """As the cluster does it, minute by minute."""
    return totals.write_down(campaign.pk, now=NOW)


def is_written(campaign: Campaign) -> bool:
    return CampaignTotals.objects.filter(pk=campaign.pk, groups__isnull=False).exists()


def finished(*states: EnvioState, state: CampaignState = CampaignState.FINISHED) -> Campaign:
    campaign: Campaign = CampaignFactory(state=state)
    for one in states or RESTING:
        EnvioFactory(campaign=campaign, state=one)
    return campaign


def receive(envio: Envio, kind: ReceiptKind) -> None:
    assert envio.message_id is not None
    said = Receipt(kind=kind, message_id=envio.message_id, client_message_id=envio.client_message_id, at=NOW)
    receipts.apply(said, session=envio.session, now=NOW)


# --- What is written ---------------------------------------------------------------------------------------------------


def test_an_ended_campaign_at_rest_is_counted_once_and_read_by_its_key() -> None:
    campaign = finished()
    for ack in Ack:
        EnvioFactory(campaign=campaign, state=S.SENT, ack=ack)

    assert write_down(campaign)

    with CaptureQueriesContext(connection) as queries:
        written = progress(campaign)
    assert len(queries) == 1
    assert written == counted(campaign)
    assert (written.total, written.sent, written.read) == (len(RESTING) + 4, 5, 1)


def test_an_ended_campaign_without_a_single_message_is_at_rest_too() -> None:
    campaign = CampaignFactory(state=CampaignState.CANCELLED)

    assert write_down(campaign)

    assert progress(campaign) == counted(campaign)


@pytest.mark.parametrize("state", sorted(totals.RESTLESS))
def test_nothing_is_written_while_something_is_pending_or_in_flight(state: EnvioState) -> None:
    campaign = finished(S.SENT, S.CANCELLED, state, state=CampaignState.CANCELLED)
    write_down(campaign)

    assert not is_written(campaign)
    assert progress(campaign) == counted(campaign)


@pytest.mark.parametrize("state", [CampaignState.RUNNING, CampaignState.PAUSED])
def test_of_a_campaign_at_work_only_the_number_of_its_messages_is_written(state: CampaignState) -> None:
    campaign = finished(*S, S.PENDING, S.PENDING, state=state)

    assert write_down(campaign)
    assert not write_down(campaign), "a second time there is nothing to write"

    assert CampaignTotals.objects.get(pk=campaign.pk).messages == len(S) + 2
    assert progress(campaign) == counted(campaign)


@pytest.mark.parametrize("state", [*CAMPAIGN_UNAPPROVED, CampaignState.APPROVED])
def test_nothing_is_written_of_one_that_may_still_get_recipients(state: CampaignState) -> None:
    campaign = finished(S.PENDING, state=state)

    assert not write_down(campaign)
    assert not CampaignTotals.objects.exists()


def test_no_verb_leads_from_the_launch_back_to_where_recipients_are_added() -> None:
    """What lets the number of messages stand: an APPROVED campaign may be rejected, a launched one may not."""
    for sources, target, _act in TABLE.values():
        if set(sources) & set(totals.LAUNCHED):
            assert target in totals.LAUNCHED
    assert not set(totals.LAUNCHED) & set(CAMPAIGN_UNAPPROVED)


# --- What happens afterwards -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target"), [(source, target) for source in sorted(RESTING) for target in sorted(TRANSITIONS[source])]
)
def test_every_move_of_a_message_that_rested_is_counted(source: EnvioState, target: EnvioState) -> None:
    campaign, other = finished(source, S.SENT), finished(S.SENT)
    assert write_down(campaign)
    assert write_down(other)
    envio = campaign.envios.order_by("id")[0]
    fields: dict[str, Any] = {
        S.SENT: {"message_id": "true_1", "sent_at": NOW},
        S.SENT_BY_HAND: {"settled_by": campaign.owner, "settled_reason": "Lo vi"},
    }.get(target, {})

    assert envio_states.move(envio.pk, source=source, target=target, now=NOW, **fields)

    assert progress(campaign).counts[target] >= 1
    assert progress(campaign) == counted(campaign)
    assert is_written(other)


def test_a_move_that_found_nobody_leaves_the_totals_alone() -> None:
    campaign = finished(S.SENT)
    write_down(campaign)

    assert envio_states.move(campaign.envios.get().pk, source=S.ERROR, target=S.SENT, now=NOW, message_id="x") == 0

    assert is_written(campaign)


@pytest.mark.parametrize("kind", list(ReceiptKind))
def test_late_acknowledgements_are_counted_and_written_down_again(kind: ReceiptKind) -> None:
    campaign = finished()
    envio = EnvioFactory(campaign=campaign, state=S.SENT)
    write_down(campaign)
    before = progress(campaign)

    receive(envio, kind)

    assert progress(campaign) != before
    assert write_down(campaign)
    assert progress(campaign) == counted(campaign)


def test_an_acknowledgement_that_says_nothing_new_costs_no_recount() -> None:
    campaign = finished(S.CANCELLED)
    envio = EnvioFactory(campaign=campaign, state=S.SENT, ack=Ack.READ)
    write_down(campaign)

    receive(envio, ReceiptKind.DELIVERED)

    assert is_written(campaign)


@pytest.mark.parametrize("decision", [Decision.ARRIVED, Decision.GIVE_UP])
def test_a_decision_about_an_uncertain_one_is_counted(decision: Decision) -> None:
    campaign = finished(S.UNCERTAIN, S.CANCELLED, state=CampaignState.CANCELLED)
    assert write_down(campaign)
    boss = campaign.approved_by or campaign.owner
    boss.role = Role.ADMINISTRATOR
    boss.save()

    decide(campaign.envios.get(state=S.UNCERTAIN), decision, by=boss, reason="Lo vi", now=NOW)

    assert progress(campaign).counts[S.UNCERTAIN] == 0
    assert progress(campaign) == counted(campaign)


def test_whoever_compiles_a_move_of_a_resting_message_is_told() -> None:
    with pytest.raises(ValueError, match="rests"):
        envio_states.compiled_move(Envio.objects.all, source=S.SENT, target=S.ERROR)


def test_a_cancelled_campaign_is_written_down_once_it_is_swept() -> None:
    campaign = running_campaign(envios=3)
    EnvioFactory(campaign=campaign, state=S.SENT)
    write_down(campaign)

    lifecycle.cancel(campaign, by=None, now=NOW, reason="Prueba")

    assert progress(campaign).counts[S.CANCELLED] == 3
    assert totals.write_down_all(NOW) == 1
    assert progress(campaign) == counted(campaign)


# --- The minute's job --------------------------------------------------------------------------------------------------


def test_the_job_takes_what_has_ended_and_rests_and_asks_once_when_there_is_nothing(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    ended = [finished(S.SENT), finished(S.ERROR)]
    draft = CampaignFactory()
    at_work = running_campaign(envios=1)

    assert totals.write_down_all(NOW) == 3

    assert all(is_written(campaign) for campaign in ended)
    assert set(CampaignTotals.objects.values_list("pk", flat=True)) == {at_work.pk, *(one.pk for one in ended)}
    with django_assert_num_queries(1):
        assert totals.write_down_all(NOW) == 0
    assert draft.pk not in CampaignTotals.objects.values_list("pk", flat=True)


def test_a_mixed_page_costs_three_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    campaigns = [finished(S.SENT), finished(S.ERROR), running_campaign(envios=2)]
    totals.write_down_all(NOW)
    campaigns += [CampaignFactory(), running_campaign(envios=1)]

    with django_assert_num_queries(3):
        seen = progress_of([campaign.pk for campaign in campaigns])

    assert seen == {campaign.pk: counted(campaign) for campaign in campaigns}


# --- Races -------------------------------------------------------------------------------------------------------------


@pytest.mark.mariadb
def test_a_message_that_somebody_is_moving_is_not_written_down_as_it_was() -> None:
    """Its transaction began before the count and ends after it."""
    campaign = finished(S.SENT)
    envio = campaign.envios.get()
    moved, done = threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            envio_states.move(envio.pk, source=S.SENT, target=S.ERROR, now=NOW)
            moved.set()
            assert done.wait(20)

    def meanwhile() -> None:
        assert moved.wait(20)
        try:
            write_down(campaign)
            assert not is_written(campaign)
        finally:
            done.set()

    at_once([slowly, meanwhile])

    assert progress(campaign).counts[S.ERROR] == 1
    assert write_down(campaign)
    assert progress(campaign) == counted(campaign)


@pytest.mark.mariadb
def test_a_move_that_comes_while_they_are_counted_waits_and_drops_them() -> None:
    campaign = finished(S.SENT, S.CANCELLED)
    envio = campaign.envios.get(state=S.SENT)
    counting, asked = threading.Event(), threading.Event()

    def count() -> None:
        with transaction.atomic():
            kept = CampaignTotals.objects.create(campaign=campaign, messages=2, counted_at=NOW)
            counting.set()
            assert asked.wait(20)
            kept.groups = [[S.SENT.value, 0, 1], [S.CANCELLED.value, 0, 1]]
            kept.save()

    def move() -> None:
        assert counting.wait(20)
        with transaction.atomic():
            Envio.objects.filter(pk=envio.pk).update(ack=Ack.READ)
            asked.set()
            totals.drop_groups_of(campaign.pk)

    at_once([count, move])

    assert not is_written(campaign)
    assert progress(campaign).read == 1


@pytest.mark.mariadb
def test_acknowledgements_and_counts_in_a_rush_end_with_the_truth() -> None:
    campaign: Campaign = CampaignFactory(state=CampaignState.FINISHED)
    envios = EnvioFactory.create_batch(24, campaign=campaign, state=S.SENT)
    kinds = (ReceiptKind.SERVER, ReceiptKind.DELIVERED, ReceiptKind.READ)

    def acknowledge(mine: list[Envio]) -> None:
        for kind in kinds:
            for envio in mine:
                receive(envio, kind)

    def keep_writing() -> None:
        for second in range(40):
            totals.write_down_all(NOW + dt.timedelta(seconds=second))

    crowd: list[Callable[[], None]] = [functools.partial(acknowledge, envios[n::3]) for n in range(3)]
    at_once([*crowd, keep_writing])

    totals.write_down_all(NOW)
    assert progress(campaign).read == 24
    assert progress(campaign) == counted(campaign)
