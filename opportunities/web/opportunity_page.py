"""What the page of one opportunity shows, whatever was asked of it: who, the last words, what may come next, the past."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from leadmaster.accounts.current_user import current_user
from leadmaster.calendars.arithmetic import Calendar
from leadmaster.directory.client_editing import may_remove, may_rename
from opportunities.clocks.countdown import calendar_of
from opportunities.enums import ContactOutcome, StageType
from opportunities.funnel import contact, moves
from opportunities.funnel.labels import label_of
from opportunities.models import Opportunity, Promoter, StageRoute
from opportunities.queries import worklist
from opportunities.queries.amounts import amount_of
from opportunities.queries.cards import Card, cards
from opportunities.queries.last_touch import talks_of
from opportunities.queries.reasons import usual_reasons
from opportunities.queries.regions import region_of, region_of_zone
from opportunities.queries.timeline import timeline
from opportunities.web import place, undoing
from opportunities.web.access import on_desk_time
from opportunities.web.after_call import sheet
from opportunities.web.forms import ClientForm, CorrectionForm, MoveForm, NoteForm, ReminderForm, ResultForm, new_key

_SHEETS = ("mover", "nota")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Steps:
    """Steps that belong together on the screen."""

    title: str
    forms: list[MoveForm]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Written:
    """The form that was refused, as somebody filled it in: it is shown again in its place."""

    move: MoveForm | None = None
    note: NoteForm | None = None
    result: ResultForm | None = None
    reminder: ReminderForm | None = None
    client: ClientForm | None = None

    @property
    def sheet(self) -> str:
        return "mover" if self.move else "nota" if self.note else ""


def show(request: HttpRequest, row: Opportunity, written: Written | None = None) -> HttpResponse:
    calendar, written = calendar_of(row), written or Written()
    with on_desk_time(current_user(request), calendar.tz):
        context = _context(request, row, calendar, written)
        context |= _coming_back(request, row, context["card"], written)
        return render(request, "web/desk/opportunity.html", context)


def with_reason(row: Opportunity) -> set[int]:
    """The stages that ask why."""
    routes = StageRoute.objects.filter(from_stage=row.stage_id, needs_reason=True)
    return set(routes.values_list("to_stage_id", flat=True))


def _context(request: HttpRequest, row: Opportunity, calendar: Calendar, written: Written) -> dict[str, Any]:
    now, user = timezone.now(), current_user(request)
    promoter = Promoter.objects.select_related("user", "desk__calendar").filter(user=user).first()
    card = cards([row], promoter, calendar=calendar, now=now)[0]
    own = row.owner is not None and row.owner == promoter
    stuck = card.timer is not None and card.timer.overdue and own
    lines = timeline(row, viewer=user)
    asked = place.asked(request)
    return {
        "promoter": promoter,
        "card": card,
        "row": row,
        "steps": [] if stuck else _grouped(_steps(row, written.move, region=region_of_zone(calendar.tz.key))),
        "stuck": stuck,
        "may_extend": card.timer is not None and card.timer.deadline is not None and not stuck and not row.extended,
        "note_form": written.note or NoteForm(),
        "client_form": (written.client or _client_form(row)) if row.is_owned else None,
        "added": [point for point in row.client.contacts.all() if may_remove(row.client, point)],
        "facts": [(label_of(str(name)), value) for name, value in row.data.items()],
        "timeline": lines,
        "said": next((line for line in lines if line.from_client), None),
        "talk": talks_of([row], now=now).get(row.pk),
        "now": now,
        **sheet(calendar, now),
        "sale": getattr(row, "sale", None),
        "sale_amount": amount_of(getattr(row, "sale", None)),
        "place": asked.query,
        "back": place.list_of(request, row),
        "near": worklist.neighbours(row, promoter, asked, region=region_of(promoter)) if promoter and own else None,
        "open_sheet": written.sheet or _sheet_asked(request),
        "open_step": request.GET.get("paso", ""),
        "undo": undoing.offered(request, now=now),
    }


def _client_form(row: Opportunity) -> ClientForm:
    return ClientForm(names=may_rename(row.client), initial={"name": row.client.full_name})


def _sheet_asked(request: HttpRequest) -> str:
    """Without a script, the buttons of the bar ask for their sheet by address."""
    wanted = request.GET.get("hoja", "")
    return wanted if wanted in _SHEETS else ""


def _coming_back(request: HttpRequest, row: Opportunity, card: Card, written: Written) -> dict[str, Any]:
    """How the last call went, for whoever made it, and the reminders."""
    last, now, told = card.contact, timezone.now(), written.result
    mine = last if last is not None and contact.may_correct(last, current_user(request), now) else None
    untold = mine is not None and mine.outcome == ContactOutcome.PENDING
    if told is None and mine is not None and untold:
        told = ResultForm(initial={"key": mine.key, "channel": mine.channel, "phone": mine.phone}, label_suffix="")
    before = {"outcome": mine.outcome, "note": mine.note} if mine is not None else {}
    return {
        "told_form": told,
        "correction_form": CorrectionForm(initial=before, label_suffix="") if mine is not None and not untold else None,
        "reminders": list(row.reminders.pending().select_related("set_by", "handed_from")) if row.is_owned else [],
        "reminder_form": written.reminder or ReminderForm(initial={"key": new_key()}, label_suffix=""),
    }


# --- What may come next -----------------------------------------------------------------------------------------------


def _steps(row: Opportunity, bound: MoveForm | None, *, region: str) -> list[MoveForm]:
    reasons, stages = with_reason(row), moves.allowed_stages(row)
    usual = usual_reasons(row.team_id, [stage for stage in stages if stage.pk in reasons or stage.type in _LEAVE])
    steps = [
        bound
        if bound is not None and bound.stage == stage
        else MoveForm(stage, row, needs_reason=stage.pk in reasons, region=region)
        for stage in stages
    ]
    for step in steps:
        step.suggested = usual.get(step.stage.pk, [])
    return steps


_LEAVE = (StageType.EXIT, StageType.LOST)


def _grouped(steps: list[MoveForm]) -> list[Steps]:
    onward = [step for step in steps if step.stage.type not in _LEAVE]
    out = [step for step in steps if step not in onward]
    groups = [Steps(title="", forms=onward), Steps(title=_("Si no sigue"), forms=out)]
    return [group for group in groups if group.forms]
