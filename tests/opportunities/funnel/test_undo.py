"""A step taken back within its seconds: everything as it was, once, by whoever took it, while nothing else has happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from leadmaster.directory.enums import Availability
from opportunities.enums import EventKind, OpportunityState, ReminderState
from opportunities.errors import NotAllowed, Refused, Stale, WrongState
from opportunities.funnel import moves, undo
from opportunities.models import CoolDown, Opportunity, Reminder, Sale, Stage
from opportunities.supervision import decisions
from opportunities.timers import reminders
from tests.opportunities.web.conftest import World

NOW = timezone.now()
Seconds = Callable[[float], dt.datetime]


def at(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


def take(world: World, row: Opportunity, stage: Stage, **told: object) -> int:
    """One step; the version that it leaves."""
    return moves.move(row.pk, stage, by=world.promoter.user, version=row.version, now=NOW, **told).version  # type: ignore[arg-type]


def as_it_was(row: Opportunity) -> tuple[object, ...]:
    row.refresh_from_db()
    return (row.state, row.stage_id, row.owner_id, row.stage_since, row.state_since, row.data, row.exit_reason)


@pytest.fixture
def worked(row: Opportunity) -> Opportunity:
    """With facts of its own, and forty minutes left."""
    Opportunity.objects.filter(pk=row.pk).update(
        data={"competidor": "La otra"}, deadline=NOW + dt.timedelta(minutes=40), clock_since=NOW, exit_reason="De antes"
    )
    row.refresh_from_db()
    return row


@pytest.mark.parametrize("step", ["contacted", "no_answer", "pooled", "sold", "lost"])
def test_every_step_is_taken_back_with_the_time_that_was_left(world: World, worked: Opportunity, step: str) -> None:
    before = as_it_was(worked)
    reminders.remind(worked.pk, reminders.Wish(due_at=at(3600), key="r"), by=world.promoter.user, now=NOW)
    version = take(
        world, worked, getattr(world.funnel, step), reason="Porque sí", data={"amount": "10", "otro": "dato"}
    )

    undo.undo(worked.pk, by=world.promoter.user, version=version, now=at(8))

    assert as_it_was(worked) == before
    assert worked.deadline == at(8) + dt.timedelta(minutes=40)
    assert worked.events.order_by("-id")[0].kind == EventKind.UNDONE
    worked.client.refresh_from_db()
    assert (worked.open_client_id, worked.client.availability) == (worked.client_id, Availability.TAKEN)
    assert not Sale.objects.exists()
    assert not CoolDown.objects.exists()
    assert Reminder.objects.get().state == ReminderState.PENDING


def test_a_clock_that_stood_still_or_waited_for_the_client_does_so_again(world: World, worked: Opportunity) -> None:
    until = NOW + dt.timedelta(hours=5)
    Opportunity.objects.filter(pk=worked.pk).update(
        held_until=until, hold_since=NOW, deadline=until + dt.timedelta(minutes=30)
    )
    worked.refresh_from_db()
    version = take(world, worked, world.funnel.contacted)

    undo.undo(worked.pk, by=world.promoter.user, version=version, now=at(5))

    worked.refresh_from_db()
    assert (worked.held_until, worked.hold_since) == (until, NOW)
    assert worked.deadline == until + dt.timedelta(minutes=30)


def test_after_its_seconds_it_stays(world: World, worked: Opportunity) -> None:
    version = take(world, worked, world.funnel.no_answer)

    with pytest.raises(WrongState, match="diez segundos"):
        undo.undo(worked.pk, by=world.promoter.user, version=version, now=at(16))

    worked.refresh_from_db()
    assert (worked.state, worked.version) == (OpportunityState.EXIT, version)


def test_twice_is_refused(world: World, worked: Opportunity) -> None:
    version = take(world, worked, world.funnel.sold, data={"amount": "10"})
    undo.undo(worked.pk, by=world.promoter.user, version=version, now=at(3))

    for again in (version, version + 1):
        with pytest.raises(Refused):
            undo.undo(worked.pk, by=world.promoter.user, version=again, now=at(4))


def test_what_somebody_decided_meanwhile_stays(world: World, worked: Opportunity) -> None:
    version = take(world, worked, world.funnel.no_answer)
    decisions.return_to_pool(worked.pk, by=world.supervisor, now=at(2), version=version)

    with pytest.raises(Stale, match=str(world.supervisor)):
        undo.undo(worked.pk, by=world.promoter.user, version=version, now=at(4))
    with pytest.raises(WrongState, match="pasó otra cosa"):
        undo.undo(worked.pk, by=world.promoter.user, version=version + 1, now=at(4))

    worked.refresh_from_db()
    assert worked.state == OpportunityState.POOL


def test_a_note_in_between_changes_nothing(world: World, worked: Opportunity) -> None:
    version = take(world, worked, world.funnel.contacted)
    moves.note(worked.pk, by=world.promoter.user, text="Ups", now=at(2))

    assert undo.undo(worked.pk, by=world.promoter.user, version=version, now=at(4)).stage == world.funnel.new


def test_it_is_only_its_authors(world: World, worked: Opportunity) -> None:
    version = take(world, worked, world.funnel.pooled, reason="En marzo")

    for other in (world.colleague.user, world.stranger.user, world.foreign_supervisor):
        with pytest.raises(NotAllowed):
            undo.undo(worked.pk, by=other, version=version, now=at(2))
    with pytest.raises(WrongState, match="ningún paso tuyo"):
        undo.undo(worked.pk, by=world.supervisor, version=version, now=at(2))

    assert Opportunity.objects.get(pk=worked.pk).state == OpportunityState.POOL


def test_nothing_to_take_back_is_said(world: World, row: Opportunity) -> None:
    with pytest.raises(WrongState, match="ningún paso tuyo"):
        undo.undo(row.pk, by=world.promoter.user, version=1, now=NOW)
