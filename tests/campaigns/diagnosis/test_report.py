"""What a period's rows say, and what is wrong with them."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from django.utils import timezone

from campaigns.diagnosis import marks
from campaigns.diagnosis.report import Diagnosis, diagnose
from campaigns.diagnosis.scope import Scope
from campaigns.enums import Ack, EnvioState
from campaigns.models import Campaign, Envio
from leadmaster.lib.periods import of_days
from tests.campaigns.diagnosis.incident import FIRST, phantoms, sent_for_real
from tests.factories.campaigns import CampaignFactory, EnvioFactory, campaign_of
from tests.lies import without_constraints

pytestmark = pytest.mark.django_db

CORDOBA = zoneinfo.ZoneInfo("America/Argentina/Cordoba")
DAY = dt.date(2026, 2, 7)
NOW = dt.datetime(2026, 2, 12, 15, tzinfo=dt.UTC)


def look(*campaigns: Campaign, first: dt.date = DAY, last: dt.date = DAY, now: dt.datetime = NOW) -> Diagnosis:
    period = of_days(first, last, zone=CORDOBA, most=31)
    return diagnose(
        Scope(period=period, campaigns=frozenset(one.pk for one in campaigns) if campaigns else None), now=now
    )


def kinds(found: Diagnosis) -> list[str]:
    return [finding.kind for finding in found.findings]


def test_the_incident_is_one_finding_with_its_250_rows() -> None:
    honest = CampaignFactory()
    sent_for_real(honest, 15)
    rows = phantoms(CampaignFactory(name="Haby – Reactivación"), 250)

    found = look()

    [finding] = found.findings
    assert (finding.kind, finding.campaign) == ("phantom_run", rows[0].campaign_id)
    assert finding.what.startswith(
        "«Haby – Reactivación»: 250 envíos sin prueba, uno por minuto y siempre cerca del segundo 49"
    )
    assert finding.evidence["ids"] == [row.pk for row in rows]
    assert found.exit_status == 1
    assert found.total == 265
    # The picture of it: a peak at one second.
    assert found.seconds[49] >= 250
    assert sum(found.seconds) == 265
    assert found.minutes[FIRST.replace(second=0)] >= 1


def test_real_sending_is_no_finding() -> None:
    campaign = CampaignFactory()
    sent_for_real(campaign, 60)

    found = look()

    assert found.findings == []
    assert found.exit_status == 0
    assert found.unproven == []


def test_what_an_acknowledgement_proves_is_no_phantom_however_regular() -> None:
    rows = phantoms(CampaignFactory(), 60)
    Envio.objects.filter(pk__in=[row.pk for row in rows]).update(ack=Ack.DELIVERED)

    assert kinds(look()) == []


def test_a_lone_row_without_proof_is_told_and_accused_of_no_rhythm() -> None:
    lonely = EnvioFactory(state=EnvioState.SENT, sent_at=FIRST)

    [finding] = look().findings

    assert finding.kind == "unproven"
    assert finding.evidence == {"count": 1, "ids": [lonely.pk]}


def test_what_the_former_system_claims_is_counted_and_only_its_rhythm_accuses_it() -> None:
    campaign = CampaignFactory()
    EnvioFactory(campaign=campaign, state=EnvioState.HISTORICAL, ended_at=FIRST)
    assert kinds(look()) == []
    assert look().campaigns[0].historical == 1

    for minute in range(1, 60):
        EnvioFactory(campaign=campaign, state=EnvioState.HISTORICAL, ended_at=FIRST + dt.timedelta(minutes=minute))
    assert kinds(look()) == ["phantom_run"]


def test_six_of_one_line_in_one_second_are_a_finding_and_five_are_not() -> None:
    campaign = CampaignFactory()
    for number in range(5):
        sent_at = FIRST + dt.timedelta(milliseconds=number)
        EnvioFactory(campaign=campaign, state=EnvioState.SENT, sent_at=sent_at, ack=Ack.SERVER)
    # Another line's in that second count for that line.
    EnvioFactory(state=EnvioState.SENT, sent_at=FIRST, ack=Ack.SERVER)
    assert kinds(look()) == []

    sixth = EnvioFactory(campaign=campaign, state=EnvioState.SENT, sent_at=FIRST, ack=Ack.SERVER)
    found = look()

    assert kinds(found) == ["same_second"]
    [crowd] = found.same_second
    assert (crowd.count, crowd.moments, crowd.session) == (6, 5, sixth.session_id)


def test_an_error_rate_above_five_percent_is_told_of_its_campaign() -> None:
    bad, good = CampaignFactory(name="Mala"), CampaignFactory(name="Buena")
    for campaign, errors in ((bad, 2), (good, 1)):
        for _number in range(20 - errors):
            EnvioFactory(
                campaign=campaign,
                state=EnvioState.SENT,
                sent_at=FIRST + dt.timedelta(seconds=_number * 40),
                ack=Ack.READ,
            )
        for _number in range(errors):
            EnvioFactory(campaign=campaign, state=EnvioState.ERROR, ended_at=FIRST)
    # Of another day.
    EnvioFactory.create_batch(5, campaign=good, state=EnvioState.ERROR, ended_at=FIRST - dt.timedelta(days=1))

    found = look()

    [finding] = found.findings
    assert (finding.kind, finding.campaign) == ("error_rate", bad.pk)
    assert "«Mala»: 2 errores de 20 respuestas, 10,0 %" in finding.what
    figures = {one.name: one for one in found.campaigns}
    assert figures["Buena"].error_rate == 0.05
    assert figures["Buena"].states is not None
    assert figures["Buena"].states[EnvioState.ERROR] == 6


def test_what_hangs_in_the_air_is_told_after_five_minutes() -> None:
    now = timezone.now()
    held = EnvioFactory(state=EnvioState.SENDING, lease_until=now)
    assert kinds(look(now=now)) == []

    later = now + dt.timedelta(minutes=5)
    found = look(now=later)

    assert kinds(found) == ["stuck"]
    assert found.broken.stuck == (held.pk,)


def test_a_row_without_an_id_or_a_time_is_told_where_no_constraint_kept_it_out() -> None:
    with without_constraints():
        EnvioFactory(state=EnvioState.SENT, sent_at=FIRST, message_id=None, ack=Ack.NONE)
        timeless = EnvioFactory(state=EnvioState.SENT, sent_at=None, message_id="")

        found = look()

        assert kinds(found) == ["unproven", "sent_without_time"]
        assert found.without_id == 2
        assert found.broken.without_time == (timeless.pk,)


def test_only_the_campaigns_that_are_asked_for_and_only_their_period() -> None:
    asked = CampaignFactory()
    phantoms(asked, 30)
    phantoms(CampaignFactory(), 30)
    phantoms(asked, 40, first=FIRST + dt.timedelta(days=3))

    found = look(asked)

    assert [finding.campaign for finding in found.findings] == [asked.pk]
    assert found.total == 30
    assert look(CampaignFactory()).findings == []


def test_the_last_and_first_instants_of_a_day_are_the_zones() -> None:
    midnight = dt.datetime(2026, 2, 7, 3, tzinfo=dt.UTC)
    instant = dt.timedelta(microseconds=1)
    for at in (
        midnight - instant,
        midnight,
        midnight + dt.timedelta(days=1) - instant,
        midnight + dt.timedelta(days=1),
    ):
        EnvioFactory(state=EnvioState.SENT, sent_at=at, ack=Ack.SERVER)

    assert look().total == 2


def test_more_than_an_answer_holds_is_said_and_not_called_well(monkeypatch: pytest.MonkeyPatch) -> None:
    phantoms(CampaignFactory(), 30)
    monkeypatch.setattr(marks, "MOST_MARKS", 20)

    found = look()

    assert found.exit_status == 2
    assert "elige menos días" in found.failed["runs"]

    monkeypatch.setattr(marks, "MOST_UNPROVEN", 20)
    assert "elige menos días o una campaña" in look().failed["unproven"]


def test_a_run_over_midnight_is_one() -> None:
    before_midnight = dt.datetime(2026, 2, 8, 2, 40, 12, tzinfo=dt.UTC)
    rows = phantoms(CampaignFactory(), 45, first=before_midnight)

    [run] = look(last=DAY + dt.timedelta(days=1)).runs[campaign_of(rows[0]).pk]

    assert run.ids == tuple(row.pk for row in rows)
