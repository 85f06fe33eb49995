"""`/healthz` for whoever watches, `/readyz` for load balancers."""

from __future__ import annotations

import datetime as dt

import pytest
from django.apps import apps
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from leadmaster.ops import health
from leadmaster.ops.heartbeat import beat
from tests.factories.whatsapp import WhatsAppSessionFactory

pytestmark = pytest.mark.django_db


def ago(**times: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(**times)


def put_task(*, waiting_since: dt.datetime) -> None:
    apps.get_model("django_q", "OrmQ")._default_manager.create(key="leadmaster", payload="x", lock=waiting_since)


def test_a_new_installation_is_well(client: Client) -> None:
    response = client.get("/healthz")

    assert response.status_code == 200
    checks = response.json()["checks"]
    assert list(checks) == ["database", "tick", "queue", "gateways", "journal", "timers", "directory"]
    assert checks["database"]["ok"]
    assert checks["tick"] == {"ok": True, "age_seconds": None}
    assert checks["queue"] == {"ok": True, "waiting": 0, "oldest_seconds": 0.0}
    assert checks["gateways"] == {"ok": True, "ready": 0, "sessions": []}
    assert checks["timers"] == {"ok": True, "age_seconds": None}
    assert "no-store" in response["Cache-Control"]


def test_a_late_tick_is_a_503(client: Client) -> None:
    beat("tick", now=ago(minutes=4))

    response = client.get("/healthz")

    assert response.status_code == 503
    assert response.json()["ok"] is False
    assert response.json()["checks"]["tick"]["ok"] is False
    assert 239 < response.json()["checks"]["tick"]["age_seconds"] < 300


def test_a_fresh_tick_is_a_200(client: Client) -> None:
    beat("tick", now=ago(seconds=70))

    assert client.get("/healthz").status_code == 200


def test_tasks_that_nobody_takes_are_a_503(client: Client) -> None:
    put_task(waiting_since=ago(minutes=5))
    put_task(waiting_since=ago(seconds=1))
    put_task(waiting_since=timezone.now() + dt.timedelta(minutes=4))  # being worked on

    response = client.get("/healthz")

    assert response.status_code == 503
    assert response.json()["checks"]["queue"]["waiting"] == 2


def test_a_gateway_that_does_not_answer_is_a_503(client: Client) -> None:
    session = WhatsAppSessionFactory(unreachable_since=ago(minutes=2))

    response = client.get("/healthz")

    assert response.status_code == 503
    (row,) = response.json()["checks"]["gateways"]["sessions"]
    assert row["id"] == session.pk
    assert row["unreachable_since"] is not None


def test_a_session_that_waits_for_its_person_is_no_fault_of_the_installation(client: Client) -> None:
    WhatsAppSessionFactory(state="AWAITING_QR")

    assert client.get("/healthz").status_code == 200


def test_nothing_personal_is_shown_to_strangers(client: Client) -> None:
    WhatsAppSessionFactory(name="Teléfono de Marta", phone="+5491155550000", tenant_id="marta")

    text = client.get("/healthz").content.decode()

    assert "Marta" not in text
    assert "5491155550000" not in text
    assert "marta" not in text


def test_readiness_asks_for_the_database_alone(client: Client) -> None:
    beat("tick", now=ago(hours=1))

    response = client.get("/readyz")

    assert response.status_code == 200
    assert list(response.json()["checks"]) == ["database"]


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_without_a_database_the_answer_is_a_503_with_the_kind_of_error_and_no_more(
    client: Client, address: str
) -> None:
    def refuse(*_args: object) -> None:
        raise OperationalError("Access denied for user 'leadmaster'@'db.internal'")

    with connection.execute_wrapper(refuse):
        response = client.get(address)

    assert response.status_code == 503
    assert response.json()["checks"] == {
        "database": {"ok": False, "vendor": connection.vendor, "error": "OperationalError"}
    }


def test_only_reading_is_allowed(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.head("/readyz").status_code == 200


def test_examine_stops_at_a_database_that_is_gone() -> None:
    def never(_now: dt.datetime) -> health.Finding:
        raise AssertionError("asked without a database")

    def refuse(*_args: object) -> None:
        raise OperationalError("gone")

    with connection.execute_wrapper(refuse):
        report = health.examine([never], now=timezone.now())

    assert not report.ok
