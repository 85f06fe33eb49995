"""What the pages with a Llamar button share: the sheet that asks how it went, and the way back to where it was pressed."""

from __future__ import annotations

import contextlib
import datetime as dt
from contextlib import AbstractContextManager
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.calendars.arithmetic import Calendar
from leadmaster.lib.screens import clock_time
from opportunities.clocks.mornings import next_morning
from opportunities.enums import OUTCOMES
from opportunities.errors import Incomplete
from opportunities.models import Reminder
from opportunities.web.access import on_desk_time

_LONGEST_PATH = 500


def sheet(calendar: Calendar, now: dt.datetime) -> dict[str, Any]:
    """The outcomes, each with the channels that it may be of, and when the next morning is."""
    outcomes = dict.fromkeys(outcome for of_one in OUTCOMES.values() for outcome in of_one)
    return {
        "outcomes": [
            (outcome, " ".join(channel for channel, of_one in OUTCOMES.items() if outcome in of_one))
            for outcome in outcomes
        ],
        "morning": morning(calendar, now),
    }


def by_the_clock_of(calendar: Calendar | None, user: User) -> AbstractContextManager[None]:
    """Where no desk gives the hour, it is typed by the clock of the page."""
    return contextlib.nullcontext() if calendar is None else on_desk_time(user, calendar.tz)


def morning(calendar: Calendar, now: dt.datetime) -> str:
    """`mañana 09:00`, or the day on which the desk works next; empty for one that never opens."""
    try:
        return clock_time(next_morning(calendar, now), now, tz=calendar.tz)
    except Incomplete:
        return ""


def reminder_set(made: Reminder, tz: dt.tzinfo, now: dt.datetime) -> str:
    return _("Recordatorio: %(when)s.") % {"when": clock_time(made.due_at, now, tz=tz)}


def back_to(request: HttpRequest, otherwise: str) -> HttpResponse:
    """The page of ours that the form was on."""
    path = request.POST.get("next", "")[:_LONGEST_PATH]
    safe = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return redirect(path if safe else otherwise)
