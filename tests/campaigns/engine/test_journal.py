"""Fault 31: a database that comes back from a backup, told by what this machine wrote beside it."""

from __future__ import annotations

import datetime as dt

import pytest

from campaigns import switch
from campaigns.engine import journal, tick
from campaigns.engine.plan import Plan, make_plan
from campaigns.enums import EnvioState, WhyNot
from campaigns.models import Campaign, DatabaseIdentity, Envio, SenderSwitch
from leadmaster.accounts.roles import Role
from leadmaster.ops.models import Alert
from tests.factories.accounts import UserFactory
from tests.faults.harness import Backup, World, backup, restore, start_over

pytestmark = pytest.mark.django_db(transaction=True)


def test_fault_31_nothing_that_a_restored_database_forgot_is_sent_again_by_itself() -> None:
    world = World()
    campaign = world.campaign(envios=2)
    world.run_minutes(1)
    campaign = world.campaign(envios=3, session=campaign.session)
    kept = backup()
    world.run_minutes(1)
    restore(kept)

    world.run_minutes(3)

    assert len(world.provider.ledger) == 5
    assert world.states() == {EnvioState.SENT: 2, EnvioState.UNCERTAIN: 3}
    assert not switch.is_on()
    assert SenderSwitch.objects.get().by is None
    assert Alert.objects.get(open_key="database-restored").count == 1
    assert world.findings() == []


def test_what_was_never_sent_waits_for_the_person_who_switches_on_again() -> None:
    world = World()
    campaign = world.campaign(envios=2)
    kept = backup()
    world.run_minutes(1)
    restore(kept)
    world.fill(campaign, 1)
    world.run_minutes(2)
    assert world.tick().waiting == {}  # this minute is taken
    world.next_minute()
    assert world.tick().waiting[campaign.pk] == WhyNot.SWITCHED_OFF

    switch.turn(on=True, by=UserFactory(role=Role.ADMINISTRATOR), reason="Ya revisé", now=world.now)
    world.run_minutes(1)

    assert len(world.provider.ledger) == 3
    assert world.states() == {EnvioState.UNCERTAIN: 2, EnvioState.SENT: 1}


def test_a_dispatch_that_the_backup_knows_only_as_a_claim_is_not_taken_back_as_unsent() -> None:
    world = World()
    world.campaign(envios=1)
    # The backup is made between the claim and the dispatch, while the tick goes on.
    kept: Backup = {}
    world.provider.asked = lambda: kept.update(backup())
    world.run_minutes(1)
    assert kept[Envio][0]["state"] == EnvioState.SENDING
    assert kept[Envio][0]["dispatched_at"] is None
    restore(kept)

    world.restart()
    world.run_minutes(3)

    assert len(world.provider.ledger) == 1
    assert world.states() == {EnvioState.UNCERTAIN: 1}


def test_a_tick_that_went_on_across_the_restore_does_not_hide_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.campaign(envios=2)
    kept = backup()
    world.run_minutes(1)
    restore(kept)
    # A tick that was past its guard when the database was exchanged sends something else.
    other = world.campaign(envios=1)
    with monkeypatch.context() as patched:
        patched.setattr(tick, "guard_against_restore", lambda now: 0)
        patched.setattr(tick, "make_plan", lambda now: _only(other, make_plan(now)))
        world.run_minutes(1)
    assert world.provider.ledger[-1].phone == other.envios.get().phone

    world.run_minutes(2)

    assert len(world.provider.ledger) == 3
    assert world.states() == {EnvioState.SENT: 1, EnvioState.UNCERTAIN: 2}


def _only(campaign: Campaign, plan: Plan) -> Plan:
    return Plan(slots={campaign.session_id: plan.slots[campaign.session_id]}, standings=plan.standings)


def test_the_guard_goes_back_to_where_the_backup_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_CHUNK", 3)
    world = World()
    campaign = world.campaign(envios=5)
    world.run_minutes(1)
    world.campaign(envios=15, session=campaign.session)
    kept = backup()
    world.run_minutes(1)
    restore(kept)

    world.run_minutes(1)

    assert world.states() == {EnvioState.SENT: 5, EnvioState.UNCERTAIN: 15}


def test_another_database_beside_the_same_journal_is_no_restore() -> None:
    world = World()
    campaign = world.campaign(envios=2)
    world.run_minutes(1)
    written = journal.path().read_bytes()
    start_over()
    DatabaseIdentity.objects.all().delete()
    journal.path().write_bytes(written)
    world.fill(campaign, 2)

    world.run_minutes(2)

    assert switch.is_on()
    assert not Alert.objects.filter(open_key="database-restored").exists()
    assert world.states() == {EnvioState.SENT: 2}


def test_lines_that_a_crash_tore_are_passed_over() -> None:
    world = World()
    world.campaign(envios=1)
    world.run_minutes(1)
    with journal.path().open("ab") as file:
        file.write(b"0f0f0f0f-torn")

    world.run_minutes(1)

    assert switch.is_on()
    [chunk] = journal.chunks(10)
    assert [line.at is not None and line.at.tzinfo for line in chunk] == [dt.UTC]


def test_a_journal_that_grew_too_long_starts_anew_and_is_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_MAX_BYTES", 3 * journal._LINE_BYTES)
    world = World()
    world.campaign(envios=6)
    kept = backup()
    world.run_minutes(1)
    assert journal.path().with_suffix(".old").exists()
    restore(kept)

    world.run_minutes(1)

    assert world.states() == {EnvioState.UNCERTAIN: 6}
