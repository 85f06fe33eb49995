"""One open alert per trouble, however often and by however many it is seen."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from leadmaster.ops.alerts import raise_alert, resolve_alert
from leadmaster.ops.models import Alert

NOON = dt.datetime(2026, 2, 7, 12, 0, tzinfo=dt.UTC)
LATER = NOON + dt.timedelta(minutes=5)
CRITICAL = Alert.Severity.CRITICAL


@pytest.mark.django_db
def test_first_sighting_opens_an_alert() -> None:
    assert raise_alert("tick_late", title="Sin latido", body="Revisa el cluster", severity=CRITICAL, now=NOON)

    alert = Alert.objects.get()
    assert (alert.key, alert.open_key, alert.severity) == ("tick_late", "tick_late", "critica")
    assert (alert.title, alert.body, alert.count) == ("Sin latido", "Revisa el cluster", 1)
    assert (alert.opened_at, alert.last_seen_at, alert.resolved_at) == (NOON, NOON, None)
    assert alert.open_notified_at is None


@pytest.mark.django_db
def test_the_same_trouble_again_counts_on_the_open_alert_with_its_newest_words() -> None:
    raise_alert("tick_late", title="Hace 3 minutos", severity=Alert.Severity.WARNING, now=NOON)
    raise_alert("other", title="Otra cosa", severity=CRITICAL, now=NOON)

    assert not raise_alert("tick_late", title="Hace 8 minutos", severity=CRITICAL, now=LATER)

    alert = Alert.objects.get(key="tick_late")
    assert (alert.count, alert.title, alert.severity) == (2, "Hace 8 minutos", "critica")
    assert (alert.opened_at, alert.last_seen_at) == (NOON, LATER)
    assert Alert.objects.get(key="other").count == 1


@pytest.mark.django_db
def test_last_seen_never_goes_back_when_clocks_differ() -> None:
    raise_alert("tick_late", title="Sin latido", severity=CRITICAL, now=LATER)
    raise_alert("tick_late", title="Sin latido", severity=CRITICAL, now=NOON)

    assert Alert.objects.get().last_seen_at == LATER


@pytest.mark.django_db
def test_a_resolved_trouble_that_returns_is_a_new_alert() -> None:
    raise_alert("tick_late", title="Sin latido", severity=CRITICAL, now=NOON)
    assert resolve_alert("tick_late", now=LATER)
    assert raise_alert("tick_late", title="Sin latido", severity=CRITICAL, now=LATER)

    past, current = Alert.objects.order_by("id")
    assert (past.open_key, past.resolved_at) == (None, LATER)
    assert (current.open_key, current.resolved_at, current.count) == ("tick_late", None, 1)


@pytest.mark.django_db
def test_resolving_what_is_not_open_changes_nothing() -> None:
    raise_alert("tick_late", title="Sin latido", severity=CRITICAL, now=NOON)
    resolve_alert("tick_late", now=NOON)

    assert not resolve_alert("tick_late", now=LATER)
    assert not resolve_alert("unheard of", now=LATER)
    assert Alert.objects.get().resolved_at == NOON


@pytest.mark.django_db
def test_a_title_longer_than_its_column_is_cut() -> None:
    raise_alert("long", title="x" * 300, severity=CRITICAL, now=NOON)

    assert len(Alert.objects.get().title) == 200


@pytest.mark.django_db(transaction=True)
def test_eight_processes_that_see_it_at_once_open_one_alert() -> None:
    barrier = threading.Barrier(8)
    opened: list[bool] = []

    def see() -> None:
        try:
            barrier.wait()
            opened.append(raise_alert("gateway", title="No responde", severity=CRITICAL, now=NOON))
        finally:
            connection.close()

    threads = [threading.Thread(target=see) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(opened) == [False] * 7 + [True]
    alert = Alert.objects.get()
    assert alert.count == 8


@pytest.mark.django_db(transaction=True)
def test_an_alert_that_another_process_opens_between_our_look_and_our_insert_is_counted_on() -> None:
    def other_process() -> None:
        raise_alert("gateway", title="No responde", severity=CRITICAL, now=NOON)
        connection.close()

    def after_the_look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith("UPDATE") and not Alert.objects.exists():
            thread = threading.Thread(target=other_process)
            thread.start()
            thread.join()
        return result

    with connection.execute_wrapper(after_the_look):
        assert not raise_alert("gateway", title="No responde", severity=CRITICAL, now=LATER)

    alert = Alert.objects.get()
    assert (alert.count, alert.opened_at, alert.last_seen_at) == (2, NOON, LATER)
