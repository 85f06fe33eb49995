"""What passed last between each client and us, for a whole page at once: a call, a chat, or the client's own words."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from campaigns.models import Conversation
from leadmaster.accounts.models import User
from leadmaster.lib.screens import spoken
from opportunities.enums import ContactChannel, ContactOutcome
from opportunities.models import ContactAttempt, Opportunity
from opportunities.scope import of_team


@dataclasses.dataclass(frozen=True, kw_only=True)
class Touch:
    """The words, and their moment as people say it. `talk` is the conversation in which to answer; `waits`: nobody has yet."""

    words: str
    when: str
    at: dt.datetime
    talk: int | None = None
    waits: bool = False


def last_touches(
    rows: Sequence[Opportunity],
    contacts: Mapping[int, ContactAttempt],
    *,
    viewer: User,
    now: dt.datetime,
    tz: dt.tzinfo | None = None,
) -> dict[int, Touch]:
    """By opportunity. Who waits for an answer comes before a later call. One query: contacts are there already."""
    talks = talks_of(rows, now=now)
    found: dict[int, Touch] = {}
    for row in rows:
        told = _told(contacts[row.pk], viewer=viewer, now=now, tz=tz) if row.pk in contacts else None
        said = _said(talks[row.pk], now=now, tz=tz) if row.pk in talks else None
        if said is not None and (told is None or said.waits or said.at >= told.at):
            found[row.pk] = said
        elif told is not None:
            found[row.pk] = told if said is None else dataclasses.replace(told, talk=said.talk)
    return found


def talks_of(rows: Sequence[Opportunity], *, now: dt.datetime) -> dict[int, Conversation]:
    """Of each row's client with its own team: the one that waits for an answer, else the newest. One query."""
    holders = {
        (row.team_id, point.normalised): row.pk
        for row in rows
        for point in row.client.contacts.all()
        if point.is_valid and point.normalised
    }
    found: dict[int, Conversation] = {}
    for team_id in sorted({row.team_id for row in rows}):
        phones = [phone for team, phone in holders if team == team_id]
        talks = Conversation.objects.filter(of_team(team_id), phone__in=phones).order_by("last_at", "id")
        for talk in sorted(talks, key=lambda one: (one.is_waiting(now), one.last_at, one.pk)):
            found[holders[team_id, talk.phone or ""]] = talk
    return found


def _said(talk: Conversation, *, now: dt.datetime, tz: dt.tzinfo | None) -> Touch:
    when = spoken(talk.last_at, now, tz=tz)
    return Touch(
        words=_("Escribió %(when)s") % {"when": when},
        when=when,
        at=talk.last_at,
        talk=talk.pk,
        waits=talk.is_waiting(now),
    )


def _told(attempt: ContactAttempt, *, viewer: User, now: dt.datetime, tz: dt.tzinfo | None) -> Touch:
    call, own = attempt.channel == ContactChannel.CALL, attempt.by_id == viewer.pk
    when = spoken(attempt.at, now, tz=tz)
    facts = {"who": attempt.by, "when": when}
    if own:
        words = _("Llamaste %(when)s") if call else _("Le escribiste %(when)s")
    else:
        words = _("%(who)s llamó %(when)s") if call else _("%(who)s le escribió %(when)s")
    # What "wrote" says already.
    if attempt.outcome != ContactOutcome.WRITTEN:
        words += ": %(outcome)s"
    return Touch(words=words % {**facts, "outcome": attempt.get_outcome_display().lower()}, when=when, at=attempt.at)
