"""Start-up checks: each wrong value stops the program with a sentence that says what to write."""

from __future__ import annotations

import pytest
from django.core.checks import CheckMessage, run_checks
from django.db import connection
from pytest_django import Settings


def found(*, databases: list[str] | None = None, deploy: bool = False) -> dict[str, CheckMessage]:
    """The messages of ours that a start would show."""
    messages = {message.id: message for message in run_checks(databases=databases, include_deployment_checks=deploy)}
    return {str(key): message for key, message in messages.items() if str(key).startswith(("ops.", "campaigns."))}


@pytest.fixture(autouse=True)
def _somebody_is_told(settings: Settings) -> None:
    settings.ALERT_EMAILS = ["guardia@example.com"]


def test_the_defaults_start() -> None:
    assert found() == {}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_our_own_web_server_in_the_gateways_place(settings: Settings, host: str) -> None:
    settings.SESSION_MANAGER_BASE_URL = f"http://{host}:8000"

    message = found()["ops.E001"]

    assert f"http://{host}:8000" in message.msg
    assert "http://localhost:3011" in str(message.hint)


def test_the_same_port_on_another_machine_is_fine(settings: Settings) -> None:
    settings.SESSION_MANAGER_BASE_URL = "http://gateway.example.com:8000"

    assert found() == {}


def test_a_webhook_for_alerts_without_its_secret(settings: Settings) -> None:
    settings.ALERT_WEBHOOK_URL = "https://chat.example.com/hook"
    settings.ALERT_WEBHOOK_SECRET = ""
    assert "ALERT_WEBHOOK_SECRET" in str(found()["ops.E002"].hint)

    settings.ALERT_WEBHOOK_SECRET = "long and random"
    assert found() == {}


def test_nobody_is_told_is_a_warning_for_whoever_deploys(settings: Settings) -> None:
    assert "ops.W001" not in found(deploy=True)

    settings.ALERT_EMAILS = []
    assert not found(deploy=True)["ops.W001"].is_serious()
    assert found() == {}


@pytest.mark.parametrize(("deadline", "wrong"), [(99, False), (100, True), (101, True)])
def test_a_send_has_to_fit_three_times_into_its_lease(settings: Settings, deadline: int, wrong: bool) -> None:
    settings.SESSION_MANAGER_SEND_TIMEOUT = deadline

    messages = found()

    assert ("campaigns.E001" in messages) is wrong
    if wrong:
        assert messages["campaigns.E001"].hint == "Write a number from 5 to 99."


@pytest.mark.parametrize(
    ("timeout", "retry", "wrong"),
    [(186, 187, False), (185, 420, True), (240, 240, True), (240, 200, True), (60, 420, True)],
)
def test_a_tick_has_to_fit_into_the_clusters_timeout_and_that_into_its_retry(
    settings: Settings, timeout: int, retry: int, wrong: bool
) -> None:
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "timeout": timeout, "retry": retry}

    assert ("campaigns.E002" in found()) is wrong


@pytest.mark.django_db
def test_the_database_of_the_tests_is_one_we_run_on() -> None:
    # The throwaway server flushes lazily, which is the one thing it is warned about.
    assert set(found(databases=["default"])) <= {"ops.W002"}


@pytest.mark.mariadb
@pytest.mark.django_db
def test_a_server_that_may_forget_commits_is_warned_about() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@innodb_flush_log_at_trx_commit")
        lazy = cursor.fetchone()[0] != 1

    assert ("ops.W002" in found(databases=["default"])) is lazy
