"""Each way in which the lines' tables can be untrue is found, and mended where that can be done."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.reconciliation import CHECKS as SENDERS
from leadmaster.accounts.roles import Role
from leadmaster.lib.crypto import seal
from leadmaster.ops.heartbeat import beat
from tests.factories.accounts import UserFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.lies import Lie, assert_found_and_mended, kinds, look
from whatsapp.health import HEARTBEAT
from whatsapp.models import LineTest, State, WhatsAppSession
from whatsapp.reconciliation import CHECKS

pytestmark = pytest.mark.django_db

NOW = timezone.now()
HOUR = dt.timedelta(hours=1)
ANOTHER_KEY = "ab" * 32


def line(**fields: object) -> WhatsAppSession:
    made: WhatsAppSession = WhatsAppSessionFactory(**{"last_seen_at": NOW, **fields})
    return made


def sealed_with_another_key(session: WhatsAppSession, name: str) -> int:
    text = seal("secreto", key_hex=ANOTHER_KEY, context=f"whatsapp.whatsappsession.{name}")
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {WhatsAppSession._meta.db_table} SET {name} = %s WHERE id = %s", [text, session.pk])
    return session.pk


def token_of_another_key() -> int:
    return sealed_with_another_key(line(), "token")


def secret_of_another_key() -> int:
    return sealed_with_another_key(line(), "webhook_secret")


def ready_and_never_asked() -> int:
    beat(HEARTBEAT, now=NOW)
    return line(last_seen_at=NOW - 5 * HOUR).pk


def ready_and_unreachable() -> int:
    return line(unreachable_since=NOW - HOUR).pk


def held_back_for_years() -> int:
    return line(blocked_until=NOW + dt.timedelta(days=900)).pk


def no_first_contacts_for_years() -> int:
    return line(cold_until=NOW + dt.timedelta(days=900), cold_refusals=3).pk


def waiting_trial() -> int:
    return trial(asked_at=NOW - HOUR).pk


def trial_that_never_came_back() -> int:
    return trial(asked_at=NOW - 2 * HOUR, started_at=NOW - 2 * HOUR, state=LineTest.State.SENDING).pk


def trial(**fields: object) -> LineTest:
    session = line()
    return LineTest.objects.create(session=session, open_for=session, by=UserFactory(role=Role.ADMINISTRATOR), **fields)


LIES = (
    Lie(check="sessions.secret", plant=token_of_another_key, repaired=False),
    Lie(check="sessions.secret", plant=secret_of_another_key, repaired=False),
    Lie(check="sessions.unasked", plant=ready_and_never_asked),
    Lie(check="sessions.unasked", plant=ready_and_unreachable),
    Lie(check="sessions.held", plant=held_back_for_years),
    Lie(check="sessions.held", plant=no_first_contacts_for_years),
    Lie(check="sessions.test", plant=waiting_trial),
    Lie(check="sessions.test", plant=trial_that_never_came_back),
)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_a_lie_is_found_and_mended(lie: Lie) -> None:
    assert_found_and_mended(lie, CHECKS, now=NOW)


def test_every_check_has_a_lie_that_tries_it() -> None:
    assert {lie.check for lie in LIES} == {check.name for check in CHECKS}


def test_a_secret_that_does_not_open_keeps_no_other_check_from_looking() -> None:
    token_of_another_key()
    held_back_for_years()

    assert kinds(look((*SENDERS, *CHECKS), now=NOW)) == ["sessions.secret", "sessions.held"]


def test_a_doubted_line_sends_nothing_until_it_is_asked() -> None:
    pk = ready_and_never_asked()

    look(CHECKS, now=NOW, apply=True)

    row = WhatsAppSession.objects.get(pk=pk)
    assert (row.state, row.probe_at, row.is_ready(NOW)) == (State.DISCONNECTED, NOW, False)


def test_lines_as_the_gateway_leaves_them_are_well() -> None:
    beat(HEARTBEAT, now=NOW)
    line(token="secreto", webhook_secret="otro")
    line(blocked_until=NOW + HOUR, cold_until=NOW + dt.timedelta(hours=24))
    line(state=State.DISCONNECTED, unreachable_since=NOW - 9 * HOUR)
    line(paused_at=NOW - 9 * HOUR, last_seen_at=NOW - 9 * HOUR)
    trial(asked_at=NOW)

    assert look(CHECKS, now=NOW) == []


def test_where_nobody_asks_any_line_the_watchdog_speaks_first() -> None:
    line(last_seen_at=NOW - 5 * HOUR)

    assert look(CHECKS, now=NOW) == []
