"""Whom other campaigns write to as well: told before the approval, counted by the forecast, remembered from before."""

from __future__ import annotations

import datetime as dt
import importlib
import types
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from campaigns import adoption
from campaigns import overlap as overlaps
from campaigns.enums import CampaignState, EnvioState, ScheduleState
from campaigns.forecast import forecast
from campaigns.models import Campaign, Envio, PersonRest
from campaigns.overlap import overlap
from campaigns.projection import Job, Line, Slot, project
from campaigns.windows import Rule
from tests import company as companies
from tests.campaigns.api import world as worlds
from tests.company import Company, signed_in
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import (
    CampaignFactory,
    EnvioFactory,
    RecipientImportFactory,
    ScheduleFactory,
    running_campaign,
)
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.persons import fifty_thousand_persons
from tests.plans import steps_of

UTC = "UTC"
# A Monday.
NOW = dt.datetime(2026, 3, 2, 10, 20, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
S = CampaignState


@pytest.fixture
def company(db: None) -> Company:
    return companies.build()


def written(campaign: Campaign, envio: Envio, ago: dt.timedelta) -> None:
    PersonRest.objects.create(phone=envio.phone, campaign=campaign, written_at=NOW - ago)


def same_people(envios: list[Envio], campaign: Campaign, state: EnvioState = EnvioState.PENDING) -> None:
    for envio in envios:
        EnvioFactory(campaign=campaign, phone=envio.phone, state=state)


# --- How many ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_counts_who_waits_in_a_running_campaign_too_and_who_rests() -> None:
    draft = CampaignFactory()
    envios = EnvioFactory.create_batch(8, campaign=draft)
    running = running_campaign()
    same_people(envios[:3], running)
    same_people(envios[3:4], running, EnvioState.SENT)
    same_people(envios[4:5], CampaignFactory(state=S.DRAFT))
    for number, hours in ((5, 2), (6, 30), (7, 1)):
        written(running, envios[number], hours * HOUR)
    written(draft, envios[4], HOUR)

    found = overlap(draft, NOW)

    assert (found.looked_at, found.elsewhere, found.resting, found.until) == (8, 3, 2, NOW + 23 * HOUR)


@pytest.mark.django_db
def test_a_campaign_without_rest_has_nobody_who_rests() -> None:
    draft = CampaignFactory(person_rest=0)
    [envio] = EnvioFactory.create_batch(1, campaign=draft)
    written(running_campaign(), envio, HOUR)

    assert (overlap(draft, NOW).resting, overlap(draft, NOW).sentences(NOW)) == (0, [])


@pytest.mark.django_db
def test_only_so_many_are_looked_at_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlaps, "LOOKED_AT", 2)
    draft = CampaignFactory()
    envios = EnvioFactory.create_batch(3, campaign=draft)
    same_people(envios, running_campaign())

    found = overlap(draft, NOW)

    assert (found.looked_at, found.elsewhere) == (2, 2)
    assert "los primeros 2 destinatarios" in " ".join(found.sentences(NOW))


# --- The forecast -----------------------------------------------------------------------------------------------------


def all_day(**fields: Any) -> Rule:
    return Rule(weekdays="0123456", starts_on=NOW.date(), ends_on=None, windows=fields["windows"])


def days(waiting: list[tuple[dt.datetime, int]], *, remaining: int = 10, cap: int = 100) -> list[int]:
    """How many go out on each day from 9 to 18, one a minute."""
    slot = Slot(rule=all_day(windows=[(dt.time(9), dt.time(18))]), cap=cap)
    job = Job(remaining=remaining, seconds=60, slots=(slot,), waiting=tuple(waiting))
    found = project([job], line=Line(limit=1000, lanes=1, tz=dt.UTC), now=NOW, horizon=10)  # type: ignore[arg-type]
    return [count for _day, count in found]


def test_who_rests_goes_out_when_the_rest_is_over() -> None:
    assert days([]) == [10]
    assert days([(NOW + HOUR, 4)]) == [10]
    assert days([(NOW + 9 * HOUR, 4)]) == [6, 4]
    assert days([(NOW + 24 * HOUR, 10)]) == [10]
    assert days([(NOW + 9 * HOUR, 4), (NOW + 30 * HOUR, 3)], cap=5) == [3, 5, 2]
    assert days([(NOW + 7 * HOUR + 38 * dt.timedelta(minutes=1), 10)]) == [2, 8]


@pytest.mark.django_db
def test_the_forecast_tells_who_waits_and_until_when() -> None:
    session = WhatsAppSessionFactory(time_zone=UTC)
    campaign = running_campaign(session=session, team=session.team)
    campaign.schedules.all().delete()
    ScheduleFactory(campaign=campaign, state=ScheduleState.APPROVED, windows=[(dt.time(9), dt.time(18))])
    envios = EnvioFactory.create_batch(5, campaign=campaign, next_due=NOW - HOUR)
    for envio in envios[:2]:
        written(running_campaign(), envio, HOUR)

    seen = forecast(campaign, NOW)

    assert seen.sentence == "3 hoy, 2 mañana, termina mañana"
    assert "2 personas recibieron otra campaña hace poco" in seen.limits


# --- Where it is told -------------------------------------------------------------------------------------------------


def test_the_campaigns_page_its_import_and_its_approval_tell_it(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, state=S.AWAITING_APPROVAL)
    ScheduleFactory(campaign=campaign)
    same_people(EnvioFactory.create_batch(2, campaign=campaign), running_campaign())
    record = RecipientImportFactory(campaign=campaign)
    client = signed_in(company.supervisor)
    sentence = "2 personas están también en otra campaña en curso"

    for name, arguments in (("change", []), ("approve", []), ("import", [record.pk])):
        address = reverse(f"admin:campaigns_campaign_{name}", args=[campaign.pk, *arguments])
        assert sentence in client.get(address).content.decode(), name


def test_whoever_meets_nobody_elses_reads_nothing_of_it(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team)
    EnvioFactory(campaign=campaign)

    page = signed_in(company.supervisor).get(reverse("admin:campaigns_campaign_change", args=[campaign.pk]))

    assert "otra campaña" not in page.content.decode().replace("descanso entre campañas", "").replace(
        "No le escribe a quien otra campaña", ""
    )


def test_the_api_tells_it(db: None) -> None:
    world = worlds.build()
    campaign = world.complete(S.DRAFT)
    same_people(list(campaign.envios.all()), running_campaign())

    told = world.client("owner").get(f"/api/v1/campaigns/{campaign.pk}/overlap/").json()

    assert told == {"looked_at": 1, "elsewhere": 1, "resting": 0, "until": None}


# --- From before ------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_was_sent_before_the_upgrade_counts() -> None:
    fill = importlib.import_module("campaigns.migrations.0021_fill_person_rest").fill
    now = timezone.now()
    one, two = CampaignFactory(), CampaignFactory()

    def sent(campaign: Campaign, phone: str, ago: dt.timedelta) -> dt.datetime:
        EnvioFactory(campaign=campaign, phone=phone, state=EnvioState.SENT, sent_at=now - ago)
        return now - ago

    twice = [sent(one, "+541", 20 * HOUR), sent(two, "+541", 3 * HOUR)]
    long_ago = sent(one, "+542", 25 * HOUR)
    known = sent(one, "+543", 2 * HOUR)
    stale = sent(one, "+544", 2 * HOUR)
    PersonRest.objects.create(phone="+543", campaign=two, written_at=now - HOUR)
    PersonRest.objects.create(phone="+544", campaign=two, written_at=now - 40 * HOUR)
    doubt = EnvioFactory(campaign=one, phone="+545", state=EnvioState.UNCERTAIN, dispatched_at=now - HOUR)
    EnvioFactory(campaign=one, phone="+546", state=EnvioState.PENDING)

    for _time in range(2):
        fill(apps, types.SimpleNamespace(connection=connection))

        rests = {row.phone: (row.campaign, row.written_at) for row in PersonRest.objects.all()}
        assert rests == {
            "+541": (two, twice[1]),
            "+543": (two, now - HOUR),
            "+544": (one, stale),
            "+545": (one, doubt.dispatched_at),
        }
    assert long_ago < known


@pytest.mark.django_db
def test_what_another_system_sent_lately_counts() -> None:
    campaign, by = CampaignFactory(state=S.PAUSED), UserFactory()

    def past(phone: str, state: EnvioState, ago: dt.timedelta, **more: Any) -> adoption.PastEnvio:
        return adoption.PastEnvio(phone=phone, name="Ana", text="Hola", state=state, at=NOW - ago, **more)

    rows = [
        past("+541", EnvioState.SENT, HOUR, message_id="A1"),
        past("+542", EnvioState.HISTORICAL, 2 * HOUR),
        past("+543", EnvioState.SENT, 30 * HOUR, message_id="A2"),
        past("+544", EnvioState.ERROR, HOUR, error_code="X"),
    ]
    adoption.adopt_envios(campaign, rows, by=by, now=NOW)

    assert dict(PersonRest.objects.values_list("phone", "written_at")) == {
        "+541": NOW - HOUR,
        "+542": NOW - 2 * HOUR,
    }


# --- At size ----------------------------------------------------------------------------------------------------------


@pytest.mark.mariadb
@pytest.mark.django_db(transaction=True)  # ANALYZE commits what is there
def test_rests_are_found_by_their_time_and_recipients_by_their_number() -> None:
    draft, running = CampaignFactory(), running_campaign()
    rows = EnvioFactory.build_batch(300, campaign=draft, session=draft.session)
    Envio.objects.bulk_create(rows)
    fifty_thousand_persons(running, NOW - dt.timedelta(days=2))
    PersonRest.objects.bulk_create(PersonRest(phone=row.phone, campaign=running, written_at=NOW) for row in rows[:5])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE campaigns_personrest, campaigns_envio")

    seen = steps_of(overlaps._rests(draft, NOW))

    assert not any(step.reads_a_whole_table for step in seen), seen
    assert seen[0].key == "person_written" or any(step.key == "person_written" for step in seen), seen
    assert overlap(draft, NOW).resting == 5
