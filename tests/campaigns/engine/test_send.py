"""From the claim to the answer: what may stop a message, and that one flight's trouble is its own."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import OperationalError, transaction
from pytest_django import Settings

from campaigns import lifecycle, receipts, switch
from campaigns.engine import dispatch, journal, send, settle, why_not
from campaigns.enums import AttemptOutcome, EnvioState, Evidence, WhyNot
from campaigns.health import journal as journal_probe
from campaigns.models import Attempt, Campaign, Envio, Lane, SessionDay
from leadmaster.accounts.roles import Role
from leadmaster.directory.models import ErasedPhone, Suppression, phone_keys
from leadmaster.ops.models import Alert
from tests.factories.accounts import UserFactory
from tests.faults.harness import World
from tests.faults.world import Behaviour
from whatsapp import health
from whatsapp.gateways import answers
from whatsapp.gateways.base import Capability, GatewayConfig, SessionState
from whatsapp.models import State, WhatsAppSession

pytestmark = pytest.mark.django_db(transaction=True)


def once_asked(world: World, act: Any) -> None:
    """Do this while the gateway is asked how the first session is: after the claim, before the dispatch."""
    done: list[bool] = []

    def asked() -> None:
        if len(done) > 50:
            raise AssertionError("the same message is claimed over and over")
        if not done:
            act()
        done.append(True)

    world.provider.asked = asked


@pytest.mark.parametrize(
    "stop", ["pause", "cancel", "switch", "environment", "session", "blocked", "opt-out", "erased"]
)
def test_what_changes_after_the_claim_still_stops_the_message(stop: str, settings: Settings) -> None:
    world = World()
    campaign = world.campaign(envios=2)
    boss = UserFactory(role=Role.ADMINISTRATOR)
    session = WhatsAppSession.objects.filter(pk=campaign.session_id)
    acts: dict[str, Any] = {
        "pause": lambda: lifecycle.pause(campaign, by=None, now=world.now),
        "cancel": lambda: lifecycle.cancel(campaign, by=None, now=world.now, reason="Ya no"),
        "switch": lambda: switch.turn(on=False, by=boss, now=world.now, reason="Alto"),
        "environment": lambda: setattr(settings, "AUTO_CAMPAIGNS_ENABLED", False),
        "session": lambda: session.update(state=State.DISCONNECTED),
        "blocked": lambda: session.update(blocked_until=world.now + dt.timedelta(hours=1)),
        "opt-out": lambda: [
            Suppression.objects.create(phone=phone, source=Suppression.Source.REPLY, created_at=world.now)
            for phone in Envio.objects.values_list("phone", flat=True)
        ],
        "erased": lambda: [
            ErasedPhone.objects.create(digest=phone_keys(phone)[0], erased_at=world.now)
            for phone in Envio.objects.values_list("phone", flat=True)
        ],
    }
    once_asked(world, acts[stop])

    world.tick()

    assert world.provider.ledger == []
    ended = stop in ("cancel", "opt-out", "erased")
    assert world.states() == {EnvioState.CANCELLED if ended else EnvioState.PENDING: 2}
    assert set(Attempt.objects.values_list("outcome", "counted", "refunded")) == {
        (AttemptOutcome.WITHDRAWN, False, True)
    }
    assert list(Envio.objects.values_list("attempts", flat=True)) == [0, 0]
    assert world.findings() == []


def test_a_paused_campaign_is_not_claimed_over_and_over() -> None:
    world = World()
    campaign = world.campaign(envios=1)
    once_asked(world, lambda: lifecycle.pause(campaign, by=None, now=world.now))

    report = world.tick()

    assert report.outcomes == {"withdrawn": 1}
    assert Attempt.objects.count() == 1


def test_nothing_leaves_after_its_window_closed() -> None:
    world = World(start=dt.datetime(2026, 2, 7, 20, 59, 50, tzinfo=dt.UTC))  # 17:59:50 in Córdoba
    campaign = world.campaign(envios=20, delay=1)
    campaign.schedules.get().windows.update(opens=dt.time(9), closes=dt.time(18))

    world.tick()

    closes = dt.datetime(2026, 2, 7, 21, 0, tzinfo=dt.UTC)
    assert world.provider.ledger
    assert max(line.at for line in world.provider.ledger) < closes
    assert world.findings() == []


def test_a_window_that_closes_between_the_claim_and_the_socket_keeps_the_message() -> None:
    world = World(start=dt.datetime(2026, 2, 7, 20, 59, 50, tzinfo=dt.UTC))
    campaign = world.campaign(envios=1)
    campaign.schedules.get().windows.update(opens=dt.time(9), closes=dt.time(18))
    once_asked(world, lambda: setattr(world.provider, "answer_after", 15.0))

    world.tick()

    assert world.provider.ledger == []
    assert world.states() == {EnvioState.PENDING: 1}


def test_a_message_whose_deadline_does_not_fit_in_the_lease_is_not_sent() -> None:
    world = World()
    world.campaign(envios=1)
    until = world.now + dt.timedelta(seconds=80)
    once_asked(world, lambda: Envio.objects.update(lease_until=until))

    world.tick()

    first, second = Attempt.objects.order_by("id")
    assert (first.outcome, second.outcome) == (AttemptOutcome.WITHDRAWN, AttemptOutcome.SENT)
    assert len(world.provider.ledger) == 1


def test_a_session_that_says_it_waits_for_its_code_is_written_down_so() -> None:
    world = World()
    campaign = world.campaign(envios=1)
    world.provider.state[campaign.session.tenant_id] = SessionState.AWAITING_QR

    world.tick()

    session = WhatsAppSession.objects.get()
    assert (session.state, session.unreachable_since) == (State.AWAITING_QR, None)
    assert world.states() == {EnvioState.PENDING: 1}
    health.review(world.now + health.GRACE)
    assert Alert.objects.get().key == f"session:{session.pk}"


def test_a_gateway_that_nobody_can_open_stops_its_session_only() -> None:
    world = World()
    bad, good = world.campaign(envios=2), world.campaign(envios=2)
    real = world.provider.open

    def opens(config: GatewayConfig) -> Any:
        if config.tenant_id == bad.session.tenant_id:
            raise ValueError("unknown gateway")
        return real(config)

    world.provider.open = opens  # type: ignore[method-assign]

    world.tick()

    assert Envio.objects.filter(campaign=good, state=EnvioState.SENT).count() == 2
    assert list(Envio.objects.filter(campaign=bad).values_list("state", "attempts")) == [(EnvioState.PENDING, 0)] * 2
    assert WhatsAppSession.objects.get(pk=bad.session_id).state == State.DISCONNECTED
    health.review(world.now + health.GRACE)
    assert "1 de sus 2 líneas" in Alert.objects.get().body
    assert world.findings() == []


def test_an_answer_that_breaks_our_code_keeps_nobody_else_from_landing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    bad, good = world.campaign(envios=1), world.campaign(envios=1)
    poisoned = bad.envios.get().pk
    real = settle.settle

    def breaks(claim: Any, *args: Any, **kwargs: Any) -> Any:
        if claim.envio_id == poisoned:
            raise KeyError("a mistake of ours")
        return real(claim, *args, **kwargs)

    monkeypatch.setattr(send, "settle", breaks)

    world.tick()

    assert good.envios.get().state == EnvioState.SENT
    assert bad.envios.get().state == EnvioState.SENDING
    monkeypatch.undo()
    world.restart()
    world.come_to_rest()
    assert bad.envios.get().state == EnvioState.UNCERTAIN
    assert world.findings() == []


def test_a_typing_indicator_that_breaks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(capabilities=[Capability.PRESENCE])
    campaign = world.campaign(envios=2)
    Campaign.objects.filter(pk=campaign.pk).update(typing=True)
    opened = type(world.provider.open(campaign.session.gateway_config()))
    shown = iter([answers.GATEWAY_ERROR.error(), RuntimeError("not ours")])

    def show(self: Any, phone: str, seconds: float) -> None:
        raise next(shown)

    monkeypatch.setattr(opened, "show_typing", show)

    world.tick()

    assert world.states() == {EnvioState.SENT: 2}


def test_a_journal_that_cannot_be_written_stops_everything_and_burns_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    world.campaign(envios=3)

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal, "write", full)

    world.tick()

    assert world.provider.ledger == []
    assert list(Envio.objects.values_list("state", "attempts", "dispatched_at")) == [(EnvioState.PENDING, 0, None)] * 3
    assert Attempt.objects.count() == 1
    assert any(record.levelname == "CRITICAL" for record in caplog.records)


@pytest.mark.parametrize("trouble", ["write", "write_mark", "_files"])
def test_a_journal_that_can_not_be_used_is_told_shown_and_over_by_itself(
    monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    world = World()
    campaign = world.campaign(envios=2)

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(journal, trouble, full)
        world.run_minutes(2)

        assert world.provider.ledger == []
        assert world.states() == {EnvioState.PENDING: 2}
        [alert] = Alert.objects.filter(open_key__startswith="journal-unusable:")
        assert "No space left" in alert.body
        assert alert.severity == Alert.Severity.CRITICAL
        assert not journal_probe(world.now).ok
        assert why_not.why_not(campaign, world.now).reason == WhyNot.JOURNAL
    world.run_minutes(2)

    assert world.states() == {EnvioState.SENT: 2}
    assert journal_probe(world.now).ok
    assert not Alert.objects.filter(open_key__startswith="journal-unusable:").exists()


def test_an_answer_waits_for_a_database_that_is_away_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.campaign(envios=1)
    real = settle.settle
    away_until = world.now + dt.timedelta(seconds=12)

    def away(*args: Any, **kwargs: Any) -> Any:
        if world.now < away_until:
            raise OperationalError(2002, "Can't connect to server")
        return real(*args, **kwargs)

    monkeypatch.setattr(send, "settle", away)

    world.tick()

    assert world.states() == {EnvioState.SENT: 1}
    assert Attempt.objects.get().duration_ms == 1000
    assert world.findings() == []


def test_a_pause_that_a_gateway_asks_for_is_the_sessions_and_ends_with_it() -> None:
    world = World()
    campaign = world.campaign(envios=1)
    error = answers.RATE_LIMITED.error()
    error.retry_after = 86_400.0
    world.provider.behave = lambda _message: Behaviour(delivers=False, error=error)
    world.tick()
    session = WhatsAppSession.objects.get(pk=campaign.session_id)
    assert session.blocked_until == world.now + dt.timedelta(days=1)
    world.provider.behave = lambda _message: Behaviour()

    WhatsAppSession.objects.update(blocked_until=None)  # what `unpause` does
    world.run_minutes(1)

    assert world.states() == {EnvioState.SENT: 1}


def test_a_process_that_was_stopped_after_its_commit_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.campaign(envios=1)
    stopped = [0.0]
    monkeypatch.setattr(send, "boot_seconds", lambda: stopped[0])
    monkeypatch.setattr(dispatch, "boot_seconds", lambda: stopped[0])
    real = dispatch.commit_dispatch

    def commits_and_stops(*args: Any, **kwargs: Any) -> bool:
        held = real(*args, **kwargs)
        stopped[0] += 300
        monkeypatch.setattr(send, "commit_dispatch", real)
        return held

    monkeypatch.setattr(send, "commit_dispatch", commits_and_stops)

    world.tick()

    first, second = Attempt.objects.order_by("id")
    assert (first.outcome, first.code) == (AttemptOutcome.NOT_SENT, "STALE_DISPATCH")
    assert second.outcome == AttemptOutcome.SENT
    assert [line.at for line in world.provider.ledger] == [second.dispatched_at]


def test_a_row_that_moved_while_the_session_was_asked_closes_its_try_and_gives_back_its_charge() -> None:
    world = World()
    world.campaign(envios=1)
    once_asked(world, _proved_by_an_older_try)

    world.tick()

    assert world.provider.sends == []
    assert Attempt.objects.get().outcome == AttemptOutcome.WITHDRAWN
    assert SessionDay.objects.get().used == 0
    assert not Lane.objects.filter(busy=True).exists()


def _proved_by_an_older_try() -> None:
    envio = Envio.objects.get()
    now = envio.next_due
    with transaction.atomic():
        receipts.prove_sent(envio.pk, message_id="true_older", evidence=Evidence.CALLBACK, at=now, now=now)


def test_an_answer_after_the_deadline_still_counts_while_the_tick_is_there() -> None:
    world = World()
    world.campaign(envios=1)
    slow = Envio.objects.get().client_message_id
    # Two more, one after the other: the second keeps the tick there until the slow one has answered.
    world.campaign(envios=2, delay=1)
    world.provider.behave = lambda message: Behaviour(
        seconds=95.0 if message.client_message_id == slow else 40.0 if len(world.provider.sends) < 2 else 80.0
    )

    world.tick()

    assert world.states() == {EnvioState.SENT: 3}
    assert Attempt.objects.get(envio__client_message_id=slow).outcome == AttemptOutcome.SENT
    assert world.findings() == []


def test_the_gateways_words_reach_the_log_of_tries() -> None:
    world = World()
    world.campaign(envios=1, max_attempts=1)
    error = answers.WHATSAPP_ERROR.error(code="SOMETHING_ELSE")
    error.http_status = 500
    world.provider.behave = lambda _message: Behaviour(delivers=False, error=error)

    world.tick()

    attempt, envio = Attempt.objects.get(), Envio.objects.get()
    assert (attempt.code, attempt.http_status, attempt.outcome) == ("SOMETHING_ELSE", 500, AttemptOutcome.NOT_SENT)
    assert (envio.state, envio.error_code) == (EnvioState.ERROR, settle.MAX_ATTEMPTS)


def test_what_is_no_answer_at_all_is_a_doubt() -> None:
    world = World()
    world.campaign(envios=1)
    world.provider.behave = lambda _message: Behaviour(raises=ZeroDivisionError())

    world.tick()

    assert Envio.objects.get().state == EnvioState.UNCERTAIN
    assert Attempt.objects.get().code == "ZeroDivisionError"
