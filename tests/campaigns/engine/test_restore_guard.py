"""Backups that come back in every awkward way: twice, on two machines, under another name, with campaigns missing."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path

import pytest
from pytest_django import Settings

from campaigns import decisions, lifecycle, restores, switch
from campaigns.decisions import Decision
from campaigns.engine import journal, restore_guard
from campaigns.enums import CampaignState, EnvioState, Evidence
from campaigns.errors import Incomplete, NotAllowed, WrongState
from campaigns.models import Campaign, EnvioEvent, ForgottenDispatch, JournalReport, Restore, Sender, SenderSwitch
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.ops.models import Alert
from tests.factories.accounts import UserFactory
from tests.faults.harness import Backup, World, backup, restore

pytestmark = pytest.mark.django_db(transaction=True)


class Machines:
    """Two machines over one database, each with a folder and a name of its own."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self._settings, self._patch, self._folder = settings, monkeypatch, folder
        self.be("uno")

    def be(self, name: str, *, host: str = "") -> None:
        """What runs from here on runs on this machine."""
        self._settings.SENDER_JOURNAL_DIR = self._folder / name
        self._patch.setattr("socket.gethostname", lambda: host or name)


@pytest.fixture
def machines(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machines:
    return Machines(settings, monkeypatch, tmp_path)


@pytest.fixture
def boss() -> User:
    user: User = UserFactory(role=Role.ADMINISTRATOR)
    return user


def on_again(world: World, boss: User) -> None:
    switch.turn(on=True, by=boss, reason="Ya revisé", now=world.now)


def sent_since(world: World, envios: int = 30) -> Backup:
    """A backup, and so many messages that left after it."""
    world.campaign(envios=envios, session__daily_limit=1000, daily_cap=1000)
    kept = backup()
    world.run_minutes(2)
    assert len(world.provider.ledger) == envios
    return kept


def test_the_same_backup_restored_again_and_again_sends_nothing_again(boss: User) -> None:
    world = World()
    kept = sent_since(world)

    for _time in range(3):
        restore(kept)
        world.run_minutes(2)
        assert world.states() == {EnvioState.UNCERTAIN: 30}
        assert not switch.is_on()
        on_again(world, boss)
        world.run_minutes(2)

    assert len(world.provider.ledger) == 30
    assert world.findings() == []


def test_a_second_machine_is_waited_for_and_its_messages_are_not_sent_again(machines: Machines, boss: User) -> None:
    world = World()
    line = world.campaign(envios=2).session
    world.run_minutes(1)
    machines.be("dos")
    world.campaign(envios=2, session=line)
    world.run_minutes(1)  # both machines are known when the backup is made
    one, two = world.campaign(session=line), world.campaign(session=line)
    world.fill(one, 20)
    world.fill(two, 20)
    kept = backup()
    Campaign.objects.filter(pk=one.pk).update(state=CampaignState.PAUSED)
    world.run_minutes(2)
    machines.be("uno")
    Campaign.objects.filter(pk=one.pk).update(state=CampaignState.RUNNING)
    world.run_minutes(2)
    assert one.envios.filter(state=EnvioState.SENT).count() == two.envios.filter(state=EnvioState.SENT).count() == 20
    sent = len(world.provider.ledger)
    restore(kept)

    world.run_minutes(2)

    assert not switch.is_on()
    with pytest.raises(WrongState, match="dos"):
        on_again(world, boss)
    assert "dos" in Alert.objects.get(open_key="database-restored").body
    machines.be("dos")
    world.run_minutes(1)
    assert restores.names_awaited() == []
    on_again(world, boss)
    world.run_minutes(3)
    assert len(world.provider.ledger) == sent
    assert world.states() == {EnvioState.SENT: 4, EnvioState.UNCERTAIN: 40}
    assert world.findings() == []


def test_a_claim_that_another_machine_took_back_before_this_one_reported_is_not_sent_again(
    machines: Machines, boss: User
) -> None:
    """The backup was made between claim and dispatch. To the machine that comes back first it looks as if never sent."""
    world = World()
    line = world.campaign(envios=1).session
    world.run_minutes(1)
    machines.be("dos")
    world.fill(world.campaign(session=line), 1)
    kept: Backup = {}
    world.provider.asked = lambda: kept.update(backup())
    world.run_minutes(1)
    assert len(world.provider.ledger) == 2
    restore(kept)
    world.restart()
    restores.declare_restored(by=boss, reason="El respaldo de anoche", now=world.now)
    machines.be("uno")
    world.run_minutes(4)
    assert world.states() == {EnvioState.SENT: 1, EnvioState.PENDING: 1}

    machines.be("dos")
    for _time in range(2):
        world.run_minutes(1)
        assert restores.names_awaited() == []
        assert world.states() == {EnvioState.SENT: 1, EnvioState.UNCERTAIN: 1}
    on_again(world, boss)
    world.run_minutes(3)

    assert len(world.provider.ledger) == 2
    assert switch.is_on()
    assert world.findings() == []


def claimed_in_the_backup(world: World, machines: Machines, *, max_attempts: int) -> Campaign:
    """A message that machine "dos" sent, and a database from between its claim and its dispatch, a lease later."""
    line = world.campaign(envios=1).session
    world.run_minutes(1)
    machines.be("dos")
    campaign = world.campaign(session=line, max_attempts=max_attempts)
    world.fill(campaign, 1)
    kept: Backup = {}
    world.provider.asked = lambda: kept.update(backup())
    world.run_minutes(1)
    assert len(world.provider.ledger) == 2
    restore(kept)
    world.restart()
    machines.be("uno")
    return campaign


def test_the_last_try_of_a_claim_is_no_error_while_a_journal_is_missing(machines: Machines, boss: User) -> None:
    world = World()
    campaign = claimed_in_the_backup(world, machines, max_attempts=1)
    restores.declare_restored(by=boss, reason="El respaldo de anoche", now=world.now)

    world.run_minutes(2)

    envio = campaign.envios.get()
    assert (envio.state, envio.error_code) == (EnvioState.UNCERTAIN, "RESTORED")
    assert envio.events.get().evidence == Evidence.RESTORE
    machines.be("dos")
    world.run_minutes(2)
    assert restores.names_awaited() == []
    assert ForgottenDispatch.objects.get().envio == envio
    on_again(world, boss)
    world.run_minutes(3)
    assert len(world.provider.ledger) == 2
    assert world.states() == {EnvioState.SENT: 1, EnvioState.UNCERTAIN: 1}
    assert switch.is_on()
    assert world.findings() == []


@pytest.mark.parametrize("ended", ["its last try", "cancelled with its campaign", "a person's word"])
def test_what_was_called_unsent_before_anybody_noticed_the_restore(machines: Machines, boss: User, ended: str) -> None:
    """The machine that comes back first has nothing to compare. What the other one's journal then shows is no error."""
    world = World()
    campaign = claimed_in_the_backup(world, machines, max_attempts=1 if ended == "its last try" else 5)
    # It sent nothing after the backup, so its own journal tells it nothing.
    for file in journal.folder().iterdir():
        file.unlink()
    if ended == "its last try":
        world.run_minutes(1)
    else:
        Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.PAUSED)
        world.run_minutes(1)
        lifecycle.cancel(campaign, by=boss, reason="Ya no", now=world.now)
    if ended == "a person's word":
        campaign.envios.update(settled_by=boss, settled_reason="Lo llamé y no le llegó")
    unsent = EnvioState.ERROR if ended == "its last try" else EnvioState.CANCELLED
    assert campaign.envios.get().state == unsent
    assert switch.is_on()

    machines.be("dos")
    envio = campaign.envios.get()
    for _time in range(2):
        world.run_minutes(1)
        envio.refresh_from_db()
        assert envio.state == (unsent if ended == "a person's word" else EnvioState.UNCERTAIN)
        assert not switch.is_on()
        assert Restore.objects.count() == 1

    assert (envio.ended_at is None) == (envio.state == EnvioState.UNCERTAIN)
    assert ForgottenDispatch.objects.get().envio == envio
    if envio.state == EnvioState.UNCERTAIN:
        assert world.findings() == []


def test_a_machine_that_sent_nothing_since_the_backup_stops_as_well_when_it_was_at_work() -> None:
    """Its epoch is ahead of the database's, though it knows of no message that the database forgot."""
    world = World()
    line = world.campaign(envios=1).session
    world.run_minutes(1)
    world.fill(world.campaign(session=line), 1, next_due=world.now + dt.timedelta(days=1))
    kept = backup()
    world.run_minutes(1)
    assert len(world.provider.ledger) == 1
    restore(kept)

    world.run_minutes(1)

    assert not switch.is_on()
    assert world.states() == {EnvioState.SENT: 1, EnvioState.PENDING: 1}


def test_a_host_under_another_name_reads_what_it_wrote_under_the_old_one(machines: Machines, boss: User) -> None:
    world = World()
    machines.be("uno", host="contenedor-1")
    kept = sent_since(world)
    machines.be("uno", host="contenedor-2")
    restore(kept)

    world.run_minutes(2)

    assert world.states() == {EnvioState.UNCERTAIN: 30}
    assert restores.names_awaited() == []
    on_again(world, boss)
    world.run_minutes(2)
    assert len(world.provider.ledger) == 30


@pytest.mark.parametrize("suffix", [".restored", ".old", ".bak", ".log.1"])
def test_a_journal_that_was_set_aside_is_read_as_well(suffix: str) -> None:
    world = World()
    kept = sent_since(world, 3)
    journal.path().rename(journal.path().with_suffix(suffix))
    restore(kept)

    world.run_minutes(2)

    assert world.states() == {EnvioState.UNCERTAIN: 3}
    assert len(world.provider.ledger) == 3


@pytest.mark.parametrize("torn", [b"\nD1 0f0f0f0f-0f0f-4f0f-8f0f-0f0f", b"\nD1", b"\xff\x00\xfe", b"\n"])
@pytest.mark.parametrize("cut", ["no line break before the next", "its own line"])
def test_a_line_that_a_full_disk_tore_hides_nobody_elses(torn: bytes, cut: str) -> None:
    world = World()
    campaign = world.campaign(envios=1)
    world.run_minutes(1)
    with journal.path().open("ab") as file:
        file.write(torn)
    world.fill(campaign, 2)
    Campaign.objects.update(state=CampaignState.RUNNING, ended_at=None)
    kept = backup()
    world.run_minutes(1)
    if cut.startswith("no"):
        # As version 0.1.0 wrote them: nothing before the line but what was torn.
        raw = journal.path().read_bytes()
        journal.path().write_bytes(raw.replace(torn + b"\n", torn))
    assert len(world.provider.ledger) == 3
    restore(kept)

    world.run_minutes(2)

    assert world.states() == {EnvioState.SENT: 1, EnvioState.UNCERTAIN: 2}


def test_lines_of_the_version_before_are_read(tmp_path: Path) -> None:
    world = World()
    world.campaign(envios=3)
    kept = backup()
    world.run_minutes(1)
    left = [(uuid.uuid4(), line.client_message_id, line.at) for line in world.provider.ledger]
    old = "".join(f"{token} {message} {at.isoformat(timespec='microseconds'):32}\n" for token, message, at in left)
    for file in journal.folder().iterdir():
        file.unlink()
    (journal.folder() / "maquina.log").write_text(f"0f0f0f0f-{old}", encoding="ascii")
    restore(kept)

    world.run_minutes(2)

    assert world.states() == {EnvioState.UNCERTAIN: 3}
    assert not switch.is_on()


def test_a_campaign_younger_than_the_backup_is_told_and_its_people_do_not_get_the_text_again(boss: User) -> None:
    world = World()
    before = world.campaign(envios=0)
    kept = backup()
    young = world.campaign(envios=30, session=before.session)
    people = [(envio.phone, envio.text) for envio in young.envios.order_by("id")]
    world.run_minutes(2)
    assert len(world.provider.ledger) == 30
    restore(kept)

    world.run_minutes(2)

    assert not switch.is_on()
    assert "30" in Alert.objects.get(open_key="database-restored").body
    assert ForgottenDispatch.objects.count() == 30
    written = journal.path().read_text()
    assert not any(phone.strip("+") in written or text in written for phone, text in people)

    on_again(world, boss)
    # It would rest from the campaign that the backup lacks, had that not been forgotten as well.
    again = world.campaign(session=before.session, person_rest=0)
    for phone, text in people:
        world.fill(again, 1, phone=phone, text=f"  {text.upper()}\n")
    world.fill(again, 2)
    world.run_minutes(3)

    assert len(world.provider.ledger) == 32
    assert world.states() == {EnvioState.UNCERTAIN: 30, EnvioState.SENT: 2}
    assert EnvioEvent.objects.filter(evidence=Evidence.RESTORE, to_state=EnvioState.UNCERTAIN).count() == 30


def test_another_text_to_the_same_people_goes_out_and_so_does_the_same_one_when_a_person_says_so(boss: User) -> None:
    world = World()
    before = world.campaign()
    kept = backup()
    young = world.campaign(envios=1, session=before.session)
    phone, text = young.envios.values_list("phone", "text").get()
    world.run_minutes(1)
    restore(kept)
    world.run_minutes(1)
    on_again(world, boss)
    again, other = (world.campaign(session=before.session, person_rest=0) for _ in range(2))
    world.fill(again, 1, phone=phone, text=text)
    world.fill(other, 1, phone=phone, text=f"{text} ¡Feliz año!")

    world.run_minutes(2)

    assert other.envios.get().state == EnvioState.SENT
    parked = again.envios.get()
    assert (parked.state, parked.attempts) == (EnvioState.UNCERTAIN, 0)
    decisions.decide(parked, Decision.RESEND, by=boss, reason="Lo pidió", now=world.now)
    world.run_minutes(1)
    assert again.envios.get().state == EnvioState.SENT


def test_a_text_of_long_ago_goes_out_again(boss: User) -> None:
    world = World()
    before = world.campaign()
    kept = backup()
    young = world.campaign(envios=1, session=before.session)
    phone, text = young.envios.values_list("phone", "text").get()
    world.run_minutes(1)
    restore(kept)
    world.run_minutes(1)
    on_again(world, boss)
    world.clock.time += restore_guard.EXCLUDED_FOR + dt.timedelta(minutes=1)
    world.fill(world.campaign(session=before.session), 1, phone=phone, text=text)

    world.run_minutes(1)

    assert world.states() == {EnvioState.SENT: 1}


# --- What people say -------------------------------------------------------------------------------------------------


def missing(world: World, machines: Machines) -> JournalReport:
    """A restore that waits for a machine which will not come back."""
    world.campaign(envios=1)
    machines.be("perdida")
    world.run_minutes(1)
    machines.be("uno")
    campaign = world.campaign(envios=1)
    world.run_minutes(1)
    kept = backup()
    world.fill(campaign, 1)
    Campaign.objects.update(state=CampaignState.RUNNING, ended_at=None)
    world.run_minutes(1)
    restore(kept)
    world.run_minutes(1)
    report: JournalReport = JournalReport.objects.awaited().get()
    assert report.sender.name == "perdida"
    return report


def test_a_person_says_that_a_journal_is_lost_and_sending_may_go_on(machines: Machines, boss: User) -> None:
    world = World()
    report = missing(world, machines)
    with pytest.raises(NotAllowed):
        restores.declare_lost(report, by=UserFactory(role=Role.PROMOTER), reason="x", now=world.now)
    with pytest.raises(Incomplete):
        restores.declare_lost(report, by=boss, reason="  ", now=world.now)
    with pytest.raises(WrongState, match="perdida"):
        on_again(world, boss)

    restores.declare_lost(report, by=boss, reason="El disco se rompió", now=world.now)

    report.refresh_from_db()
    assert (report.lost_by, report.lost_reason, report.reported_at) == (boss, "El disco se rompió", None)
    with pytest.raises(WrongState):
        restores.declare_lost(report, by=boss, reason="Otra vez", now=world.now)
    on_again(world, boss)
    assert switch.is_on()


def test_a_person_says_that_the_database_was_restored_before_any_machine_noticed(
    machines: Machines, boss: User
) -> None:
    world = World()
    world.campaign(envios=1)
    world.run_minutes(1)

    restores.declare_restored(by=boss, reason="Respaldo de anoche", now=world.now)

    assert not switch.is_on()
    with pytest.raises(WrongState, match="uno"):
        on_again(world, boss)
    world.run_minutes(1)
    assert JournalReport.objects.get().reported_at == world.now
    on_again(world, boss)


def test_a_machine_that_was_away_for_months_is_not_waited_for(machines: Machines) -> None:
    world = World()
    long_ago = world.now - dt.timedelta(days=91)
    Sender.objects.create(key=uuid.uuid4(), name="vieja", first_seen_at=long_ago, last_seen_at=long_ago)
    kept = sent_since(world, 1)
    restore(kept)

    world.run_minutes(1)

    assert restores.names_awaited() == []
    assert SenderSwitch.objects.count() == 1


def test_a_machine_that_the_backup_does_not_know_is_named_by_the_others_journal(machines: Machines) -> None:
    world = World()
    campaign = world.campaign(envios=1)
    kept = backup()
    machines.be("nueva")
    world.run_minutes(1)
    world.fill(campaign, 1)
    Campaign.objects.update(state=CampaignState.RUNNING, ended_at=None)
    machines.be("uno")
    world.run_minutes(1)
    restore(kept)

    world.run_minutes(1)

    [name] = restores.names_awaited()
    assert "el respaldo no conoce" in name
    machines.be("nueva")
    world.run_minutes(1)
    assert restores.names_awaited() == []
