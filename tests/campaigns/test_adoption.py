"""What another system did comes in as it was, and sends nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns import adoption, totals
from campaigns.enums import CampaignState, EnvioState, Evidence
from campaigns.models import CampaignTotals, Envio
from campaigns.progress import progress
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory

pytestmark = pytest.mark.django_db

S = EnvioState
NOW = timezone.now()


def past(number: int, state: EnvioState, **more: object) -> adoption.PastEnvio:
    return adoption.PastEnvio(phone=f"+54935140000{number:02}", name="Ana", text="Hola", state=state, **more)  # type: ignore[arg-type]


def test_each_state_comes_in_with_its_line_of_history() -> None:
    campaign, by = CampaignFactory(state=CampaignState.PAUSED), UserFactory()
    rows = [
        past(1, S.SENT, at=NOW, message_id="A1"),
        past(2, S.HISTORICAL, at=NOW),
        past(3, S.UNCERTAIN, reason="Nadie lo confirma."),
        past(4, S.PENDING),
        past(5, S.ERROR, error_code="LEGACY", reason="No existe."),
    ]

    ids = adoption.adopt_envios(campaign, rows, by=by, now=NOW)

    envios = [Envio.objects.get(pk=pk) for pk in ids]
    assert [envio.state for envio in envios] == [row.state for row in rows]
    assert {(event.evidence, event.by, event.to_state) for envio in envios for event in envio.events.all()} == {
        (Evidence.IMPORTED, by, row.state) for row in rows
    }
    assert [envio.sent_at is not None for envio in envios] == [True, False, False, False, False]
    # Asking a gateway about a message of another system would prove nothing.
    assert (envios[2].lookup_due, envios[2].error_text) == (None, "Nadie lo confirma.")
    assert progress(campaign).counts[S.HISTORICAL] == 1
    assert progress(campaign).sent == 1


def test_sent_takes_proof_here_too() -> None:
    campaign = CampaignFactory(state=CampaignState.PAUSED)

    for unproven in (past(1, S.SENT, at=NOW), past(1, S.SENT, message_id="A1")):
        with pytest.raises(IntegrityError), transaction.atomic():
            adoption.adopt_envios(campaign, [unproven], by=UserFactory(), now=NOW)


@pytest.mark.parametrize("state", [CampaignState.AWAITING_APPROVAL, CampaignState.APPROVED, CampaignState.RUNNING])
def test_nobody_is_added_to_a_campaign_that_sends_or_is_about_to(state: CampaignState) -> None:
    campaign = CampaignFactory(state=state)

    with pytest.raises(ValueError, match=state.value):
        adoption.adopt_envios(campaign, [past(1, S.PENDING)], by=UserFactory(), now=NOW)
    with pytest.raises(ValueError, match=state.value):
        adoption.adopt_campaign(
            adoption.PastCampaign(name="x", template="Hola", state=state, reason=""),
            owner=campaign.owner, team=campaign.team, session=campaign.session, by=campaign.owner, created_at=NOW, now=NOW,
        )  # fmt: skip

    assert not Envio.objects.exists()


def test_totals_that_were_written_down_are_counted_again() -> None:
    campaign = CampaignFactory(state=CampaignState.PAUSED)
    CampaignTotals.objects.create(campaign=campaign, messages=0, counted_at=NOW - dt.timedelta(days=1))

    adoption.adopt_envios(campaign, [past(1, S.PENDING)], by=UserFactory(), now=NOW)

    assert totals.groups_of([campaign.pk])[campaign.pk] == {(S.PENDING, 0): 1}
    assert progress(campaign).total == 1
