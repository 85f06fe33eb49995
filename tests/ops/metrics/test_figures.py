"""What `/metrics` tells, what it costs, and what it never tells."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from campaigns.enums import CampaignState, ConversationState, EnvioState, WhyNot
from campaigns.models import AttemptTally
from leadmaster.ops.heartbeat import beat
from leadmaster.ops.metrics.database import DatabaseCollector, gauge
from leadmaster.ops.metrics.exposition import render
from leadmaster.ops.metrics.requests import area
from leadmaster.ops.models import Alert
from leadmaster.urls import FIGURES
from opportunities.models import DailyQuota
from tests.factories.campaigns import (
    CampaignFactory,
    ConversationFactory,
    EnvioFactory,
    LaneFactory,
    SenderSwitchFactory,
    SessionDayFactory,
    TickFactory,
    WrittenReplyFactory,
)
from tests.factories.opportunities import CalendarFactory, DeskFactory, PromoterFactory
from tests.factories.ops import AlertFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.ops.metrics.reading import figures, of, series, text
from whatsapp.models import State

pytestmark = pytest.mark.django_db

# What one look costs, whatever the installation holds. A server is asked for its time as well.
QUERIES = 19 if connection.vendor == "mysql" else 18


def ago(**times: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(**times)


def test_a_new_installation_tells_noughts() -> None:
    told = figures()

    assert told["leadmaster_database_up"] == 1
    assert told["leadmaster_sender_on"] == 1
    assert told['leadmaster_sends_total{outcome="sent"}'] == 0
    assert told["leadmaster_uncertain_messages"] == told["leadmaster_uncertain_age_seconds"] == 0
    assert told["leadmaster_timers_overdue"] == told["leadmaster_queue_age_seconds"] == 0
    assert of("heartbeat_age_seconds") == {}


def test_answers_and_who_waits_for_one() -> None:
    now = timezone.now()
    WrittenReplyFactory.create(created_at=ago(minutes=5))
    WrittenReplyFactory.create(state=EnvioState.SENT, next_due=now)
    WrittenReplyFactory.create(state=EnvioState.SENT, next_due=ago(hours=2))
    WrittenReplyFactory.create(state=EnvioState.ERROR, next_due=now)
    EnvioFactory.create(state=EnvioState.SENT)
    ConversationFactory.create(waiting_since=ago(minutes=30))
    ConversationFactory.create(waiting_since=now, due_at=now + dt.timedelta(hours=1), state=ConversationState.SNOOZED)

    told = figures()

    assert told["leadmaster_replies_waiting"] == 1
    assert 300 <= told["leadmaster_replies_waiting_seconds"] < 400
    outcomes = {
        word: told[f'leadmaster_replies_last_hour{{outcome="{word}"}}'] for word in ("sent", "failed", "uncertain")
    }
    assert outcomes == {"sent": 1, "failed": 1, "uncertain": 0}
    assert told["leadmaster_conversations_unanswered"] == 1
    assert 1_800 <= told["leadmaster_conversations_unanswered_seconds"] < 1_900


def test_the_senders_figures() -> None:
    beat("tick", now=ago(seconds=70))
    beat("somebody else", now=ago(seconds=70))
    EnvioFactory(state=EnvioState.UNCERTAIN, dispatched_at=ago(hours=2), campaign__state=CampaignState.RUNNING)
    EnvioFactory(state=EnvioState.UNCERTAIN, dispatched_at=ago(hours=1), campaign__state=CampaignState.PAUSED)
    LaneFactory(busy=True)
    LaneFactory(busy=True, lease_until=ago(minutes=1))
    LaneFactory()
    WhatsAppSessionFactory(state=State.DISCONNECTED, unreachable_since=ago(minutes=1), paused_at=ago(minutes=1))
    TickFactory(finished_at=timezone.now(), report={"waiting": {"1": WhyNot.WINDOW, "2": WhyNot.WINDOW, "3": "?"}})
    TickFactory(report={})
    SenderSwitchFactory(on=False)
    AlertFactory(severity=Alert.Severity.CRITICAL)
    AlertFactory(severity=Alert.Severity.CRITICAL, resolved_at=timezone.now())

    told = figures()

    assert set(of("heartbeat_age_seconds")) == {"tick"}
    assert 70 <= of("heartbeat_age_seconds")["tick"] < 130
    assert told["leadmaster_uncertain_messages"] == 2
    assert 7_200 <= told["leadmaster_uncertain_age_seconds"] < 7_300
    assert of("lanes") == {"busy": 2, "free": 1, "stale": 1}
    assert of("campaigns")["running"] == of("campaigns")["paused"] == 1
    assert of("lines")["disconnected"] == 1
    assert of("lines_in_trouble") == {"unreachable": 1, "paused": 1, "mute": 0}
    assert {reason: number for reason, number in of("campaigns_waiting").items() if number} == {"window": 2}
    assert told["leadmaster_sender_on"] == 0
    assert of("alerts_open") == {"info": 0, "warning": 0, "critical": 1}


def test_limits_and_quotas_are_of_each_ones_own_day() -> None:
    now = timezone.now()
    east = WhatsAppSessionFactory(time_zone="Pacific/Kiritimati", daily_limit=10)
    west = WhatsAppSessionFactory(time_zone="Etc/GMT+12", daily_limit=20)
    for line, used in ((east, 10), (west, 7)):
        today = now.astimezone(line.tz).date()
        SessionDayFactory(session=line, day=today, used=used)
        SessionDayFactory(session=line, day=today - dt.timedelta(days=1), used=5)
    for zone, limit, used in (("Pacific/Kiritimati", 4, 4), ("Etc/GMT+12", 6, 1)):
        promoter = PromoterFactory(desk=DeskFactory(calendar=CalendarFactory(time_zone=zone)))
        today = now.astimezone(promoter.desk.calendar.tz).date()
        DailyQuota.objects.create(promoter=promoter, day=today, limit=limit, used=used)
        DailyQuota.objects.create(promoter=promoter, day=today - dt.timedelta(days=1), limit=9, used=9)

    told = figures()

    assert told["leadmaster_line_limit_messages"] == 30
    assert told["leadmaster_line_used_messages"] == 17
    assert told["leadmaster_lines_at_limit"] == 1
    assert told["leadmaster_desk_quota_clients"] == 10
    assert told["leadmaster_desk_quota_used_clients"] == 5
    assert told["leadmaster_promoters_at_quota"] == 1


@pytest.mark.parametrize("rows", [1, 3])
def test_a_look_costs_the_same_whatever_is_there(rows: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    AttemptTally.objects.create(pk=1, counted_at=timezone.now())
    for _ in range(rows):
        beat("tick", now=timezone.now())
        line = WhatsAppSessionFactory()
        SessionDayFactory(session=line, day=timezone.now().date())
        EnvioFactory(state=EnvioState.UNCERTAIN, campaign=CampaignFactory(session=line))
        LaneFactory(session=line)
        promoter = PromoterFactory()
        DailyQuota.objects.create(promoter=promoter, day=timezone.now().date(), limit=3)

    with django_assert_num_queries(QUERIES):
        text()


def test_what_was_computed_is_kept_for_some_seconds(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    asked: list[dt.datetime] = []

    def source(now: dt.datetime) -> list[Metric]:
        asked.append(now)
        return [gauge("asked", "How often", len(asked))]

    collector = DatabaseCollector([source])

    first, second = (render(collector, accept="")[0] for _ in range(2))

    assert len(asked) == 1
    assert first == second
    assert b"leadmaster_asked 1.0" in first
    collector._good_until = 0.0
    assert b"leadmaster_asked 2.0" in render(collector, accept="")[0]


def test_without_a_database_it_says_so_and_goes_on_telling_its_own(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(now: dt.datetime) -> list[Metric]:
        raise OperationalError

    client.get("/readyz")
    content, _type = render(DatabaseCollector([FIGURES[0], gone]), accept="")

    assert b"leadmaster_database_up 0.0" in content
    assert b"leadmaster_heartbeat_age_seconds" not in content
    assert b'leadmaster_request_seconds_count{area="watching"' in content


def test_a_scraper_that_asks_for_openmetrics_gets_it() -> None:
    content, content_type = render(DatabaseCollector([]), accept="application/openmetrics-text; version=1.0.0")

    assert content_type.startswith("application/openmetrics-text")
    assert content.endswith(b"# EOF\n")


def test_no_label_speaks_of_a_person_or_has_no_end() -> None:
    EnvioFactory(state=EnvioState.UNCERTAIN, name="Rosario Fuentes", phone="+5493515550001")
    WhatsAppSessionFactory(name="Línea de Rosario", tenant_id="tenant-9", phone="5493515550002")

    told = text()

    assert not re.search(r"Rosario|tenant-9|549351", told)
    labels = {
        key for family in text_string_to_metric_families(told) for _n, found, *_r in family.samples for key in found
    }
    assert labels <= {"outcome", "state", "trouble", "reason", "process", "severity", "area", "method", "status", "le"}
    # One more line, campaign or person makes no more series.
    assert len([line for line in told.splitlines() if not line.startswith(("#", "leadmaster_request_"))]) < 110


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/admin/campaigns/campaign/7/change/", "admin"),
        ("/api/v1/campaigns/7/", "api"),
        ("/webhooks/session_manager/one/", "webhooks"),
        ("/readyz", "watching"),
        ("/", "desk"),
        ("/lotes/8/", "desk"),
        ("/wp-login.php", "desk"),
        ("//admin/x", "admin"),
    ],
)
def test_an_address_is_one_of_a_few_words(path: str, word: str) -> None:
    assert area(path) == word


def test_requests_are_timed_with_what_became_of_them(client: Client) -> None:
    def counted(**labels: str) -> float:
        return figures().get(series("leadmaster_request_seconds_count", **labels), 0)

    missing = {"area": "api", "method": "other", "status": "4xx"}
    before = counted(**missing), counted(area="watching", method="GET", status="2xx")

    client.generic("PROPFIND-1234", "/api/v1/nothing/")
    client.get("/readyz")

    assert (counted(**missing), counted(area="watching", method="GET", status="2xx")) == (before[0] + 1, before[1] + 1)
