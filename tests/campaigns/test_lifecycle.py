"""The campaign's one door: the table, who may pass, what is written, and that nobody passes twice."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from campaigns import lifecycle
from campaigns.enums import CAMPAIGN_ENDED, CampaignState, EnvioState, Evidence, ScheduleState
from campaigns.errors import Incomplete, NotAllowed, Refused, WrongState
from campaigns.lifecycle import TABLE, Verb, allowed_verbs
from campaigns.models import Campaign, CampaignEvent, Envio, EnvioEvent, RecipientImport
from campaigns.rendering import TemplateError
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory, RecipientImportFactory, ScheduleFactory

S = CampaignState
NOW = dt.datetime(2026, 3, 2, 13, 0, tzinfo=dt.UTC)

# What only some verbs need to be told.
WORDS: dict[Verb, dict[str, Any]] = {
    Verb.REJECT: {"reason": "Falta el nombre"},
    Verb.CANCEL: {"reason": "Se terminó la promoción"},
}


def do(verb: Verb, campaign: Campaign, *, by: User | None) -> Campaign:
    if verb is Verb.FINISH:
        return lifecycle.finish(campaign, now=NOW)
    operation: Callable[..., Campaign] = getattr(lifecycle, verb.value)
    return operation(campaign, by=by, now=NOW, **WORDS.get(verb, {}))


def complete(state: CampaignState, *, verb: Verb | None = None) -> Campaign:
    """A campaign that lacks nothing, in this state. What is to finish has nothing open left."""
    campaign: Campaign = CampaignFactory.create(state=state)
    EnvioFactory.create(campaign=campaign, state=EnvioState.SENT if verb is Verb.FINISH else EnvioState.PENDING)
    ScheduleFactory.create(campaign=campaign, state=ScheduleState.APPROVED)
    return campaign


def boss_of(campaign: Campaign) -> User:
    boss: User = UserFactory.create(role=Role.SUPERVISOR)
    campaign.team.supervisors.add(boss)
    return boss


# --- The table ----------------------------------------------------------------------------------------------------


def test_the_table_knows_every_verb_and_every_verb_is_an_operation() -> None:
    assert set(TABLE) == set(Verb)
    for verb in Verb:
        assert callable(getattr(lifecycle, verb.value))


def test_every_state_is_reached_and_only_the_ended_ones_lead_nowhere() -> None:
    reached = {target for _sources, target, _act in TABLE.values()}
    left = {source for sources, _target, _act in TABLE.values() for source in sources}

    assert reached == set(CampaignState)
    assert left == set(CampaignState) - set(CAMPAIGN_ENDED)


def test_no_verb_leads_back_to_where_it_came_from() -> None:
    for sources, target, _act in TABLE.values():
        assert target not in sources


@pytest.mark.parametrize("state", CampaignState)
def test_buttons_are_the_verbs_whose_source_is_this_state(state: CampaignState) -> None:
    assert allowed_verbs(Campaign(state=state)) == [verb for verb in Verb if state in TABLE[verb][0]]


# --- Every verb from every state ----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("state", CampaignState)
@pytest.mark.parametrize("verb", Verb)
def test_a_verb_passes_from_its_sources_and_from_nowhere_else(verb: Verb, state: CampaignState) -> None:
    campaign = complete(state, verb=verb)
    sources, target, _act = TABLE[verb]
    boss = boss_of(campaign)
    by = None if verb is Verb.FINISH else boss

    if state in sources:
        returned = do(verb, campaign, by=boss)
        assert (returned.state, Campaign.objects.get(pk=campaign.pk).state) == (target, target)
        event = CampaignEvent.objects.get(campaign=campaign)
        assert (event.from_state, event.to_state, event.at, event.by, event.reason) == (
            state,
            target,
            NOW,
            by,
            WORDS.get(verb, {}).get("reason", ""),
        )
        return
    with pytest.raises(WrongState) as refused:
        do(verb, campaign, by=boss)
    assert state.label.lower() in str(refused.value)
    assert Campaign.objects.get(pk=campaign.pk).state == state
    assert not CampaignEvent.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("verb", "state", "fields"),
    [
        (Verb.SUBMIT, S.DRAFT, {"submitted_at": NOW}),
        (Verb.APPROVE, S.AWAITING_APPROVAL, {"approved_at": NOW}),
        (Verb.REJECT, S.APPROVED, {"approved_at": None, "approved_by": None}),
        (Verb.LAUNCH, S.APPROVED, {"launched_at": NOW}),
        (Verb.CANCEL, S.RUNNING, {"ended_at": NOW}),
        (Verb.FINISH, S.RUNNING, {"ended_at": NOW}),
    ],
)
def test_the_step_writes_its_times(verb: Verb, state: CampaignState, fields: dict[str, Any]) -> None:
    campaign = complete(state, verb=verb)

    do(verb, campaign, by=boss_of(campaign))

    campaign.refresh_from_db()
    assert {name: getattr(campaign, name) for name in fields} == fields


# --- Who may ------------------------------------------------------------------------------------------------------

VERBS = [verb for verb in Verb if verb is not Verb.FINISH]  # the system's own


@pytest.mark.django_db
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("who", "approves"),
    [
        ("owner", False),
        ("colleague", False),
        ("boss", True),
        ("other_boss", False),
        ("outsider", False),
        ("admin", True),
    ],
)
def test_owner_and_boss_operate_and_only_the_boss_approves(verb: Verb, who: str, approves: bool) -> None:
    campaign = complete(TABLE[verb][0][0])
    before = campaign.state
    people = {
        "owner": campaign.owner,
        "colleague": UserFactory.create(),
        "boss": boss_of(campaign),
        "other_boss": UserFactory.create(role=Role.SUPERVISOR),
        "outsider": UserFactory.create(),
        "admin": UserFactory.create(role=Role.ADMINISTRATOR),
    }
    campaign.team.members.add(campaign.owner, people["colleague"])
    TeamFactory.create(members=[people["outsider"]], supervisors=[people["other_boss"]])
    may = approves or (who == "owner" and verb not in (Verb.APPROVE, Verb.REJECT))

    if may:
        do(verb, campaign, by=people[who])
        assert Campaign.objects.get().state == TABLE[verb][1]
    else:
        with pytest.raises(NotAllowed, match=campaign.name):
            do(verb, campaign, by=people[who])
        assert Campaign.objects.get().state == before
        assert not CampaignEvent.objects.exists()


@pytest.mark.django_db
def test_a_dismissed_boss_may_nothing() -> None:
    campaign = complete(S.RUNNING)
    boss = boss_of(campaign)
    boss.is_active = False

    with pytest.raises(NotAllowed):
        lifecycle.pause(campaign, by=boss, now=NOW)


@pytest.mark.django_db
def test_the_system_itself_may_pause() -> None:
    campaign = lifecycle.pause(complete(S.RUNNING), by=None, now=NOW, reason="Errores: 12 %")

    assert (campaign.state, campaign.events.get().by) == (S.PAUSED, None)


# --- What is missing ----------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("verb", [Verb.SUBMIT, Verb.APPROVE])
@pytest.mark.parametrize("lack", ["recipients", "schedule", "windows", "rejected", "column"])
def test_nothing_incomplete_goes_on(verb: Verb, lack: str) -> None:
    campaign = complete(TABLE[verb][0][0])
    schedule = campaign.schedules.get()
    if lack == "recipients":
        campaign.envios.all().delete()
    elif lack == "schedule":
        schedule.delete()
    elif lack == "windows":
        schedule.windows.all().delete()
    elif lack == "rejected":
        campaign.schedules.update(state=ScheduleState.REJECTED)
    else:
        Campaign.objects.update(template="Debes {saldo}")

    with pytest.raises(TemplateError if lack == "column" else Incomplete):
        do(verb, campaign, by=boss_of(campaign))

    assert Campaign.objects.get().state == TABLE[verb][0][0]
    assert not CampaignEvent.objects.exists()


@pytest.mark.django_db
def test_what_is_missing_is_told_all_at_once() -> None:
    with pytest.raises(Incomplete, match="importa los destinatarios; agrega una programación"):
        lifecycle.submit(CampaignFactory.create(), by=None, now=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("state", [RecipientImport.State.QUEUED, RecipientImport.State.RUNNING])
def test_is_not_submitted_while_recipients_are_still_being_added(state: str) -> None:
    """Whoever approves would see some of them, and the rest would be refused."""
    campaign = complete(S.DRAFT)
    RecipientImportFactory.create(campaign=campaign, state=state, started_at=NOW, alive_at=NOW)

    with pytest.raises(Incomplete, match="espera a que termine"):
        lifecycle.submit(campaign, by=None, now=NOW)

    assert Campaign.objects.get().state == S.DRAFT


@pytest.mark.django_db
def test_an_import_that_died_holds_nobody_up() -> None:
    campaign = complete(S.DRAFT)
    dead = RecipientImportFactory.create(
        campaign=campaign, state=RecipientImport.State.RUNNING, started_at=NOW - dt.timedelta(hours=1)
    )

    assert lifecycle.submit(campaign, by=None, now=NOW).state == S.AWAITING_APPROVAL
    dead.refresh_from_db()
    assert dead.state == RecipientImport.State.INTERRUPTED


@pytest.mark.django_db
def test_is_not_launched_without_an_approved_schedule() -> None:
    campaign = complete(S.APPROVED)
    campaign.schedules.update(state=ScheduleState.PENDING)

    with pytest.raises(Incomplete):
        lifecycle.launch(campaign, by=None, now=NOW)


@pytest.mark.django_db
@pytest.mark.parametrize("operation", [lifecycle.reject, lifecycle.cancel])
@pytest.mark.parametrize("reason", ["", "   "])
def test_what_hurts_somebody_needs_a_reason(operation: Callable[..., Campaign], reason: str) -> None:
    campaign = complete(S.AWAITING_APPROVAL)

    with pytest.raises(Incomplete):
        operation(campaign, by=boss_of(campaign), now=NOW, reason=reason)

    assert Campaign.objects.get().state == S.AWAITING_APPROVAL


@pytest.mark.django_db
@pytest.mark.parametrize("state", [EnvioState.PENDING, EnvioState.SENDING, EnvioState.UNCERTAIN])
def test_is_not_finished_while_anything_is_open(state: EnvioState) -> None:
    campaign = complete(S.RUNNING, verb=Verb.FINISH)
    EnvioFactory.create(campaign=campaign, state=state)

    with pytest.raises(WrongState):
        lifecycle.finish(campaign, now=NOW)

    assert Campaign.objects.get().state == S.RUNNING


# --- Approval and schedules ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_approving_approves_what_waits_and_not_what_was_rejected() -> None:
    campaign = complete(S.AWAITING_APPROVAL)
    waiting = ScheduleFactory.create(campaign=campaign)
    rejected = ScheduleFactory.create(campaign=campaign, state=ScheduleState.REJECTED)
    boss = boss_of(campaign)

    lifecycle.approve(campaign, by=boss, now=NOW)

    waiting.refresh_from_db()
    rejected.refresh_from_db()
    assert (waiting.state, waiting.decided_by, waiting.decided_at) == (ScheduleState.APPROVED, boss, NOW)
    assert rejected.state == ScheduleState.REJECTED


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "waits"),
    [
        ({"daily_cap": (180, 300)}, True),
        ({"daily_cap": (180, 100)}, False),
        ({"daily_cap": (180, 100), "windows": ([], [])}, True),
        ({"weekdays": ("01234", "012345")}, True),
        ({}, False),
    ],
)
def test_only_what_sends_no_more_than_was_approved_stays_approved(changed: dict[str, Any], waits: bool) -> None:
    schedule = ScheduleFactory.create(state=ScheduleState.APPROVED)

    assert lifecycle.schedule_changed(schedule, changed) is waits
    assert (schedule.state == ScheduleState.PENDING) is waits


@pytest.mark.django_db
def test_a_changed_schedule_waits_again() -> None:
    schedule = ScheduleFactory.create(state=ScheduleState.APPROVED)

    lifecycle.schedule_changed(schedule, {"weekdays": ("0", "1")})

    assert (schedule.state, schedule.decided_by, schedule.decided_at) == (ScheduleState.PENDING, None, None)


@pytest.mark.django_db
def test_a_schedule_is_decided_by_the_boss_alone() -> None:
    schedule = ScheduleFactory.create()

    with pytest.raises(NotAllowed):
        lifecycle.decide_schedule(schedule, approve=True, by=schedule.campaign.owner, now=NOW)
    lifecycle.decide_schedule(schedule, approve=False, by=boss_of(schedule.campaign), now=NOW)

    assert schedule.state == ScheduleState.REJECTED


# --- Cancelling ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_cancelling_cancels_what_waits_and_tells_the_truth_of_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "_CANCEL_BATCH", 2)
    campaign = complete(S.RUNNING)
    EnvioFactory.create_batch(4, campaign=campaign)
    others = {
        state: EnvioFactory.create(campaign=campaign, state=state) for state in EnvioState if state != "pendiente"
    }
    elsewhere = EnvioFactory.create()

    lifecycle.cancel(campaign, by=boss_of(campaign), now=NOW, reason="Fin")

    assert Envio.objects.filter(campaign=campaign, state=EnvioState.PENDING).count() == 0
    cancelled = Envio.objects.filter(campaign=campaign, state=EnvioState.CANCELLED, ended_at=NOW)
    assert cancelled.count() == 5
    assert set(EnvioEvent.objects.values_list("envio_id", "evidence", "reason")) == {
        (envio.pk, Evidence.CAMPAIGN.value, "Fin") for envio in cancelled
    }
    for state, envio in others.items():
        assert Envio.objects.get(pk=envio.pk).state == state
    assert Envio.objects.get(pk=elsewhere.pk).state == EnvioState.PENDING


# --- All or nothing, once -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", Verb)
def test_state_and_history_are_written_together(verb: Verb, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = complete(TABLE[verb][0][0], verb=verb)
    boss = boss_of(campaign)

    def fails(*_args: object, **_words: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(CampaignEvent.objects, "create", fails)
    with pytest.raises(OSError, match="disk full"):
        do(verb, campaign, by=boss)

    assert Campaign.objects.get(pk=campaign.pk).state == TABLE[verb][0][0]


@pytest.mark.django_db
def test_a_stale_object_does_not_decide() -> None:
    stale = complete(S.RUNNING)
    Campaign.objects.update(state=S.PAUSED)

    with pytest.raises(WrongState, match="pausada"):
        lifecycle.pause(stale, by=None, now=NOW)

    assert not CampaignEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("verbs", "state"),
    [
        ((Verb.PAUSE,) * 4, S.RUNNING),
        ((Verb.APPROVE,) * 4, S.AWAITING_APPROVAL),
        ((Verb.PAUSE, Verb.PAUSE, Verb.FINISH, Verb.FINISH), S.RUNNING),
    ],
)
def test_of_several_at_once_one_passes_and_the_others_are_told(verbs: tuple[Verb, ...], state: CampaignState) -> None:
    campaign = complete(state, verb=Verb.FINISH)
    boss = boss_of(campaign)
    start = threading.Barrier(len(verbs))
    passed: list[Verb] = []
    refused: list[Refused] = []

    def attempt(verb: Verb) -> None:
        mine = Campaign.objects.get(pk=campaign.pk)
        start.wait()
        try:
            do(verb, mine, by=boss)
            passed.append(verb)
        except WrongState as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=attempt, args=(verb,)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(passed), len(refused)) == (1, len(verbs) - 1)
    event = CampaignEvent.objects.get(campaign=campaign)
    assert Campaign.objects.get().state == TABLE[passed[0]][1] == event.to_state
    assert event.at <= timezone.now()
