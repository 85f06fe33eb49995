"""What is done about a reminder, from wherever it is shown."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from leadmaster.accounts.current_user import current_user
from leadmaster.calendars.arithmetic import Calendar
from leadmaster.lib.ids import MOST_ID
from opportunities.errors import Refused
from opportunities.models import Desk, Reminder
from opportunities.queries.reminders import reminders_of
from opportunities.timers import reminders
from opportunities.web.after_call import back_to, by_the_clock_of, reminder_set
from opportunities.web.forms import ReminderForm, SeenForm
from opportunities.web.verbs import posted

Act = Callable[..., Reminder]


@login_required
@posted
def done(request: HttpRequest, reminder_id: int) -> HttpResponse:
    return _close(request, reminder_id, reminders.finish, _("Hecho."))


@login_required
@posted
def cancel(request: HttpRequest, reminder_id: int) -> HttpResponse:
    return _close(request, reminder_id, reminders.cancel, _("Recordatorio cancelado."))


@login_required
@posted
def postpone(request: HttpRequest, reminder_id: int) -> HttpResponse:
    row, user, now = _mine(request, reminder_id), current_user(request), timezone.now()
    calendar, seen = _calendar_of(row), SeenForm(request.POST)
    with by_the_clock_of(calendar, user):
        form, tz = ReminderForm(request.POST), timezone.get_current_timezone()
        if not (form.is_valid() and seen.is_valid()):
            messages.error(request, _("Elige para cuándo."))
            return back_to(request, _page_of(row))
    try:
        until = form.wish(calendar, now=now).due_at
        put_off = reminders.postpone(row.pk, until=until, by=user, version=seen.cleaned_data["version"], now=now)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return back_to(request, _page_of(row))
    messages.success(request, reminder_set(put_off, tz, now))
    return back_to(request, _page_of(row))


def _close(request: HttpRequest, reminder_id: int, act: Act, told: str) -> HttpResponse:
    row, seen = _mine(request, reminder_id), SeenForm(request.POST)
    if seen.is_valid():
        try:
            act(row.pk, by=current_user(request), version=seen.cleaned_data["version"], now=timezone.now())
            messages.success(request, told)
        except Refused as refusal:
            messages.error(request, str(refusal))
    return back_to(request, _page_of(row))


def _mine(request: HttpRequest, reminder_id: int) -> Reminder:
    """One that this person sees; nothing else exists for them."""
    if reminder_id > MOST_ID:
        raise Http404
    row = reminders_of(current_user(request), Reminder.objects.filter(pk=reminder_id)).first()
    if row is None:
        raise Http404
    return row


def _calendar_of(row: Reminder) -> Calendar | None:
    """The hours of the person whose it is: their desk's, else those of the team's; None where nobody works at one."""
    desks = Desk.objects.select_related("calendar")
    desk = desks.filter(promoters__user=row.whom_id).first() or desks.filter(team=row.team_id).first()
    return None if desk is None else desk.calendar.as_value()


def _page_of(row: Reminder) -> str:
    if row.opportunity_id is not None:
        return reverse("desk-opportunity", args=[row.opportunity_id])
    return reverse("desk-conversation", args=[row.conversation_id])
