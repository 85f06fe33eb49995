"""Rows of another system come in with what the machine promises: clock, history, availability, one holder."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client
from opportunities.enums import EventKind, OpportunityState, StageType
from opportunities.models import Opportunity, Promoter, Stage
from opportunities.state import adoption
from opportunities.state.adoption import PastEvent, PastOpportunity
from tests.factories.directory import ClientFactory
from tests.factories.opportunities import PromoterFactory, StageFactory

pytestmark = pytest.mark.django_db

S = OpportunityState
NOW = timezone.now()
BEFORE = NOW - dt.timedelta(days=30)


@pytest.fixture
def promoter() -> Promoter:
    return PromoterFactory()


@pytest.fixture
def stage() -> Stage:
    return StageFactory(type=StageType.INITIAL, timer_minutes=60)


def past(
    client: Client, state: OpportunityState, promoter: Promoter, stage: Stage | None, *events: PastEvent
) -> PastOpportunity:
    return PastOpportunity(
        client=client,
        state=state,
        created_at=BEFORE,
        team=promoter.desk.team,
        owner=promoter,
        stage=stage,
        events=events,
    )


def test_an_active_one_gets_its_clock_from_now_on(promoter: Promoter, stage: Stage) -> None:
    row = adoption.adopt(past(ClientFactory(), S.ACTIVE, promoter, stage), now=NOW)

    assert row.deadline is not None
    assert row.deadline > NOW
    assert (row.clock_since, row.created_at) == (NOW, BEFORE)
    assert Client.objects.get(pk=row.client_id).availability == Availability.TAKEN


def test_a_pooled_one_is_nobodys(promoter: Promoter, stage: Stage) -> None:
    row = adoption.adopt(past(ClientFactory(), S.POOL, promoter, stage), now=NOW)

    assert (row.owner, row.stage, row.deadline, row.open_client_id) == (None, None, None, row.client_id)
    assert Client.objects.get(pk=row.client_id).availability == Availability.POOL


def test_history_goes_on_from_line_to_line_and_never_back(promoter: Promoter, stage: Stage) -> None:
    lines = (
        PastEvent(kind=EventKind.ASSIGNED, at=BEFORE, to_state=S.ACTIVE, to_owner=promoter),
        PastEvent(kind=EventKind.POOLED, at=BEFORE - dt.timedelta(days=1), to_state=S.POOL),
    )

    row = adoption.adopt(past(ClientFactory(), S.POOL, promoter, stage, *lines), now=NOW)

    told = list(row.events.order_by("id").values_list("from_state", "to_state", "at", "from_owner"))
    assert told == [("", S.ACTIVE, BEFORE, None), (S.ACTIVE, S.POOL, BEFORE, promoter.pk)]


def test_a_client_is_held_once_and_a_closed_one_says_nothing_of_it(promoter: Promoter, stage: Stage) -> None:
    client = ClientFactory()
    adoption.adopt(past(client, S.ACTIVE, promoter, stage), now=NOW)

    with pytest.raises(IntegrityError), transaction.atomic():
        adoption.adopt(past(client, S.POOL, promoter, stage), now=NOW)
    adoption.adopt(past(client, S.LOST, promoter, stage), now=NOW)

    assert Client.objects.get(pk=client.pk).availability == Availability.TAKEN
    assert Opportunity.objects.filter(client=client).count() == 2


def test_what_a_state_takes_is_asked_for(promoter: Promoter) -> None:
    with pytest.raises(ValueError, match="in a stage"):
        adoption.adopt(past(ClientFactory(), S.ACTIVE, promoter, None), now=NOW)
