"""One opportunity: whom to reach, how long is left, what happened, what may come next."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django_htmx.http import HttpResponseClientRedirect

from leadmaster.accounts.current_user import current_user
from leadmaster.calendars.arithmetic import Calendar
from leadmaster.lib.ids import MOST_ID
from opportunities.clocks.countdown import calendar_of
from opportunities.enums import ContactOutcome, OpportunityState, StageType
from opportunities.errors import Incomplete, Refused, Stale
from opportunities.funnel import contact, moves
from opportunities.funnel.labels import label_of
from opportunities.models import Opportunity, OpportunityEvent, Promoter, Stage, StageRoute
from opportunities.queries.amounts import amount_of
from opportunities.queries.cards import Card, cards
from opportunities.queries.regions import region_of, region_of_zone
from opportunities.queries.timeline import timeline
from opportunities.timers import extension, reminders
from opportunities.web.access import on_desk_time
from opportunities.web.after_call import back_to, reminder_set, sheet
from opportunities.web.forms import (
    CorrectionForm,
    ExtendForm,
    MoveForm,
    NoteForm,
    PressForm,
    ReminderForm,
    ResultForm,
    new_key,
)
from opportunities.web.verbs import verb_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class Steps:
    """Steps that belong together on the screen."""

    title: str
    forms: list[MoveForm]


@login_required
@require_safe
def page(request: HttpRequest, opportunity_id: int) -> HttpResponse:
    row = _mine(request, opportunity_id)
    return _gone(request, opportunity_id) if row is None else _page(request, row)


_verb = verb_of("desk-opportunity", "opportunity_id")


@login_required
@_verb
def move(request: HttpRequest, opportunity_id: int, stage_id: int) -> HttpResponse:
    row = _mine(request, opportunity_id)
    if row is None:
        return _gone(request, opportunity_id)
    stage = get_object_or_404(Stage, pk=stage_id)
    form = MoveForm(stage, row, needs_reason=stage.pk in _reasons(row), region=region_of(row.owner), data=request.POST)
    if not form.is_valid():
        return _page(request, row, bound=form)
    try:
        moved = moves.move(
            row.pk,
            stage,
            by=current_user(request),
            version=form.cleaned_data["version"],
            now=timezone.now(),
            reason=form.cleaned_data["reason"],
            data=form.facts,
        )
    except Incomplete as refusal:
        form.add_error(None, str(refusal))
        return _page(request, row, bound=form)
    except Refused as refusal:
        return _refused(request, row.pk, refusal)
    messages.success(request, _told(moved, stage))
    if moved.state == OpportunityState.ACTIVE:
        return redirect("desk-opportunity", row.pk)
    return redirect("desk-opportunities")


@login_required
@_verb
def note(request: HttpRequest, opportunity_id: int) -> HttpResponse:
    row = _mine(request, opportunity_id)
    if row is None:
        return _gone(request, opportunity_id)
    form = NoteForm(request.POST)
    if not form.is_valid():
        return _page(request, row, noted=form)
    try:
        moves.note(row.pk, by=current_user(request), text=form.cleaned_data["text"], now=timezone.now())
    except Refused as refusal:
        return _refused(request, row.pk, refusal)
    messages.success(request, _("Nota guardada."))
    return redirect("desk-opportunity", row.pk)


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
    return redirect("desk-opportunity", row.pk)


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
        return _page(request, row, told=form)
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
        return _page(request, row, told=form)
    except Refused as refusal:
        return _refused(request, row.pk, refusal)
    messages.success(request, _told_contact(told, calendar, now))
    return back_to(request, reverse("desk-opportunity", args=[row.pk]))


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
    return redirect("desk-opportunity", row.pk)


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
        return _page(request, row, wished=form)
    try:
        made = reminders.remind(row.pk, form.wish(calendar, now=now), by=user, now=now)
    except Incomplete as refusal:
        form.add_error(None, str(refusal))
        return _page(request, row, wished=form)
    except Refused as refusal:
        return _refused(request, row.pk, refusal)
    messages.success(request, reminder_set(made, calendar.tz, now))
    return redirect("desk-opportunity", row.pk)


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


# --- What it shows ----------------------------------------------------------------------------------------------------


def _page(
    request: HttpRequest,
    row: Opportunity,
    *,
    bound: MoveForm | None = None,
    noted: NoteForm | None = None,
    told: ResultForm | None = None,
    wished: ReminderForm | None = None,
) -> HttpResponse:
    calendar = calendar_of(row)
    with on_desk_time(current_user(request), calendar.tz):
        context = _context(request, row, calendar, bound=bound, noted=noted)
        context |= _coming_back(request, row, context["card"], told=told, wished=wished)
        return render(request, "web/desk/opportunity.html", context)


def _context(
    request: HttpRequest,
    row: Opportunity,
    calendar: Calendar,
    *,
    bound: MoveForm | None,
    noted: NoteForm | None,
) -> dict[str, Any]:
    now = timezone.now()
    promoter = Promoter.objects.select_related("user").filter(user=current_user(request)).first()
    card = cards([row], promoter, calendar=calendar, now=now)[0]
    stuck = card.timer is not None and card.timer.overdue and row.owner is not None and row.owner == promoter
    return {
        "promoter": promoter,
        "card": card,
        "row": row,
        "steps": [] if stuck else _grouped(_steps(row, bound, region=region_of_zone(calendar.tz.key))),
        "stuck": stuck,
        "may_extend": card.timer is not None and card.timer.deadline is not None and not stuck and not row.extended,
        "note_form": noted or NoteForm(),
        "facts": [(label_of(str(name)), value) for name, value in row.data.items()],
        "timeline": timeline(row, viewer=current_user(request)),
        **sheet(calendar, now),
        "sale": getattr(row, "sale", None),
        "sale_amount": amount_of(getattr(row, "sale", None)),
    }


def _coming_back(
    request: HttpRequest, row: Opportunity, card: Card, *, told: ResultForm | None, wished: ReminderForm | None
) -> dict[str, Any]:
    """How the last call went, for whoever made it, and the reminders."""
    last, now = card.contact, timezone.now()
    mine = last if last is not None and contact.may_correct(last, current_user(request), now) else None
    untold = mine is not None and mine.outcome == ContactOutcome.PENDING
    if told is None and mine is not None and untold:
        told = ResultForm(initial={"key": mine.key, "channel": mine.channel, "phone": mine.phone}, label_suffix="")
    before = {"outcome": mine.outcome, "note": mine.note} if mine is not None else {}
    return {
        "told_form": told,
        "correction_form": CorrectionForm(initial=before, label_suffix="") if mine is not None and not untold else None,
        "reminders": list(row.reminders.pending().select_related("set_by", "handed_from")) if row.is_owned else [],
        "reminder_form": wished or ReminderForm(initial={"key": new_key()}, label_suffix=""),
    }


def _told_contact(told: contact.Told, calendar: Calendar, now: dt.datetime) -> str:
    if told.reminder is None:
        return _("Guardado: %(what)s.") % {"what": told.attempt.get_outcome_display().lower()}
    return _("Guardado: %(what)s. %(reminder)s") % {
        "what": told.attempt.get_outcome_display().lower(),
        "reminder": reminder_set(told.reminder, calendar.tz, now),
    }


def _steps(row: Opportunity, bound: MoveForm | None, *, region: str) -> list[MoveForm]:
    reasons = _reasons(row)
    steps = [
        MoveForm(stage, row, needs_reason=stage.pk in reasons, region=region) for stage in moves.allowed_stages(row)
    ]
    return [bound if bound and bound.stage == step.stage else step for step in steps]


def _grouped(steps: list[MoveForm]) -> list[Steps]:
    onward = [step for step in steps if step.stage.type not in (StageType.EXIT, StageType.LOST)]
    out = [step for step in steps if step not in onward]
    groups = [Steps(title="", forms=onward), Steps(title=_("Si no sigue"), forms=out)]
    return [group for group in groups if group.forms]


def _reasons(row: Opportunity) -> set[int]:
    """The stages that ask why."""
    routes = StageRoute.objects.filter(from_stage=row.stage_id, needs_reason=True)
    return set(routes.values_list("to_stage_id", flat=True))


def _told(row: Opportunity, stage: Stage) -> str:
    who = row.client.full_name or str(row)
    if row.state == OpportunityState.WON:
        return _("¡Venta registrada! %(who)s: $ %(amount)s") % {"who": who, "amount": amount_of(row.sale)}
    if row.state == OpportunityState.EXIT:
        return _("%(who)s: “%(stage)s”. Tu supervisor decide cómo sigue.") % {"who": who, "stage": stage}
    if row.state == OpportunityState.POOL:
        return _("%(who)s: “%(stage)s”. Volvió al pool.") % {"who": who, "stage": stage}
    if row.state == OpportunityState.LOST:
        return _("%(who)s: “%(stage)s”. Quedó cerrada.") % {"who": who, "stage": stage}
    return _("%(who)s pasó a “%(stage)s”.") % {"who": who, "stage": stage}
