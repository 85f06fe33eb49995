"""A promoter asks for clients."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from leadmaster.calendars.arithmetic import is_open
from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client
from leadmaster.lib.clock import business_day
from leadmaster.lib.db import retrying
from opportunities import states
from opportunities.absences import is_absent
from opportunities.assignment import facets, quota
from opportunities.assignment.draw import Draw, draw
from opportunities.assignment.filters import Filters
from opportunities.enums import EventKind, OpportunityState, QuotaKind, StageType
from opportunities.errors import Incomplete, Unavailable
from opportunities.models import AssignmentRequest, Lot, Opportunity, OpportunityEvent, Promoter, Stage
from opportunities.timers import deadline_for

KEY_LENGTH = 64


@dataclasses.dataclass(frozen=True, kw_only=True)
class Granted:
    """The answer to a request: the lot, if anything was granted, and a sentence for the person who asked."""

    lot_id: int | None
    asked: int
    granted: int
    quota_left: int
    sentence: str

    def as_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def request_lot(promoter: Promoter, filters: Filters, quantity: int, *, key: str, now: dt.datetime) -> Granted:
    """Grant up to `quantity` clients as one lot. A key that was seen before gets the same answer and nothing new.

    Raises Incomplete (no key, a quantity below one) or Unavailable (inactive, absent, or out of hours where the desk
    asks for them). No quota left and nothing to draw are answers, not errors.
    """
    if quantity < 1:
        raise Incomplete(_("Pide al menos una oportunidad."))
    if not key or len(key) > KEY_LENGTH:
        raise Incomplete(_("Falta la clave del pedido, de hasta 64 caracteres."))
    day = business_day(now, promoter.desk.calendar.tz)
    done = _seen(promoter, key)
    if done is not None:
        return done
    quota.ensure(promoter, day)
    # Counted before anything is locked: it is what this person saw, and nobody waits for it.
    seen = facets.count(promoter, filters, now=now)
    try:
        return retrying(lambda: _grant(promoter, filters, quantity, key=key, day=day, seen=seen, now=now))
    except IntegrityError:
        # The same key at the same moment: the other one won, and its answer is ours.
        winner = _seen(promoter, key)
        if winner is None:
            raise
        return winner


def _seen(promoter: Promoter, key: str) -> Granted | None:
    row = AssignmentRequest.objects.filter(promoter=promoter, key=_stored(key)).first()
    return Granted(**row.answer) if row is not None else None


def _stored(key: str) -> str:
    return f"pedido:{key}"


def _check_available(promoter: Promoter, day: dt.date, now: dt.datetime) -> None:
    # Asked of the database: who was called off a moment ago receives nothing more.
    if not Promoter.objects.filter(pk=promoter.pk, available=True, user__is_active=True).exists():
        raise Unavailable(_("Por ahora no recibes asignaciones. Habla con tu supervisor."))
    if is_absent(promoter, day):
        raise Unavailable(_("Figuras como ausente hoy: no se te asignan clientes."))
    if promoter.desk.only_in_hours and not is_open(now, promoter.desk.calendar.as_value()):
        raise Unavailable(_("La mesa está fuera de horario. Vuelve a pedir cuando abra."))


@transaction.atomic(durable=True)
def _grant(
    promoter: Promoter, filters: Filters, quantity: int, *, key: str, day: dt.date, seen: int, now: dt.datetime
) -> Granted:
    # 1. The key, first: a double click waits here for the first one, and then gets its answer.
    request = AssignmentRequest.objects.create(promoter=promoter, key=_stored(key), at=now)
    # 2. The person and the quota.
    _check_available(promoter, day, now)
    row = quota.lock(promoter, day)
    load = Opportunity.objects.filter(owner=promoter, state=OpportunityState.ACTIVE).count()
    room = min(quantity, promoter.most_active - load)
    if room <= 0:
        full = _("Ya tienes %(load)d oportunidades activas, tu máximo: trabaja alguna antes de pedir más.")
        return _answer(request, None, asked=quantity, left=row.left, sentence=full % {"load": load})
    line = quota.charge_up_to(row, room, now=now, by=promoter.user, kind=QuotaKind.GRANT)
    if line is None:
        return _answer(
            request, None, asked=quantity, left=0, sentence=_("Hoy ya usaste todo tu cupo. Mañana tienes uno nuevo.")
        )
    # 3. The draw.
    drawn = draw(promoter, filters, line.amount, now=now)
    # 4. What was charged and is not there goes back.
    short = line.amount - len(drawn)
    refund = quota.refund(row, short, now=now, by=promoter.user, kind=QuotaKind.REFUND)
    if not len(drawn):
        nothing = _("No hay clientes disponibles con esos filtros.")
        return _answer(request, None, asked=quantity, left=row.left, sentence=nothing)
    # 5. The lot, its opportunities, their history.
    lot = _open_lot(promoter, filters, quantity, drawn, seen=seen, day=day, now=now)
    quota.name_lot([line, refund], lot)
    _open_opportunities(promoter, lot, drawn, now=now)
    sentence = _sentence(quantity, len(drawn), left=row.left, short=short)
    return _answer(request, lot, asked=quantity, left=row.left, sentence=sentence)


def _open_lot(
    promoter: Promoter, filters: Filters, asked: int, drawn: Draw, *, seen: int, day: dt.date, now: dt.datetime
) -> Lot:
    return Lot.objects.create(
        promoter=promoter,
        team=promoter.desk.team,
        day=day,
        created_at=now,
        asked=asked,
        granted=len(drawn),
        from_pool=len(drawn.pooled),
        filters=filters.as_dict(),
        available_seen=seen,
        seed=drawn.seed,
    )


def _open_opportunities(promoter: Promoter, lot: Lot, drawn: Draw, *, now: dt.datetime) -> None:
    stage = first_stage()
    deadline = deadline_for(stage, calendar=promoter.desk.calendar.as_value(), now=now)
    states.change(
        drawn.pooled,
        OpportunityState.ACTIVE,
        kind=EventKind.ASSIGNED,
        now=now,
        by=promoter.user,
        owner=promoter,
        stage=stage,
        stage_since=now,
        lot=lot,
        deadline=deadline,
        extended=False,
        exit_reason="",
        attempts=states.ONE_MORE,
    )
    client_ids = drawn.client_ids
    if not client_ids:
        return
    Client.objects.filter(id__in=client_ids).update(availability=Availability.TAKEN)
    rows = [
        Opportunity(
            client_id=client_id,
            open_client_id=client_id,
            team=lot.team,
            owner=promoter,
            stage=stage,
            lot=lot,
            state=OpportunityState.ACTIVE,
            stage_since=now,
            state_since=now,
            deadline=deadline,
            created_at=now,
        )
        for client_id in client_ids
    ]
    Opportunity.objects.bulk_create(rows)
    # MySQL gives no ids back from a bulk insert: the clients, which are ours alone, name the rows.
    ids = Opportunity.objects.filter(open_client_id__in=client_ids).order_by().values_list("id", flat=True)
    OpportunityEvent.objects.bulk_create(
        OpportunityEvent(
            opportunity_id=opportunity_id,
            kind=EventKind.ASSIGNED,
            at=now,
            by=promoter.user,
            to_state=OpportunityState.ACTIVE,
            to_stage=stage,
            to_owner=promoter,
        )
        for opportunity_id in ids
    )


def first_stage() -> Stage:
    """The stage in which work begins. Raises Incomplete for a funnel without one."""
    stage = Stage.objects.filter(type=StageType.INITIAL, active=True).order_by("order", "id").first()
    if stage is None:
        raise Incomplete(_("El embudo no tiene una etapa inicial. Pide a un administrador que la cree."))
    return stage


def _sentence(asked: int, granted: int, *, left: int, short: int) -> str:
    """`short` are those that the quota allowed and nobody could draw."""
    if granted == asked:
        return _("Recibiste %(granted)d oportunidades. Te quedan %(left)d de tu cupo de hoy.") % {
            "granted": granted,
            "left": left,
        }
    if not short:
        return _(
            "Recibiste %(granted)d de las %(asked)d que pediste: hasta ahí llega tu cupo o tu máximo de activas."
        ) % {
            "granted": granted,
            "asked": asked,
        }
    return _("Recibiste %(granted)d de las %(asked)d que pediste: no había más. Te quedan %(left)d de tu cupo.") % {
        "granted": granted,
        "asked": asked,
        "left": left,
    }


def _answer(request: AssignmentRequest, lot: Lot | None, *, asked: int, left: int, sentence: str) -> Granted:
    answer = Granted(
        lot_id=lot.pk if lot else None,
        asked=asked,
        granted=lot.granted if lot else 0,
        quota_left=left,
        sentence=sentence,
    )
    AssignmentRequest.objects.filter(pk=request.pk).update(lot=lot, answer=answer.as_json())
    return answer
