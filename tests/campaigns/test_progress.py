"""The counts that people watch equal a recount, at the cost of two queries. What is written down: test_totals.py."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from campaigns.enums import Ack, CampaignState, EnvioState
from campaigns.models import CampaignTotals
from campaigns.progress import progress, progress_of
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.plans import analyse, steps

pytestmark = pytest.mark.django_db


def test_counts_every_state_and_leaves_other_campaigns_out() -> None:
    campaign = CampaignFactory.create()
    for state in EnvioState:
        EnvioFactory.create(campaign=campaign, state=state)
    EnvioFactory.create(campaign=campaign, state=EnvioState.PENDING)
    EnvioFactory.create(state=EnvioState.PENDING)

    seen = progress(campaign)

    assert dict(seen.counts) == {**dict.fromkeys(EnvioState, 1), EnvioState.PENDING: 2}
    assert seen.total == 9
    # Sent, sent by hand, refused, and what another system says that it sent. What was cancelled was never tried.
    assert (seen.done, seen.cancelled) == (4, 1)
    assert seen.percent_done == 44


def test_the_funnel_is_cumulative() -> None:
    campaign = CampaignFactory.create()
    for ack in Ack:
        EnvioFactory.create(campaign=campaign, state=EnvioState.SENT, ack=ack)

    seen = progress(campaign)

    assert (seen.sent, seen.server, seen.delivered, seen.read) == (4, 3, 2, 1)


def test_a_late_refusal_leaves_the_funnel_and_counts_as_error() -> None:
    campaign = CampaignFactory.create()
    EnvioFactory.create(campaign=campaign, state=EnvioState.ERROR, ack=Ack.SERVER)
    EnvioFactory.create_batch(3, campaign=campaign, state=EnvioState.SENT)

    seen = progress(campaign)

    assert (seen.sent, seen.server) == (3, 0)
    assert seen.error_rate == 0.25


def test_an_empty_campaign_is_all_zeros() -> None:
    seen = progress(CampaignFactory.create())

    assert (seen.total, seen.percent_done, seen.error_rate) == (0, 0, 0.0)


def test_a_hundred_percent_means_nothing_is_left() -> None:
    campaign = CampaignFactory.create()
    EnvioFactory.create_batch(199, campaign=campaign, state=EnvioState.SENT_BY_HAND)
    EnvioFactory.create(campaign=campaign)

    assert progress(campaign).percent_done == 99


def test_a_cancelled_campaign_is_not_done() -> None:
    campaign = CampaignFactory.create()
    EnvioFactory.create_batch(4, campaign=campaign, state=EnvioState.SENT)
    EnvioFactory.create_batch(16, campaign=campaign, state=EnvioState.CANCELLED)

    seen = progress(campaign)

    assert (seen.done, seen.cancelled, seen.total, seen.percent_done) == (4, 16, 20, 20)


@pytest.mark.parametrize("number", [1, 3])
def test_any_number_of_campaigns_costs_two_queries(
    number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    campaigns = [EnvioFactory.create().campaign for _ in range(number)]
    empty = CampaignFactory.create()

    with django_assert_num_queries(2):
        seen = progress_of([empty.pk, *(campaign.pk for campaign in campaigns)])

    assert {pk: row.total for pk, row in seen.items()} == {empty.pk: 0} | {campaign.pk: 1 for campaign in campaigns}


def test_no_campaigns_cost_no_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert progress_of([]) == {}


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("launched", [False, True], ids=["everything", "what is not pending"])
def test_is_counted_over_an_index_alone(launched: bool) -> None:
    campaign = CampaignFactory.create(state=CampaignState.RUNNING if launched else CampaignState.DRAFT)
    for state in EnvioState:
        EnvioFactory.create_batch(10, campaign=campaign, state=state)
    EnvioFactory.create_batch(30, campaign=CampaignFactory.create())
    if launched:
        CampaignTotals.objects.create(campaign=campaign, messages=10 * len(EnvioState), counted_at=timezone.now())
    with CaptureQueriesContext(connection) as queries:
        assert progress(campaign).total == 10 * len(EnvioState)

    analyse("campaigns_envio")
    plan = steps(queries[-1]["sql"])[0]

    assert plan.key == "envio_progress"
    assert plan.reads_the_index_alone
    assert not plan.sorts
    assert not plan.writes_down
