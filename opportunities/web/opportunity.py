"""What may be done on the page of one opportunity. What it shows is `opportunity_page`."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect

from leadmaster.accounts.current_user import current_user
from leadmaster.calendars.arithmetic import Calendar
from leadmaster.directory.client_editing import may_rename
from leadmaster.lib.ids import MOST_ID
from opportunities.clocks.countdown import calendar_of
from opportunities.enums import ContactOutcome, OpportunityState
from opportunities.errors import Incomplete, Refused, Stale
from opportunities.funnel import client_data, contact, moves, undo
from opportunities.models import Opportunity, OpportunityEvent, Stage
from opportunities.queries.amounts import amount_of
from opportunities.queries.regions import region_of, region_of_zone
from opportunities.timers import extension, reminders
from opportunities.web import place, undoing
from opportunities.web.access import on_desk_time
from opportunities.web.after_call import back_to, reminder_set
from opportunities.web.forms import (
    ClientForm,
    CorrectionForm,
    ExtendForm,
    MoveForm,
    NoteForm,
    PressForm,
    ReminderForm,
    ResultForm,
    SeenForm,
)
from opportunities.web.opportunity_page import Written, show, with_reason
from opportunities.web.verbs import verb_of


@login_required
@require_safe
def page(request: HttpRequest, opportunity_id: int) -> HttpResponse:
    row = _mine(request, opportunity_id)
    return _gone(request, opportunity_id) if row is None else show(request, row)


_verb = verb_of("desk-opportunity", "opportunity_id")


@login_required
@_verb
def move(request: HttpRequest, opportunity_id: int, stage_id: int) -> HttpResponse:
    row = _mine(request, opportunity_id)
    if row is None:
        return _gone(request, opportunity_id)
    stage = get_object_or_404(Stage, pk=stage_id)
    form = MoveForm(
        stage, row, needs_reason=stage.pk in with_reason(row), region=region_of(row.owner), data=request.POST
    )
    if not form.is_valid():
        return show(request, row, Written(move=form))
    now = timezone.now()
    try:
        moved = moves.move(
            row.pk,
            stage,
            by=current_user(request),
            version=form.cleaned_data["version"],
            now=now,
            reason=form.cleaned_data["reason"],
            data=form.facts,
        )
    except Incomplete as refusal:
        form.add_error(None, str(refusal))
        return show(request, row, Written(move=form))
    except Refused as refusal:
        return _refused(request, row.pk, refusal)
    messages.success(request, _told(moved, stage))
    undoing.offer(request, moved, now=now)
    return back_to(
        request, place.of(request, row) if moved.state == OpportunityState.ACTIVE else place.list_of(request)
    )


@login_required
@_verb
def undo_step(request: HttpRequest, opportunity_id: int) -> HttpResponse:
    """The last step was a slip. It may have left their hands with it: the operation asks whose it was."""
    user, form = current_user(request), SeenForm(request.POST)
    if opportunity_id > MOST_ID or not undo.is_own(opportunity_id, user):
        return (
            _gone(request, opportunity_id)
            if _mine(request, opportunity_id) is None
            else redirect("desk-opportunity", opportunity_id)
        )
    undoing.forget(request)
    if form.is_valid():
        try:
            row = undo.undo(opportunity_id, by=user, version=form.cleaned_data["version"], now=timezone.now())
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("desk-opportunities")
        messages.success(
            request, _("Deshecho: %(who)s sigue en “%(stage)s”.") % {"who": row.client, "stage": row.stage}
        )
    return redirect(place.of(request, opportunity_id))


@login_required
@_verb
def note(request: HttpRequest, opportunity_id: int) -> HttpResponse:
    row = _mine(request, opportunity_id)
    if row is None:
        return _gone(request, opportunity_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return show(request, row, Written(note=form))
    try:
        moves.note(row.pk, by=current_user(request), text=form.cleaned_data["text"], now=timezone.now())
    except Refused as refusal:
        return _refused(request, row.pk, refusal)
    messages.success(request, _("Nota guardada."))
    return back_to(request, place.of(request, row))


@login_required
@_verb
def extend(request: HttpRequest, opportunity_id: int) -> HttpResponse:
    row = _mine(request, opportunity_id)
    if row is None:
        return _gone(request, opportunity_id)
    form = ExtendForm(request.POST)
    if not form.is_valid():
        return redirect("desk-opportunity", row.pk)
    try:
        extension.extend(row.pk, by=current_user(request), version=form.cleaned_data["version"], now=timezone.now())
    except Refused as refusal:
        return _refused(request, row.pk, refusal)
    messages.success(request, _("Prórroga concedida: el plazo de la etapa empieza de nuevo."))
    return redirect(place.of(request, row))


@login_required
@_verb
def attempt(request: HttpRequest, opportunity_id: int) -> HttpResponse:
    """Llamar or WhatsApp was pressed. The page tells it by itself, and is told nothing but whether it arrived."""
    row, form = _mine(request, opportunity_id), PressForm(request.POST)
    if row is None or not form.is_valid():
        return HttpResponse(status=400)
    try:
        contact.begin(row.pk, form.press, by=current_user(request), now=timezone.now())
    except Refused:
        return HttpResponse(status=409)
    return HttpResponse(status=204)


@login_required
@_verb
def result(request: HttpRequest, opportunity_id: int) -> HttpResponse:
    """How it went, with its note and its reminder. Then back to where the button was pressed."""
    row = _mine(request, opportunity_id)
    if row is None:
        return _gone(request, opportunity_id)
    calendar, user, now = calendar_of(row), current_user(request), timezone.now()
    with on_desk_time(user, calendar.tz):
        form = ResultForm(request.POST, label_suffix="")
        valid = form.is_valid()
    if not valid:
        return show(request, row, Written(result=form))
    try:
        told = contact.tell(
            row.pk,
            form.press,
            form.result,
            by=user,
            now=now,
            remind_at=form.moment(calendar, now=now),
            holds=form.cleaned_data["holds"],
        )
    except Incomplete as refusal:
        form.add_error(None, str(refusal))
        return show(request, row, Written(result=form))
    except Refused as refusal:
        return _refused(request, row.pk, refusal)
    messages.success(request, _told_contact(told, calendar, now))
    return back_to(request, place.of(request, row))


@login_required
@_verb
def correct_result(request: HttpRequest, opportunity_id: int, attempt_id: int) -> HttpResponse:
    row = _mine(request, opportunity_id)
    if row is None:
        return _gone(request, opportunity_id)
    form = CorrectionForm(request.POST)
    found = row.contact_attempts.filter(pk=attempt_id).first()
    if found is None or not form.is_valid():
        return redirect("desk-opportunity", row.pk)
    corrected = contact.Result(outcome=ContactOutcome(form.cleaned_data["outcome"]), note=form.cleaned_data["note"])
    try:
        contact.correct(found.pk, corrected, by=current_user(request), now=timezone.now())
    except Refused as refusal:
        return _refused(request, row.pk, refusal)
    messages.success(request, _("Corregido. Lo que decía antes queda en la historia."))
    return redirect(place.of(request, row))


@login_required
@_verb
def remind(request: HttpRequest, opportunity_id: int) -> HttpResponse:
    row = _mine(request, opportunity_id)
    if row is None:
        return _gone(request, opportunity_id)
    calendar, user, now = calendar_of(row), current_user(request), timezone.now()
    with on_desk_time(user, calendar.tz):
        form = ReminderForm(request.POST, label_suffix="")
        valid = form.is_valid()
    if not valid:
        return show(request, row, Written(reminder=form))
    try:
        made = reminders.remind(row.pk, form.wish(calendar, now=now), by=user, now=now)
    except Incomplete as refusal:
        form.add_error(None, str(refusal))
        return show(request, row, Written(reminder=form))
    except Refused as refusal:
        return _refused(request, row.pk, refusal)
    messages.success(request, reminder_set(made, calendar.tz, now))
    return back_to(request, place.of(request, row))


@login_required
@_verb
def correct_client(request: HttpRequest, opportunity_id: int) -> HttpResponse:
    """Another phone or mail, or the name of somebody whom no source brought."""
    row = _mine(request, opportunity_id)
    if row is None:
        return _gone(request, opportunity_id)
    form = ClientForm(request.POST, names=may_rename(row.client))
    if not form.is_valid():
        return show(request, row, Written(client=form))
    data = form.cleaned_data
    correction = client_data.Correction(
        region=region_of_zone(calendar_of(row).tz.key),
        name=data.get("name", ""),
        phone=data["phone"],
        mail=data["mail"],
        remove=data["remove"],
    )
    try:
        done = client_data.correct(row.pk, correction, by=current_user(request), now=timezone.now())
    except Incomplete as refusal:
        form.add_error(None, str(refusal))
        return show(request, row, Written(client=form))
    except Refused as refusal:
        return _refused(request, row.pk, refusal)
    messages.success(request, " ".join(done) or _("No había nada que cambiar."))
    return redirect(place.of(request, row))


# --- Whose it is ------------------------------------------------------------------------------------------------------


def _mine(request: HttpRequest, opportunity_id: int) -> Opportunity | None:
    """Theirs, or of a team that they supervise. None for what left their hands; nothing else exists for them."""
    if opportunity_id > MOST_ID:
        raise Http404
    rows = (
        Opportunity.objects.visible_to(request.user)
        .with_client()
        .select_related("client", "stage", "lot", "owner__user", "sale")
    )
    row = rows.filter(pk=opportunity_id).first()
    if (
        row is None
        and not OpportunityEvent.objects.filter(
            opportunity=opportunity_id, from_owner__user=current_user(request)
        ).exists()
    ):
        raise Http404
    return row


def _gone(request: HttpRequest, opportunity_id: int) -> HttpResponse:
    """It was theirs a moment ago: a link or a button of an old page gets an answer, and not whose it is now."""
    messages.warning(request, _("La oportunidad #%(id)s ya no está en tus manos.") % {"id": opportunity_id})
    if request.headers.get("HX-Request"):
        # A part of an open page asked by itself: the whole page goes where the sentence is.
        return HttpResponseClientRedirect(reverse("desk-opportunities"))
    return redirect("desk-opportunities")


def _refused(request: HttpRequest, opportunity_id: int, refusal: Refused) -> HttpResponse:
    if isinstance(refusal, Stale):
        messages.warning(request, _what_changed(opportunity_id))
    else:
        messages.error(request, str(refusal))
    return redirect("desk-opportunity", opportunity_id)


def _what_changed(opportunity_id: int) -> str:
    last = (
        OpportunityEvent.objects.filter(opportunity=opportunity_id)
        .select_related("by", "to_stage")
        .order_by("-id")
        .first()
    )
    what = last.get_kind_display().lower() if last else ""
    if last and last.to_stage:
        what = f"{what}: {last.to_stage}"
    who = str(last.by) if last and last.by else _("el sistema")
    return _("No se hizo: la oportunidad cambió mientras la mirabas (%(what)s, por %(who)s). Así está ahora.") % {
        "what": what,
        "who": who,
    }


# --- What is said of it ----------------------------------------------------------------------------------------------


def _told_contact(told: contact.Told, calendar: Calendar, now: dt.datetime) -> str:
    if told.reminder is None:
        return _("Guardado: %(what)s.") % {"what": told.attempt.get_outcome_display().lower()}
    return _("Guardado: %(what)s. %(reminder)s") % {
        "what": told.attempt.get_outcome_display().lower(),
        "reminder": reminder_set(told.reminder, calendar.tz, now),
    }


def _told(row: Opportunity, stage: Stage) -> str:
    who = row.client.full_name or str(row)
    if row.state == OpportunityState.WON:
        return _("¡Venta registrada! %(who)s: %(amount)s") % {"who": who, "amount": amount_of(row.sale)}
    if row.state == OpportunityState.EXIT:
        return _("%(who)s: “%(stage)s”. Tu supervisor decide cómo sigue.") % {"who": who, "stage": stage}
    if row.state == OpportunityState.POOL:
        return _("%(who)s: “%(stage)s”. Volvió al pool.") % {"who": who, "stage": stage}
    if row.state == OpportunityState.LOST:
        return _("%(who)s: “%(stage)s”. Quedó cerrada.") % {"who": who, "stage": stage}
    return _("%(who)s pasó a “%(stage)s”.") % {"who": who, "stage": stage}
