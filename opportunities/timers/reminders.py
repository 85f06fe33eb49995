"""Reminders: set, done, put off and cancelled, on an opportunity or on a conversation.

On an opportunity a reminder is its owner's, whoever set it: one of those who may work it. On a conversation it is whose
they say: their own, or for a promoter of a team that they supervise. Whoever locks one locks its opportunity first.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Conversation
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.lib.db.retry import retrying, retrying_keyed
from leadmaster.lib.language import kept
from opportunities.clocks import setting
from opportunities.enums import OpportunityState, ReminderState
from opportunities.errors import Incomplete, NotAllowed, Refused, Stale, WrongState
from opportunities.models import ContactAttempt, Opportunity, Promoter, Reminder
from opportunities.models.contact import LONGEST_NOTE
from opportunities.policy import WORK, may_supervise, require_worker
from opportunities.querysets import ReminderQuerySet
from opportunities.scope import conversations_of, own_desk
from opportunities.state import following, locking, machine

MOST_OF_ONE: Final = 5
MOST_OF_PERSON: Final = 500
FURTHEST: Final = dt.timedelta(days=366)
KEY_LENGTH: Final = 64
_HELD = gettext_lazy("El plazo espera la fecha que pidió el cliente.")
_GOES_ON = gettext_lazy("El plazo ya no espera al cliente.")
_ENDED = {
    ReminderState.DONE: gettext_lazy("Recordatorio hecho"),
    ReminderState.CANCELLED: gettext_lazy("Recordatorio cancelado"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wish:
    """A reminder as somebody asks for it. `key` names the press, however often it arrives."""

    due_at: dt.datetime
    key: str
    note: str = ""
    # The client asked for this date, and the stage's timer waits for it.
    holds: bool = False


def remind(opportunity_id: int, wish: Wish, *, by: User, now: dt.datetime) -> Reminder:
    """Its owner is reminded of an opportunity. Raises NotAllowed, WrongState (nobody works it) or Incomplete."""
    _check(wish, now)

    def once() -> Reminder:
        with transaction.atomic(durable=True):
            return remind_locked(locking.lock_one(opportunity_id), wish, by=by, now=now)

    return retrying_keyed(once)


def remind_locked(
    row: Opportunity, wish: Wish, *, by: User, now: dt.datetime, attempt: ContactAttempt | None = None
) -> Reminder:
    """The same of a locked row, in the caller's transaction."""
    _check(wish, now)
    require_worker(by, row)
    again = _repeated(wish, by, opportunity=row.pk)
    if again is not None:
        return again
    if row.owner is None or not row.is_owned:
        raise WrongState(_("Nadie trabaja la oportunidad #%(id)s: no hay a quién recordársela.") % {"id": row.pk})
    whom = row.owner.user
    _check_room(whom, opportunity=row.pk)
    made = Reminder.objects.create(
        opportunity=row,
        team_id=row.team_id,
        whom=whom,
        set_by=by,
        set_at=now,
        due_at=wish.due_at,
        note=wish.note.strip(),
        attempt=attempt,
        holds=wish.holds,
        key=wish.key,
    )
    if wish.holds:
        _hold(row, made, by=by, now=now)
    _tell(row, made, gettext_lazy("Recordatorio"), by=by, now=now)
    return made


def remind_of_conversation(
    conversation_id: int, wish: Wish, *, by: User, now: dt.datetime, whom: Promoter | None = None
) -> Reminder:
    """On a conversation that this person reads; `whom` is a promoter of a team that they supervise, None themselves.

    Raises NotAllowed or Incomplete.
    """
    _check(wish, now)
    return retrying_keyed(lambda: _remind_of_conversation(conversation_id, wish, by=by, now=now, whom=whom))


@transaction.atomic(durable=True)
def _remind_of_conversation(
    conversation_id: int, wish: Wish, *, by: User, now: dt.datetime, whom: Promoter | None
) -> Reminder:
    seen = conversations_of(by).select_related("session", "campaign").filter(pk=conversation_id).first()
    if seen is None or not by.has_perm(WORK):
        raise NotAllowed(_("No tienes permiso para atender la conversación #%(id)s.") % {"id": conversation_id})
    # Presses on one conversation come one after the other.
    Conversation.objects.select_for_update().get(pk=conversation_id)
    again = _repeated(wish, by, conversation=conversation_id)
    if again is not None:
        return again
    teams = {seen.session.team_id, *([seen.campaign.team_id] if seen.campaign else [])}
    if whom is not None and whom.user_id != by.pk:
        _require_receiver(by, whom, teams)
    desk = whom or own_desk(by)
    person = by if whom is None else whom.user
    _check_room(person, conversation=conversation_id)
    return Reminder.objects.create(
        conversation=seen,
        team_id=desk.desk.team_id if desk is not None and desk.desk.team_id in teams else seen.session.team_id,
        whom=person,
        set_by=by,
        set_at=now,
        due_at=wish.due_at,
        note=wish.note.strip(),
        key=wish.key,
    )


def finish(reminder_id: int, *, by: User, version: int, now: dt.datetime) -> Reminder:
    """It was done. Raises NotAllowed, Stale, or WrongState for one that is over."""
    return _act(reminder_id, by, version, lambda row: _close(row, ReminderState.DONE, by=by, now=now))


def cancel(reminder_id: int, *, by: User, version: int, now: dt.datetime) -> Reminder:
    """Nobody needs it any more. Raises as above."""
    return _act(reminder_id, by, version, lambda row: _close(row, ReminderState.CANCELLED, by=by, now=now))


def postpone(reminder_id: int, *, until: dt.datetime, by: User, version: int, now: dt.datetime) -> Reminder:
    """To another date. Raises as above, or Incomplete for one that is over or a year away."""
    _check_date(until, now)

    def put_off(reminder: Reminder) -> None:
        reminder.due_at = until
        reminder.postponed += 1
        _save(reminder, "due_at", "postponed")
        if reminder.opportunity is not None and reminder.holds and reminder.opportunity.held_until is not None:
            # Where the limit is over, the date moves and the timer does not wait any longer.
            with contextlib.suppress(WrongState):
                _hold(reminder.opportunity, reminder, by=by, now=now)
        if reminder.opportunity is not None:
            _tell(reminder.opportunity, reminder, gettext_lazy("Recordatorio pospuesto"), by=by, now=now)

    return _act(reminder_id, by, version, put_off)


def may_act(user: User, reminder: Reminder) -> bool:
    """Whose it is, and whoever supervises its team."""
    own = reminder.whom_id == user.pk and user.is_active and user.has_perm(WORK)
    return own or may_supervise(user, reminder.team_id)


# --- Acting -----------------------------------------------------------------------------------------------------------


def _act(reminder_id: int, by: User, version: int, change: Callable[[Reminder], object]) -> Reminder:
    return retrying(lambda: _act_once(reminder_id, by, version, change))


@transaction.atomic(durable=True)
def _act_once(reminder_id: int, by: User, version: int, change: Callable[[Reminder], object]) -> Reminder:
    seen = Reminder.objects.filter(pk=reminder_id).first()
    if seen is None or not may_act(by, seen):
        raise NotAllowed(_("No tienes permiso sobre el recordatorio #%(id)s.") % {"id": reminder_id})
    opportunity = locking.lock_one(seen.opportunity_id) if seen.opportunity_id is not None else None
    row = Reminder.objects.select_for_update().get(pk=reminder_id)
    row.opportunity = opportunity
    if not may_act(by, row):
        raise NotAllowed(_("No tienes permiso sobre el recordatorio #%(id)s.") % {"id": reminder_id})
    if row.state != ReminderState.PENDING:
        raise WrongState(_("El recordatorio ya está %(state)s.") % {"state": row.get_state_display().lower()})
    if row.version != version:
        raise Stale(_("El recordatorio cambió desde que lo miraste: míralo de nuevo y decide."))
    change(row)
    return row


def _close(reminder: Reminder, state: ReminderState, *, by: User, now: dt.datetime) -> None:
    following.close(reminder, state, by=by, now=now)
    if reminder.opportunity is not None and reminder.holds:
        _let_go(reminder.opportunity, by=by, now=now)
    if reminder.opportunity is not None:
        _tell(reminder.opportunity, reminder, _ENDED[state], by=by, now=now)


def _hold(row: Opportunity, reminder: Reminder, *, by: User, now: dt.datetime) -> None:
    """One date holds the clock at a time: the last that was asked for."""
    clock = setting.holding(row, reminder.due_at, now=now)
    Reminder.objects.pending().filter(opportunity=row, holds=True).exclude(pk=reminder.pk).order_by().update(
        holds=False
    )
    machine.retime({row: clock}, now=now, by=by, reason=kept(_HELD))


def _let_go(row: Opportunity, *, by: User, now: dt.datetime) -> None:
    if row.state == OpportunityState.ACTIVE and row.held_until is not None and row.held_until > now:
        machine.retime({row: setting.letting_go(row, now=now)}, now=now, by=by, reason=kept(_GOES_ON))


def _save(reminder: Reminder, *fields: str) -> None:
    reminder.version += 1
    reminder.save(update_fields=[*fields, "version"])


def _tell(row: Opportunity, reminder: Reminder, what: Promise, *, by: User, now: dt.datetime) -> None:
    """A line of the opportunity's history, by its desk's clock."""
    tz = row.team.desk.calendar.tz
    when = f"{reminder.due_at.astimezone(tz):%d/%m/%Y %H:%M}"
    text = f"{kept(what)}: {when}" + (f" · {reminder.note}" if reminder.note else "")
    told = {"reminder": reminder.pk, "state": reminder.state, "due_at": reminder.due_at.isoformat()}
    machine.remark(row, by=by, text=text, now=now, data=told)


# --- Checks -----------------------------------------------------------------------------------------------------------


def _check(wish: Wish, now: dt.datetime) -> None:
    if not wish.key or len(wish.key) > KEY_LENGTH:
        raise Incomplete(_("Falta la clave del recordatorio, de hasta %(most)d caracteres.") % {"most": KEY_LENGTH})
    if len(wish.note.strip()) > LONGEST_NOTE:
        raise Incomplete(_("La nota tiene hasta %(most)d caracteres.") % {"most": LONGEST_NOTE})
    _check_date(wish.due_at, now)


def _check_date(due_at: dt.datetime, now: dt.datetime) -> None:
    if due_at <= now:
        raise Incomplete(_("Esa hora ya pasó: elige una que esté por venir."))
    if due_at - now > FURTHEST:
        raise Incomplete(_("Un recordatorio va hasta un año adelante: elige una fecha más cercana."))


def _repeated(wish: Wish, by: User, **subject: int) -> Reminder | None:
    """What this key made before. Raises Refused where that was another one's."""
    made = Reminder.objects.filter(set_by=by, key=wish.key).first()
    if made is None:
        return None
    if any(getattr(made, f"{name}_id") != pk for name, pk in subject.items()):
        raise Refused(_("Esa clave ya se usó con otro recordatorio. Usa una nueva para cada uno."))
    return made


def _check_room(whom: User, **subject: Any) -> None:
    if Reminder.objects.pending().filter(**subject).count() >= MOST_OF_ONE:
        raise WrongState(
            _("Ya hay %(most)d recordatorios pendientes aquí: cierra alguno antes de poner otro.")
            % {"most": MOST_OF_ONE}
        )
    if Reminder.objects.pending().filter(whom=whom).count() >= MOST_OF_PERSON:
        raise WrongState(
            _("%(who)s ya tiene %(most)d recordatorios pendientes, su máximo: hay que cerrar alguno antes.")
            % {"who": whom, "most": MOST_OF_PERSON}
        )


def _require_receiver(by: User, whom: Promoter, teams: set[int]) -> None:
    if not may_supervise(by, whom.desk.team_id):
        raise NotAllowed(_("%(who)s no es de un equipo que supervises.") % {"who": whom})
    if whom.desk.team_id not in teams:
        raise Refused(_("%(who)s no es del equipo de esta conversación.") % {"who": whom})
    if not whom.user.is_active:
        raise Refused(_("%(who)s ya no entra: elige a otra persona.") % {"who": whom})


# --- Changing hands ---------------------------------------------------------------------------------------------------


def hand_over_conversations(leaver: User, *, team_id: int | None = None) -> int:
    """What somebody who leaves was to be reminded of in conversations goes to whoever supervises its team: to one who
    comes in. Where nobody does it waits with its team, for those who administer. Returns how many were handed on."""
    rows = Reminder.objects.pending().filter(whom=leaver, conversation__isnull=False)
    if team_id is not None:
        rows = rows.filter(team=team_id)
    moved = 0
    for team in set(rows.order_by().values_list("team", flat=True)):
        heirs = User.objects.filter(supervised_teams=team, is_active=True, role=Role.SUPERVISOR).exclude(pk=leaver.pk)
        heir = heirs.order_by("pk").first()
        if heir is not None:
            moved += _pass_on(rows.filter(team=team), heir)
    return moved


def left_behind() -> ReminderQuerySet:
    """Of people who come in no more, in conversations of teams that somebody supervises."""
    rows = Reminder.objects.filter(state=ReminderState.PENDING, whom__is_active=False, conversation__isnull=False)
    return rows.filter(team__supervisors__is_active=True, team__supervisors__role=Role.SUPERVISOR)


def pass_on(conversation_id: int, *, before: User | None, to: Promoter | None) -> None:
    """A conversation was given to somebody else: so are the reminders of whoever attended to it, and to their team, which
    may be the campaign's where they were the line's."""
    if before is None or to is None or before.pk == to.user_id:
        return
    theirs = Reminder.objects.filter(conversation=conversation_id, state=ReminderState.PENDING, whom=before)
    _pass_on(theirs, to.user, team=to.desk.team_id)


def _pass_on(rows: ReminderQuerySet, to: User, **moved: Any) -> int:
    return rows.order_by().update(handed_from=F("whom"), whom=to, version=F("version") + 1, **moved)
