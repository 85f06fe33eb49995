"""«Conversaciones»: who wrote, what was said, and what is done about it. For promoters, and for those who supervise."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from campaigns.conversations import thread
from campaigns.decisions import Decision, may_decide
from campaigns.enums import EnvioState
from campaigns.errors import Refused as NotNow
from campaigns.models import Campaign, Conversation, Envio
from campaigns.replying import Seen, Unseen, seen_of, why_nobody_answers
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.calendars.arithmetic import Calendar
from leadmaster.lib.ids import MOST_ID
from opportunities.assignment import answering
from opportunities.errors import Refused
from opportunities.models import Desk, Opportunity, Promoter, Stage
from opportunities.queries import conversations as lists
from opportunities.queries.contacts import filled
from opportunities.queries.conversations import Asked, View
from opportunities.queries.reminders import reminders_of
from opportunities.scope import conversations_of, own_desk
from opportunities.timers import reminders
from opportunities.web.access import on_desk_time
from opportunities.web.after_call import by_the_clock_of, morning, reminder_set
from opportunities.web.forms import (
    AssignConversationForm,
    DecideReplyForm,
    ReminderForm,
    ReplyForm,
    SeenForm,
    SnoozeForm,
    TakeClientForm,
    new_key,
)
from opportunities.web.verbs import verb_of


@login_required
@require_safe
def conversation_list(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    with _times_of(user) as desk:
        return render(request, "web/desk/conversations.html", _listed(request, user, desk))


@login_required
@require_safe
def page(request: HttpRequest, conversation_id: int) -> HttpResponse:
    return _page(request, conversation_id)


_verb = verb_of("desk-conversation", "conversation_id")


@login_required
@_verb
def read(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """The page tells that somebody has its words before their eyes. It says nothing back."""
    row, form = _mine(request, conversation_id), SeenForm(request.POST)
    if form.is_valid():
        answering.read(row.pk, by=current_user(request), version=form.cleaned_data["version"])
    return HttpResponse(status=204)


@login_required
@_verb
def reply(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Answer from the line. What was written meanwhile is shown first, with the text as it was and one tap to send it."""
    row, form = _mine(request, conversation_id), ReplyForm(request.POST)
    if not form.is_valid():
        return _page(request, row.pk, answered=form)
    data = form.cleaned_data
    try:
        answering.reply(
            row.pk,
            text=data["text"],
            by=current_user(request),
            key=data["key"],
            seen=Seen.of(data["seen"]),
            now=timezone.now(),
        )
    except Unseen as news:
        return _page(request, row.pk, answered=form, unseen=str(news))
    except (Refused, NotNow) as refusal:
        form.add_error(None, str(refusal))
        return _page(request, row.pk, answered=form)
    return redirect("desk-conversation", row.pk)


@login_required
@_verb
def decide(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Whoever looked at the line's phone says what became of an answer of which nobody knows."""
    row, form = _mine(request, conversation_id), DecideReplyForm(request.POST)
    if not form.is_valid():
        return redirect("desk-conversation", row.pk)
    data = form.cleaned_data
    try:
        answering.decide(
            row.pk, data["reply"], Decision(data["decision"]), by=current_user(request), now=timezone.now()
        )
    except (Refused, NotNow) as refusal:
        return _refused(request, row.pk, refusal)
    return redirect("desk-conversation", row.pk)


@login_required
@_verb
def handle(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """Then the next one that waits."""
    row, form = _mine(request, conversation_id), SeenForm(request.POST)
    user, now = current_user(request), timezone.now()
    if not form.is_valid():
        return redirect("desk-conversation", row.pk)
    try:
        answering.handle(row.pk, by=user, version=form.cleaned_data["version"], now=now)
    except (Refused, NotNow) as refusal:
        return _refused(request, row.pk, refusal)
    messages.success(request, _("Atendida. Vuelve a la lista cuando escriba."))
    return _next(user, now)


@login_required
@_verb
def snooze(request: HttpRequest, conversation_id: int) -> HttpResponse:
    row, user, now = _mine(request, conversation_id), current_user(request), timezone.now()
    with _times_of(user):
        form = SnoozeForm(request.POST, now=now)
        if not form.is_valid():
            return _page(request, row.pk, snoozed=form)
        until = form.cleaned_data["until"]
        try:
            answering.snooze(row.pk, by=user, until=until, version=form.cleaned_data["version"], now=now)
        except (Refused, NotNow) as refusal:
            return _refused(request, row.pk, refusal)
        local = timezone.localtime(until)
    messages.success(request, _("Pospuesta hasta el %(when)s.") % {"when": f"{local:%d/%m %H:%M}"})
    return _next(user, now)


@login_required
@_verb
def remind(request: HttpRequest, conversation_id: int) -> HttpResponse:
    """To whoever presses it, or to a promoter of theirs."""
    row, user, now = _mine(request, conversation_id), current_user(request), timezone.now()
    calendar = _calendar_of(user, row)
    with by_the_clock_of(calendar, user):
        form = ReminderForm(request.POST, label_suffix="")
        valid = form.is_valid()
        tz = timezone.get_current_timezone()
    if not valid:
        return _page(request, row.pk, wished=form)
    asked = request.POST.get("to", "")
    whom = next((one for one in answering.receivers(row, by=user) if str(one.pk) == asked), None)
    if asked and whom is None:
        # It was for somebody else: to oneself it would be a promise that nobody keeps.
        form.add_error(None, _("Esa persona ya no puede recibirlo: elige a otra."))
        return _page(request, row.pk, wished=form)
    try:
        made = reminders.remind_of_conversation(row.pk, form.wish(calendar, now=now), by=user, now=now, whom=whom)
    except Refused as refusal:
        return _refused(request, row.pk, refusal)
    messages.success(request, reminder_set(made, tz, now))
    return redirect("desk-conversation", row.pk)


@login_required
@_verb
def assign(request: HttpRequest, conversation_id: int) -> HttpResponse:
    row, user = _mine(request, conversation_id), current_user(request)
    form = AssignConversationForm(request.POST, promoters=answering.receivers(row, by=user))
    if not form.is_valid():
        return _page(request, row.pk, assigned=form)
    to = form.cleaned_data["to"]
    try:
        answering.assign(row.pk, to=to, by=user, version=form.cleaned_data["version"])
    except (Refused, NotNow) as refusal:
        return _refused(request, row.pk, refusal)
    told = _("Ahora es de %(who)s.") % {"who": to} if to else _("Ya no es de nadie en particular.")
    messages.success(request, told)
    return _back(row.pk, user)


@login_required
@_verb
def take_client(request: HttpRequest, conversation_id: int) -> HttpResponse:
    row, user = _mine(request, conversation_id), current_user(request)
    form = TakeClientForm(request.POST, promoters=answering.receivers(row, by=user))
    if not form.is_valid():
        return _page(request, row.pk, taken=form)
    data = form.cleaned_data
    try:
        made = answering.make_opportunity(
            row.pk, name=data["name"], to=data["to"], by=user, key=data["key"], now=timezone.now()
        )
    except (Refused, NotNow) as refusal:
        form.add_error(None, str(refusal))
        return _page(request, row.pk, taken=form)
    messages.success(
        request, _("%(who)s ya es una oportunidad de %(owner)s.") % {"who": made.client, "owner": data["to"]}
    )
    return _back(row.pk, user)


# --- Whose it is, and whereto next -------------------------------------------------------------------------------------


def _mine(request: HttpRequest, conversation_id: int) -> Conversation:
    """One that this person may read; nothing else exists for them."""
    rows = conversations_of(current_user(request)).select_related("session", "campaign", "assigned_to", "handled_by")
    row = rows.filter(pk=conversation_id).first() if conversation_id <= MOST_ID else None
    if row is None:
        raise Http404
    return row


def _calendar_of(user: User, row: Conversation) -> Calendar | None:
    """The hours of this person's desk, else of the conversation's team's; None where nobody works at a desk."""
    desk = own_desk(user)
    if desk is not None:
        return desk.desk.calendar.as_value()
    of_team = Desk.objects.select_related("calendar").filter(team=row.session.team_id).first()
    return None if of_team is None else of_team.calendar.as_value()


def _back(conversation_id: int, user: User) -> HttpResponse:
    """To the page, unless it is somebody else's now."""
    if conversations_of(user).filter(pk=conversation_id).exists():
        return redirect("desk-conversation", conversation_id)
    return redirect("desk-conversations")


def _next(user: User, now: dt.datetime) -> HttpResponse:
    rows = lists.page(user, Asked(), now=now, most=1).rows
    return redirect("desk-conversation", rows[0].pk) if rows else redirect("desk-conversations")


def _refused(request: HttpRequest, conversation_id: int, refusal: Exception) -> HttpResponse:
    messages.error(request, str(refusal))
    return redirect("desk-conversation", conversation_id)


@contextlib.contextmanager
def _times_of(user: User) -> Iterator[Promoter | None]:
    """Their desk, and its hours on the page; those without one have their own."""
    desk = own_desk(user)
    with on_desk_time(user, desk.desk.calendar.tz) if desk else contextlib.nullcontext():
        yield desk


# --- What it shows -----------------------------------------------------------------------------------------------------


def _page(request: HttpRequest, conversation_id: int, **bound: Any) -> HttpResponse:
    row, user, now = _mine(request, conversation_id), current_user(request), timezone.now()
    promoters = answering.receivers(row, by=user)
    person = lists.people([row])[row.pk]
    own = next((one for one in promoters if one.user_id == user.pk), None)
    first = own or (promoters[0] if len(promoters) == 1 else None)
    taking = {"version": row.version, "to": first.pk if first else None}
    name = "" if person.name == person.phone or not row.phone else person.name
    said = thread(row)
    with _times_of(user) as desk:
        listed = _listed(request, user, desk)
        context = {
            **listed,
            **_beside(listed["cards"], row),
            "row": row,
            "person": person,
            "said": said,
            "moving": any(one.reply is not None and one.reply.state in _MOVING for one in said),
            "decides": {one.reply.pk for one in said if one.reply and _may_decide(user, one.reply)},
            "seen": seen_of(row),
            "unseen": bound.get("unseen", ""),
            "held": why_nobody_answers(row),
            "answer_form": bound.get("answered") or ReplyForm(),
            "answer_key": (bound["answered"]["key"].value() if "answered" in bound else "") or new_key(),
            "retry_key": new_key(),
            "phrases": _phrases(user, person, name),
            "waits": row.is_waiting(now),
            "may_open": _may_open(user, person),
            "snooze_form": bound.get("snoozed") or SnoozeForm(now=now, initial={"version": row.version}),
            "assign_form": bound.get("assigned") or AssignConversationForm(initial=taking, promoters=promoters),
            "take_form": bound.get("taken")
            or TakeClientForm(initial={"name": name, "key": new_key(), "to": taking["to"]}, promoters=promoters),
            "reminders": list(reminders_of(user, row.reminders.pending()).select_related("set_by", "handed_from")),
            "reminder_form": bound.get("wished") or ReminderForm(initial={"key": new_key()}, label_suffix=""),
            "remind_to": [one for one in promoters if one.user_id != user.pk],
            "morning": morning(calendar, now) if (calendar := _calendar_of(user, row)) else "",
            "own": own,
            "gives": len(promoters) > 1 or (bool(promoters) and own is None),
        }
        return render(request, "web/desk/conversation.html", context)


def _beside(cards: list[lists.Card], row: Conversation) -> dict[str, int | None]:
    """The ones before and after it in the list that it was opened from; of one that left the list, the list's first."""
    ids = [card.row.pk for card in cards]
    at = ids.index(row.pk) if row.pk in ids else -1
    return {"previous": ids[at - 1] if at > 0 else None, "following": ids[at + 1] if at + 1 < len(ids) else None}


_MOVING = (EnvioState.PENDING, EnvioState.SENDING)
_MOST_PHRASES: Final = 12


def _may_decide(user: User, reply: Envio) -> bool:
    return reply.state == EnvioState.UNCERTAIN and may_decide(user, reply)


def _phrases(user: User, person: lists.Person, name: str) -> list[tuple[str, str]]:
    """What the stages have ready to be said, with the names in it: the one that their client is in comes first."""
    stages = Stage.objects.filter(active=True).exclude(message_template="")
    if person.opportunity_id:
        stages = stages.annotate(
            here=Exists(Opportunity.objects.filter(pk=person.opportunity_id, stage=OuterRef("pk")))
        )
        stages = stages.order_by("-here", "order", "id")
    first = name.split(" ", maxsplit=1)[0]
    who = user.first_name or str(user)
    return [(stage.name, filled(stage, name=first, who=who)) for stage in stages[:_MOST_PHRASES]]


def _may_open(user: User, person: lists.Person) -> bool:
    """Whether the opportunity's page is theirs too."""
    if person.opportunity_id is None:
        return False
    supervised = user.is_supervisor and person.team_id in user.supervised_team_ids
    return user.is_administrator or person.owner_id == user.pk or supervised


def _listed(request: HttpRequest, user: User, desk: Promoter | None) -> dict[str, Any]:
    now, asked = timezone.now(), Asked.of(request.GET.dict())
    found = lists.page(user, asked, now=now)
    kept = {name: request.GET[name] for name in ("campania", "sin") if request.GET.get(name)}
    return {
        "promoter": desk,
        "asked": asked,
        "query": urlencode({**kept, "ver": asked.view.value}),
        "views": [
            {"name": name, "query": urlencode({**kept, "ver": view.value}), "chosen": asked.view == view}
            for view, name in _names().items()
        ],
        "without": urlencode({"ver": asked.view.value, **({} if asked.unclaimed else {"sin": "1"})}),
        "campaign": Campaign.objects.visible_to(user).filter(pk=asked.campaign).first() if asked.campaign else None,
        # Of those that wait, what nobody opened comes first; each part as long as it waits.
        "cards": lists.cards(
            sorted(found.rows, key=lambda row: asked.view == View.WAITING and not row.unread), now=now
        ),
        "more": urlencode({**request.GET.dict(), "despues": found.after}) if found.after else "",
    }


def _names() -> dict[View, str]:
    return {
        View.WAITING: _("Por atender"),
        View.SNOOZED: _("Pospuestas"),
        View.HANDLED: _("Atendidas"),
        View.ALL: _("Todas"),
    }
