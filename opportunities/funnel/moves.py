"""The one door of the funnel: `move` checks the person, the version, the route and its demands, and writes history."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.language import kept
from opportunities.clocks.countdown import is_overdue
from opportunities.clocks.setting import entering
from opportunities.enums import WORKING, EventKind, ExitTo, OpportunityState, StageType
from opportunities.errors import Incomplete, WrongState
from opportunities.funnel import sales
from opportunities.models import Opportunity, OpportunityEvent, Stage, StageRoute
from opportunities.policy import may_supervise, require_worker
from opportunities.state import before, cooldowns, locking, machine, withdrawal

_MOST_DATA = 4_000  # characters of JSON on one opportunity


def allowed_stages(row: Opportunity) -> list[Stage]:
    """The stages that may follow, in the funnel's order, for buttons."""
    if row.state != OpportunityState.ACTIVE or row.stage_id is None:
        return []
    routes = StageRoute.objects.filter(from_stage=row.stage_id).values("to_stage")
    return list(Stage.objects.filter(id__in=routes, active=True))


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuickStep:
    """`stage` may follow `after`. One press is enough where nothing has to be told: `at_once`."""

    after: int
    stage: Stage
    at_once: bool


def quick_steps() -> list[QuickStep]:
    """Every step out of every stage, in the funnel's order. One query."""
    routes = StageRoute.objects.filter(to_stage__active=True).select_related("to_stage")
    return [
        QuickStep(
            after=route.from_stage_id,
            stage=route.to_stage,
            at_once=route.to_stage.type in WORKING and not (route.needs_reason or route.to_stage.required_fields),
        )
        for route in routes.order_by("to_stage__order", "to_stage__id", "from_stage")
    ]


def move(
    opportunity_id: int,
    stage: Stage,
    *,
    by: User,
    version: int,
    now: dt.datetime,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> Opportunity:
    """Take one step of the funnel. A sale stage records the sale; an exit goes to the inbox or the pool.

    Raises NotAllowed, Stale (says what changed), WrongState (no such route), Incomplete (names what is missing) or
    AlreadySold (says who and when). A repeat of the same sale answers with the same sale.
    """
    return retrying(
        lambda: _move(opportunity_id, stage, by=by, version=version, now=now, reason=reason, data=data or {})
    )


@transaction.atomic(durable=True)
def _move(
    opportunity_id: int,
    stage: Stage,
    *,
    by: User,
    version: int,
    now: dt.datetime,
    reason: str,
    data: Mapping[str, Any],
) -> Opportunity:
    row = locking.lock_one(opportunity_id)
    require_worker(by, row)
    if stage.type == StageType.SALE and row.state == OpportunityState.WON:
        sales.confirm_same(row, data)
        return row
    locking.require_version(row, version)
    _check_route(row, stage, reason)
    _check_clock(row, by=by, now=now)
    step = _Step(stage=stage, by=by, now=now, reason=reason.strip(), data=_checked_data(row, stage, data))
    _TAKE[StageType(stage.type)](row, step)
    return row


def note(opportunity_id: int, *, by: User, text: str, now: dt.datetime) -> OpportunityEvent:
    """A remark on the history. Changes nothing else. Raises NotAllowed or Incomplete (nothing written)."""
    if not text.strip():
        raise Incomplete(_("Escribe la nota."))
    return retrying(lambda: _note(opportunity_id, by=by, text=text, now=now))


@transaction.atomic(durable=True)
def _note(opportunity_id: int, *, by: User, text: str, now: dt.datetime) -> OpportunityEvent:
    row = locking.lock_one(opportunity_id)
    require_worker(by, row)
    return machine.remark(row, by=by, text=text, now=now)


# --- What each type of stage does -------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Step:
    """A step that was checked: it may be taken."""

    stage: Stage
    by: User
    now: dt.datetime
    reason: str
    data: dict[str, Any]


def _work(row: Opportunity, step: _Step) -> None:
    if row.owner is None:
        raise ValueError("an active opportunity has an owner")
    stage, clock = entering(step.stage.pk, row.owner, now=step.now)
    machine.change(
        [row],
        OpportunityState.ACTIVE,
        kind=EventKind.MOVED,
        now=step.now,
        by=step.by,
        reason=step.reason,
        data={**step.data, **before.noted(row, now=step.now)},
        clock=clock,
        stage=stage,
        stage_since=step.now,
        **_kept(row, step.data),
    )


def _leave(row: Opportunity, step: _Step) -> None:
    was = before.noted(row, now=step.now, leaves=True)
    cooldowns.start([row], now=step.now, stage=step.stage)
    to_pool = step.stage.exit_to == ExitTo.POOL
    # Also when a supervisor still decides: who said no is not written to meanwhile.
    withdrawal.withdraw_of(
        [row], by=step.by, now=step.now, reason=kept(gettext_lazy("La oportunidad salió del embudo."))
    )
    fields: dict[str, Any] = {} if to_pool else {"stage": step.stage, "stage_since": step.now}
    machine.change(
        [row],
        OpportunityState.POOL if to_pool else OpportunityState.EXIT,
        kind=EventKind.EXITED,
        now=step.now,
        by=step.by,
        reason=step.reason or step.stage.name,
        data={**step.data, **was},
        exit_reason=(step.reason or step.stage.name)[:300],
        **fields,
        **_kept(row, step.data),
    )


def _sell(row: Opportunity, step: _Step) -> None:
    sale = sales.record(row, step.data, by=step.by, now=step.now)
    machine.change(
        [row],
        OpportunityState.WON,
        kind=EventKind.SOLD,
        now=step.now,
        by=step.by,
        reason=step.reason,
        data={"sale": sale.pk, **before.noted(row, now=step.now)},
        stage=step.stage,
        stage_since=step.now,
    )


def _lose(row: Opportunity, step: _Step) -> None:
    withdrawal.withdraw_of([row], by=step.by, now=step.now, reason=kept(gettext_lazy("La oportunidad se cerró.")))
    machine.change(
        [row],
        OpportunityState.LOST,
        kind=EventKind.CLOSED,
        now=step.now,
        by=step.by,
        reason=step.reason or step.stage.name,
        data={**step.data, **before.noted(row, now=step.now)},
        stage=step.stage,
        stage_since=step.now,
        **_kept(row, step.data),
    )


_TAKE = {
    StageType.INITIAL: _work,
    StageType.PROGRESS: _work,
    StageType.EXIT: _leave,
    StageType.SALE: _sell,
    StageType.LOST: _lose,
}


# --- Checks -----------------------------------------------------------------------------------------------------------


def _check_route(row: Opportunity, stage: Stage, reason: str) -> None:
    if row.state != OpportunityState.ACTIVE:
        raise WrongState(
            _("La oportunidad #%(id)s está %(state)s: no se puede mover por el embudo.")
            % {"id": row.pk, "state": row.get_state_display().lower()}
        )
    route = StageRoute.objects.filter(from_stage=row.stage_id, to_stage=stage).first()
    if route is None or not stage.active:
        raise WrongState(_("Desde la etapa actual no se puede pasar a “%(stage)s”.") % {"stage": stage.name})
    if route.needs_reason and not reason.strip():
        raise Incomplete(_("Para pasar a “%(stage)s” escribe el motivo.") % {"stage": stage.name})


def _check_clock(row: Opportunity, *, by: User, now: dt.datetime) -> None:
    """What is overdue is not its owner's any more, whether or not the cron has come to take it. A supervisor decides."""
    if is_overdue(row, now) and not may_supervise(by, row.team_id):
        raise WrongState(_("El plazo de la oportunidad #%(id)s ya venció: vuelve al pool.") % {"id": row.pk})


def _checked_data(row: Opportunity, stage: Stage, data: Mapping[str, Any]) -> dict[str, Any]:
    given = {str(key)[:60]: value for key, value in data.items() if value is not None and value != ""}
    missing = [name for name in stage.required_fields if name not in given and name not in row.data]
    if missing:
        raise Incomplete(
            _("Para pasar a “%(stage)s” falta: %(fields)s.") % {"stage": stage.name, "fields": ", ".join(missing)}
        )
    try:
        # What a form read (dates, decimals) is kept as it would be written.
        plain = json.loads(json.dumps(given, default=str, allow_nan=False))
    except ValueError:
        raise Incomplete(_("Hay un número que no es un número.")) from None
    if len(json.dumps({**row.data, **plain})) > _MOST_DATA:
        raise Incomplete(_("Son demasiados datos para una oportunidad."))
    return dict(plain)


def _kept(row: Opportunity, data: dict[str, Any]) -> dict[str, Any]:
    return {"kept": {**row.data, **data}} if data else {}
