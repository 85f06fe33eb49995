"""A line that lost the network comes back by itself, later each time; one that needs a person waits for a person."""

from __future__ import annotations

import datetime as dt
import itertools
import random
from typing import Self

import pytest
from django.utils import timezone

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.ops.models import Alert
from tests.factories.accounts import UserFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.simulator import Simulator
from whatsapp import reconnection, screens, sessions
from whatsapp.gateways.base import GatewayConfig, GatewayError, SessionState, SessionStatus
from whatsapp.models import SessionEvent, State, WhatsAppSession
from whatsapp.session_manager.phone import End
from whatsapp.standing import Standing, standing

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(microsecond=0)
SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)


class Middling(random.Random):
    """Neither early nor late."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def the_line() -> WhatsAppSession:
    return WhatsAppSession.objects.get()


def a_line(simulator: Simulator, **fields: object) -> WhatsAppSession:
    values = {"paired_at": NOW - dt.timedelta(days=9), "state_at": NOW - dt.timedelta(hours=1), **fields}
    line: WhatsAppSession = WhatsAppSessionFactory.create(tenant_id="51", base_url=simulator.base_url, **values)
    return sessions.refresh(line, NOW - MINUTE)


def lost(simulator: Simulator, *, reason: str = "NETWORK", **fields: object) -> WhatsAppSession:
    """One that was connected, and is not any more."""
    line = a_line(simulator, **fields)
    simulator.set_tenant("51", state="DISCONNECTED", reason=reason, linked=True)
    return sessions.refresh(line, NOW)


def run(at: dt.datetime) -> int:
    return reconnection.run(at, rng=Middling())


def test_a_line_that_lost_the_network_is_dialled_and_comes_back(simulator: Simulator) -> None:
    lost(simulator)

    assert run(NOW) == 0
    assert the_line().reconnect_at == NOW + 30 * SECOND
    assert run(NOW + 29 * SECOND) == 0
    assert run(NOW + 30 * SECOND) == 1
    assert the_line().state == State.CONNECTING

    simulator.advance(1)
    line = sessions.refresh(the_line(), NOW + MINUTE)
    assert (line.state, line.reconnect_at) == (State.READY, None)
    assert run(NOW + 2 * MINUTE) == 0
    assert not Alert.objects.filter(open_key__isnull=False).exists()


def test_each_try_that_fails_waits_twice_as_long(simulator: Simulator) -> None:
    lost(simulator)
    simulator.add_faults({"fault": "status", "route": "connect", "status": 500})
    run(NOW)
    tried = []
    at = NOW
    for _ in range(8):
        at = the_line().reconnect_at or at
        simulator.set_tenant("51", state="DISCONNECTED", reason="NETWORK", linked=True)
        sessions.refresh(the_line(), at)
        assert run(at) == 1
        tried.append(at - NOW)

    waits = [after - before for before, after in itertools.pairwise(tried)]
    assert waits == [MINUTE * one for one in (1, 2, 4, 8, 16, 30, 30)]


def test_waits_differ_so_that_many_lines_do_not_come_back_at_once() -> None:
    rng = random.Random(7)
    waits = {reconnection.delay(0, rng) for _ in range(50)}
    assert len(waits) > 40
    assert min(waits) >= 22 * SECOND
    assert max(waits) <= 38 * SECOND
    assert reconnection.delay(5000, rng) <= reconnection.LONGEST * 1.25


def test_of_two_clusters_one_dials(simulator: Simulator) -> None:
    lost(simulator)
    run(NOW)
    seen_by_both = the_line()
    at = NOW + MINUTE

    first = reconnection._take_turn(seen_by_both, at, Middling())
    second = reconnection._take_turn(seen_by_both, at, Middling())

    assert (first, second) == (True, False)
    assert the_line().reconnect_tries == 1


@pytest.mark.parametrize("reason", sorted(set(End) - {End.NETWORK, End.IDLE}))
def test_what_needs_a_person_is_not_dialled(simulator: Simulator, reason: str) -> None:
    lost(simulator, reason=reason)
    assert [run(NOW + hours * dt.timedelta(hours=1)) for hours in range(4)] == [0, 0, 0, 0]
    assert the_line().reconnect_at is None


@pytest.mark.parametrize("reason", ["LOGGED_OUT", "BANNED"])
def test_a_farewell_that_only_the_status_tells_is_told_to_people(simulator: Simulator, reason: str) -> None:
    line = lost(simulator, reason=reason)
    assert line.paused_at == NOW
    assert line.trouble_code == reason
    assert Alert.objects.get().open_key == f"session:{line.pk}"


def test_every_reason_of_our_session_manager_has_words_of_its_own(simulator: Simulator) -> None:
    line = a_line(simulator)
    told = set()
    for end in End:
        WhatsAppSession.objects.update(state=State.READY, paused_at=None, trouble="", trouble_code="", closed_reason="")
        gone = SessionStatus(state=SessionState.DISCONNECTED, can_send=False, reason=end.value)
        sessions.record_status(line.pk, gone, NOW)
        told.add(f"{the_line().trouble} {screens.session_advice(the_line(), NOW)}")

    assert len(told) == len(End)
    assert not [words for words in told if "Se cortó la conexión" in words]


def test_codes_that_nobody_scanned_are_not_asked_for_again(simulator: Simulator) -> None:
    """Its link was lost while it was down: dialling it shows codes to nobody. A gateway may not say why it gave up."""
    lost(simulator)
    sessions.record_status(the_line().pk, SessionStatus(state=SessionState.AWAITING_QR, can_send=False), NOW + MINUTE)
    assert run(NOW + MINUTE) == 0
    sessions.record_status(
        the_line().pk, SessionStatus(state=SessionState.DISCONNECTED, can_send=False), NOW + 3 * MINUTE
    )
    assert run(NOW + 9 * MINUTE) == 0
    assert the_line().closed_reason == "QR_EXPIRED"


@pytest.fixture
def boss() -> User:
    person: User = UserFactory.create(role=Role.SUPERVISOR)
    return person


def test_who_disconnects_it_is_obeyed_until_somebody_connects_it(simulator: Simulator, boss: User) -> None:
    line = a_line(simulator)
    line = sessions.disconnect(line, NOW, by=boss)
    assert (line.state, line.closed_at) == (State.DISCONNECTED, NOW)
    # Whatever the gateway says of it meanwhile.
    simulator.set_tenant("51", state="DISCONNECTED", reason="NETWORK", linked=True)
    sessions.refresh(line, NOW + MINUTE)
    assert [run(NOW + minutes * MINUTE) for minutes in (1, 2, 60)] == [0, 0, 0]
    assert "La desconectó una persona" in screens.session_advice(the_line(), NOW + MINUTE)

    sessions.connect(the_line(), NOW + 61 * MINUTE, by=boss)

    simulator.advance(1)
    line = sessions.refresh(the_line(), NOW + 62 * MINUTE)
    assert (line.state, line.closed_at) == (State.READY, None)
    kinds = list(SessionEvent.objects.values_list("kind", "by"))
    assert kinds == [(SessionEvent.Kind.CONNECTED, boss.pk), (SessionEvent.Kind.DISCONNECTED, boss.pk)]


def test_a_gateway_that_is_slow_to_close_does_not_undo_it(simulator: Simulator, boss: User) -> None:
    line = a_line(simulator)
    sessions.disconnect(line, NOW, by=boss)
    ready = SessionStatus(state=SessionState.READY, can_send=True, phone=line.phone)
    sessions.record_status(line.pk, ready, NOW + SECOND)
    sessions.record_status(line.pk, SessionStatus(state=SessionState.DISCONNECTED, can_send=False), NOW + 9 * SECOND)
    assert run(NOW + 5 * MINUTE) == 0
    assert the_line().closed_at == NOW


def test_who_disconnects_it_while_it_is_dialled_is_obeyed(
    simulator: Simulator, boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost(simulator)
    run(NOW)
    dial = reconnection._open

    def overtaken(config: GatewayConfig) -> GatewayError | None:
        sessions.disconnect(the_line(), NOW + MINUTE, by=boss)
        return dial(config)

    monkeypatch.setattr(reconnection, "ThreadPoolExecutor", Here)
    monkeypatch.setattr(reconnection, "_open", overtaken)

    assert run(NOW + MINUTE) == 1

    simulator.advance(5)
    line = sessions.refresh(the_line(), NOW + 2 * MINUTE)
    assert (line.state, line.closed_at) == (State.DISCONNECTED, NOW + MINUTE)


class Here:
    """A pool of this thread alone."""

    def __init__(self, **_: object) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    map = staticmethod(map)


def test_a_gateway_that_does_not_close_it_leaves_it_as_it_was(simulator: Simulator, boss: User) -> None:
    line = a_line(simulator)
    simulator.add_faults({"fault": "status", "route": "disconnect", "status": 500})
    with pytest.raises(GatewayError):
        sessions.disconnect(line, NOW, by=boss)
    assert (the_line().state, the_line().closed_at) == (State.READY, None)


def test_a_gateway_that_is_away_is_not_dialled_and_its_line_is_when_it_answers_again(simulator: Simulator) -> None:
    line = lost(simulator)
    WhatsAppSession.objects.filter(pk=line.pk).update(base_url="http://127.0.0.1:9")
    sessions.refresh(the_line(), NOW + MINUTE)
    assert [run(NOW + minutes * MINUTE) for minutes in (2, 9)] == [0, 0]

    WhatsAppSession.objects.filter(pk=line.pk).update(base_url=simulator.base_url)
    sessions.refresh(the_line(), NOW + 10 * MINUTE)
    run(NOW + 10 * MINUTE)
    assert run(NOW + 11 * MINUTE) == 1


@pytest.mark.parametrize(
    "fields",
    [{"paired_at": None}, {"paused_at": NOW}, {"rested_at": NOW}, {"capabilities": []}],
    ids=lambda fields: next(iter(fields)),
)
def test_who_is_never_dialled(simulator: Simulator, fields: dict[str, object]) -> None:
    lost(simulator)
    WhatsAppSession.objects.update(**fields)
    assert [run(NOW + minutes * MINUTE) for minutes in (0, 1, 2)] == [0, 0, 0]


def test_a_line_that_comes_and_goes_is_not_dialled_faster_for_it(simulator: Simulator) -> None:
    lost(simulator)
    WhatsAppSession.objects.update(reconnect_tries=5)
    sessions.record_status(the_line().pk, SessionStatus(state=SessionState.READY, can_send=True), NOW + MINUTE)
    down = SessionStatus(state=SessionState.DISCONNECTED, can_send=False, reason="NETWORK")
    sessions.record_status(the_line().pk, down, NOW + 2 * MINUTE)
    assert the_line().reconnect_tries == 5

    sessions.record_status(the_line().pk, SessionStatus(state=SessionState.READY, can_send=True), NOW + 3 * MINUTE)
    sessions.record_status(the_line().pk, down, NOW + 30 * MINUTE)
    assert the_line().reconnect_tries == 0


def test_its_page_tells_the_cause_and_the_next_try(simulator: Simulator) -> None:
    lost(simulator)
    run(NOW)
    line = the_line()
    assert screens.session_advice(line, NOW) == "Se cortó la red del gateway o del teléfono. Los pendientes esperan."
    assert screens.next_try(line, NOW)
    run(NOW + 30 * SECOND)
    WhatsAppSession.objects.update(state=State.DISCONNECTED)
    assert screens.next_try(the_line(), NOW).endswith("(van 1 intento)")


def test_nobody_down_costs_one_query(simulator: Simulator, django_assert_num_queries: object) -> None:
    a_line(simulator)
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert run(NOW) == 0


# --- Another account ----------------------------------------------------------------------------------------------


def test_a_phone_of_another_number_is_logged_out_and_told(simulator: Simulator) -> None:
    line = a_line(simulator)
    ours = line.phone
    simulator.gateway().logout()
    simulator.gateway().connect()
    simulator.advance(1)
    simulator.scan("51", phone="+5491199990000")

    line = sessions.refresh(the_line(), NOW)

    assert simulator.gateway().status().state is SessionState.DISCONNECTED
    assert (line.phone, line.trouble_code) == (ours, "WRONG_ACCOUNT")
    assert not line.is_ready(NOW)
    assert standing(line, NOW) is Standing.LOGGED_OUT
    assert "9999" not in line.trouble
    assert "Vincula el teléfono de la línea" in line.trouble
    assert "después sigue sola" in screens.session_advice(line, NOW)
    assert SessionEvent.objects.get().kind == SessionEvent.Kind.WRONG_ACCOUNT
    assert "otro teléfono" in Alert.objects.get().title
    assert run(NOW + MINUTE) == 0

    # The right one ends it.
    sessions.connect(line, NOW + MINUTE)
    simulator.advance(1)
    simulator.scan("51", phone=ours)
    line = sessions.refresh(line, NOW + 2 * MINUTE)
    assert (line.paused_at, line.trouble, standing(line, NOW)) == (None, "", Standing.READY)


def test_the_same_number_spelt_otherwise_is_the_line(simulator: Simulator) -> None:
    line = a_line(simulator)
    WhatsAppSession.objects.update(phone="+5493515550000")
    other = SessionStatus(state=SessionState.READY, can_send=True, phone="+543515550000")
    sessions.record_status(line.pk, other, NOW)
    assert the_line().paused_at is None


def test_a_stranger_that_could_not_be_logged_out_is_tried_again_and_sends_nothing(simulator: Simulator) -> None:
    line = a_line(simulator)
    simulator.set_tenant("51", phone="+5491199990000")
    simulator.add_faults({"fault": "status", "route": "logout", "status": 500, "count": 1})

    line = sessions.refresh(line, NOW)
    assert (line.state, line.is_ready(NOW)) == (State.READY, False)

    sessions.log_out_strangers(NOW + MINUTE)
    assert the_line().state == State.DISCONNECTED
    assert simulator.gateway().status().state is SessionState.DISCONNECTED


def test_what_a_line_was_paused_for_outlives_a_wrong_phone(simulator: Simulator) -> None:
    line = a_line(simulator)
    WhatsAppSession.objects.update(paused_at=NOW - MINUTE, trouble="Bloqueada", trouble_code="BANNED")
    simulator.set_tenant("51", phone="+5491199990000")

    line = sessions.refresh(the_line(), NOW)

    assert (line.trouble_code, line.state) == ("BANNED", State.DISCONNECTED)
