"""Calls and chats: a press of the button leaves an attempt, and its result comes afterwards, in one press.

An attempt that nobody tells about stays without a result. What was told is put right by who told it, for a day, and the
history keeps both. The key of an attempt is the key of everything that its sheet sends: note, reminder and all.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.directory.enums import ContactKind
from leadmaster.directory.models import ContactPoint
from leadmaster.lib.db.retry import retrying, retrying_keyed
from leadmaster.lib.language import in_project_language
from leadmaster.lib.phones.parsing import pretty
from leadmaster.ops import rollups
from opportunities.enums import OUTCOMES, ContactChannel, ContactOutcome
from opportunities.errors import Incomplete, NotAllowed, Refused, WrongState
from opportunities.models import ContactAttempt, Opportunity, Reminder
from opportunities.models.contact import LONGEST_NOTE
from opportunities.policy import require_worker
from opportunities.state import locking, machine
from opportunities.timers import reminders
from opportunities.timers.reminders import KEY_LENGTH, Wish

CORRECT_FOR: Final = dt.timedelta(hours=24)
MOST_A_DAY: Final = 1_000
_DAY = dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Press:
    """Which button was pressed. `phone` is one of the client's, in E.164; `key` names the press."""

    channel: ContactChannel
    key: str
    phone: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    """What came of it."""

    outcome: ContactOutcome
    note: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Told:
    """The attempt as it stands, and the reminder that came with it."""

    attempt: ContactAttempt
    reminder: Reminder | None = None


def begin(opportunity_id: int, press: Press, *, by: User, now: dt.datetime) -> ContactAttempt:
    """The button was pressed. Raises NotAllowed, Refused (not a number of this client's) or Incomplete."""
    _check_key(press)

    def once() -> ContactAttempt:
        with transaction.atomic(durable=True):
            row = locking.lock_one(opportunity_id)
            require_worker(by, row)
            return _attempt(row, press, by=by, now=now)

    return retrying_keyed(once)


def tell(
    opportunity_id: int,
    press: Press,
    result: Result,
    *,
    by: User,
    now: dt.datetime,
    remind_at: dt.datetime | None = None,
    holds: bool = False,
) -> Told:
    """What came of a press, with its note and its reminder, in one transaction; the same again is the same.

    A press that never arrived is written down with it. Raises NotAllowed, Refused, Incomplete, or WrongState where
    another result was told already: a repetition that comes late takes no correction back.
    """
    _check_key(press)
    _check_result(press.channel, result)

    def once() -> Told:
        with transaction.atomic(durable=True):
            row = locking.lock_one(opportunity_id)
            require_worker(by, row)
            attempt = _attempt(row, press, by=by, now=now)
            if attempt.outcome == ContactOutcome.PENDING:
                _write(row, attempt, result, by=by, now=now)
            elif not _says(attempt, result):
                raise WrongState(_("Ya contaste cómo te fue: corrígelo en la historia."))
            reminder = Reminder.objects.filter(attempt=attempt).first()
            if reminder is None and remind_at is not None:
                wish = Wish(due_at=remind_at, key=f"{_OF_ATTEMPT}{attempt.pk}", note=result.note, holds=holds)
                reminder = reminders.remind_locked(row, wish, by=by, now=now, attempt=attempt)
            return Told(attempt=attempt, reminder=reminder)

    return retrying_keyed(once)


def correct(attempt_id: int, result: Result, *, by: User, now: dt.datetime) -> ContactAttempt:
    """The result of an attempt that is there: told for the first time, or put right by who told it, for a day.

    Raises NotAllowed, Incomplete, or WrongState for a correction that comes too late.
    """

    def once() -> ContactAttempt:
        with transaction.atomic(durable=True):
            return _correct(attempt_id, result, by=by, now=now)

    return retrying(once)


def may_correct(attempt: ContactAttempt, user: User, now: dt.datetime) -> bool:
    """Whether it is theirs, and still within its day."""
    return attempt.by_id == user.pk and (attempt.told_at is None or now - attempt.told_at <= CORRECT_FOR)


def require_author(attempt: ContactAttempt | None, user: User) -> ContactAttempt:
    """The attempt, if it is theirs. Raises NotAllowed."""
    if attempt is None or attempt.by_id != user.pk:
        raise NotAllowed(_("Solo quien llamó o escribió cuenta cómo le fue."))
    return attempt


# --- Writing ----------------------------------------------------------------------------------------------------------

_OF_ATTEMPT = "intento-"


def _attempt(row: Opportunity, press: Press, *, by: User, now: dt.datetime) -> ContactAttempt:
    """The one of this key, or a new one. Its opportunity is locked."""
    known = ContactAttempt.objects.filter(by=by, key=press.key).first()
    if known is not None:
        if known.opportunity_id != row.pk:
            raise Refused(_("Esa clave ya se usó con otra oportunidad. Usa una nueva para cada llamada."))
        if (known.channel, known.phone) != (press.channel, press.phone):
            raise Refused(_("Esa clave ya se usó con otro número o por otro medio. Usa una nueva para cada contacto."))
        return known
    _check_phone(row, press)
    if ContactAttempt.objects.filter(by=by, at__gt=now - _DAY).count() >= MOST_A_DAY:
        raise WrongState(_("Hoy ya hay %(most)d contactos tuyos, el máximo de un día.") % {"most": MOST_A_DAY})
    return ContactAttempt.objects.create(
        opportunity=row, by=by, channel=press.channel, phone=press.phone, at=now, key=press.key
    )


def _correct(attempt_id: int, result: Result, *, by: User, now: dt.datetime) -> ContactAttempt:
    seen = require_author(ContactAttempt.objects.filter(pk=attempt_id).first(), by)
    row = locking.lock_one(seen.opportunity_id)
    require_worker(by, row)
    attempt = ContactAttempt.objects.get(pk=attempt_id)
    _check_result(ContactChannel(attempt.channel), result)
    if _says(attempt, result):
        return attempt
    if not may_correct(attempt, by, now):
        raise WrongState(_("Ya pasó un día desde que lo contaste: escribe una nota con lo que fue."))
    _write(row, attempt, result, by=by, now=now)
    return attempt


def _says(attempt: ContactAttempt, result: Result) -> bool:
    return (attempt.outcome, attempt.note) == (result.outcome, result.note.strip())


def _write(row: Opportunity, attempt: ContactAttempt, result: Result, *, by: User, now: dt.datetime) -> None:
    before = ContactOutcome(attempt.outcome)
    attempt.outcome, attempt.note = result.outcome, result.note.strip()
    attempt.told_at = attempt.told_at or now
    attempt.save(update_fields=["outcome", "note", "told_at"])
    rollups.changed([attempt.at], now=now)
    told: dict[str, Any] = {"contact": attempt.pk, "channel": attempt.channel, "outcome": result.outcome}
    if before is not ContactOutcome.PENDING:
        told["before"] = before
    machine.remark(row, by=by, text=_words(attempt, before), now=now, data=told)


@in_project_language
def _words(attempt: ContactAttempt, before: ContactOutcome) -> str:
    told = f"{attempt.get_channel_display()}: {attempt.get_outcome_display()}"
    if before not in (ContactOutcome.PENDING, attempt.outcome):
        told = _("%(told)s (antes: %(before)s)") % {"told": told, "before": before.label}
    where = f" · {pretty(attempt.phone)}" if attempt.phone else ""
    return f"{told}{where}" + (f" · {attempt.note}" if attempt.note else "")


# --- Checks -----------------------------------------------------------------------------------------------------------


def _check_key(press: Press) -> None:
    if not press.key or len(press.key) > KEY_LENGTH:
        raise Incomplete(_("Falta la clave del contacto, de hasta %(most)d caracteres.") % {"most": KEY_LENGTH})


def _check_phone(row: Opportunity, press: Press) -> None:
    phones = ContactPoint.objects.filter(client=row.client_id, kind=ContactKind.PHONE, is_valid=True)
    if not phones.filter(normalised=press.phone).exists():
        raise Refused(_("Ese número no es de este cliente: actualiza la página y vuelve a llamar."))


def _check_result(channel: ContactChannel, result: Result) -> None:
    if result.outcome not in OUTCOMES[channel]:
        raise Incomplete(_("Elige cómo te fue."))
    if len(result.note.strip()) > LONGEST_NOTE:
        raise Incomplete(_("La nota tiene hasta %(most)d caracteres.") % {"most": LONGEST_NOTE})
