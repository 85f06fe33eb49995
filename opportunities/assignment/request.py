"""A promoter asks for clients."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any, Final, cast

from django.db import DEFAULT_DB_ALIAS, IntegrityError, transaction
from django.db.models import (
    BigIntegerField,
    CharField,
    Count,
    DateField,
    Exists,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.utils.translation import gettext as _

from leadmaster.calendars.arithmetic import is_open
from leadmaster.lib.clock import business_day
from leadmaster.lib.db.compiled import Param, PreparedInsert, PreparedRow, PreparedUpdate
from leadmaster.lib.db.retry import retrying
from opportunities.assignment import facets, grant
from opportunities.assignment.draw import draw
from opportunities.assignment.filters import Filters
from opportunities.capacity import quota
from opportunities.enums import OpportunityState, StageType
from opportunities.errors import Incomplete, Unavailable
from opportunities.models import Absence, AssignmentRequest, Lot, Opportunity, Promoter, Stage
from opportunities.supervision.absences import absent_on

KEY_LENGTH = 64

_promoter, _day = Param("promoter", BigIntegerField()), Param("day", DateField())
_answered = PreparedRow(
    lambda: AssignmentRequest.objects.filter(promoter_id=_promoter, key=Param("key", CharField())).values_list("answer")
)
_begin = PreparedInsert(AssignmentRequest)
_keep = PreparedUpdate(
    lambda: AssignmentRequest.objects.filter(id=Param("id", BigIntegerField())),
    lot_id=Param("lot", BigIntegerField()),
    answer=Param("answer", JSONField()),
)


def _of_promoter() -> QuerySet[Promoter, tuple[Any, ...]]:
    """Whether they receive anything at all, whether they are absent, how many active ones they have."""
    receives = Q(available=True, user__is_active=True)
    active = Opportunity.objects.filter(owner=OuterRef("pk"), state=OpportunityState.ACTIVE).order_by()
    load = active.values("owner").annotate(number=Count("id")).values("number")
    away = Absence.objects.filter(absent_on(cast(Any, _day)), promoter=OuterRef("pk"))
    rows = Promoter.objects.filter(id=_promoter).order_by()
    return rows.annotate(receives=receives).values_list("receives", Exists(away), Subquery(load))


_standing = PreparedRow(_of_promoter)
_STAGE: Final = [field.attname for field in Stage._meta.concrete_fields]
_first_stage = PreparedRow(
    lambda: Stage.objects.filter(type=StageType.INITIAL, active=True).order_by("order", "id").values_list(*_STAGE)[:1]
)


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
    row = _answered(promoter=promoter.pk, key=_stored(key))
    return Granted(**row[0]) if row is not None else None


def _stored(key: str) -> str:
    return f"pedido:{key}"


def _check_available(promoter: Promoter, day: dt.date, now: dt.datetime) -> int:
    """How many opportunities they may still have. Asked of the database: who was called off a moment ago receives
    nothing more. The quota is locked, so nobody gives them anything meanwhile."""
    row = _standing(promoter=promoter.pk, day=day)
    if row is None or not row[0]:
        raise Unavailable(_("Por ahora no recibes asignaciones. Habla con tu supervisor."))
    if row[1]:
        raise Unavailable(_("Figuras como ausente hoy: no se te asignan clientes."))
    if promoter.desk.only_in_hours and not is_open(now, promoter.desk.calendar.as_value()):
        raise Unavailable(_("La mesa está fuera de horario. Vuelve a pedir cuando abra."))
    return row[2] or 0


@transaction.atomic(durable=True)
def _grant(
    promoter: Promoter, filters: Filters, quantity: int, *, key: str, day: dt.date, seen: int, now: dt.datetime
) -> Granted:
    # 1. The key, first: a double click waits here for the first one, and then gets its answer.
    request = _begin(AssignmentRequest(promoter_id=promoter.pk, key=_stored(key), at=now))
    # 2. The quota, and the person.
    row = quota.lock(promoter, day)
    load = _check_available(promoter, day, now)
    room = min(quantity, promoter.most_active - load)
    if room <= 0:
        full = _("Ya tienes %(load)d oportunidades activas, tu máximo: trabaja alguna antes de pedir más.")
        return _answer(request, None, asked=quantity, left=row.left, sentence=full % {"load": load})
    charged = quota.charge_up_to(row, room)
    if not charged:
        return _answer(
            request, None, asked=quantity, left=0, sentence=_("Hoy ya usaste todo tu cupo. Mañana tienes uno nuevo.")
        )
    # 3. The draw, and the lot that it makes.
    drawn = draw(promoter, filters, charged, few=seen <= facets.EXACT_UP_TO, now=now)
    lot = grant.open_lot(promoter, filters, quantity, drawn, seen=seen, day=day, now=now) if len(drawn) else None
    # 4. The ledger: what was charged and is not there goes back.
    quota.write_draw(row, charged, len(drawn), lot=lot, by=promoter.user, now=now)
    if lot is None:
        nothing = _("No hay clientes disponibles con esos filtros.")
        return _answer(request, None, asked=quantity, left=row.left, sentence=nothing)
    # 5. Its opportunities, and their history.
    grant.open_opportunities(promoter, lot, drawn, stage=first_stage(), now=now)
    sentence = _sentence(quantity, len(drawn), left=row.left, short=charged - len(drawn))
    return _answer(request, lot, asked=quantity, left=row.left, sentence=sentence)


def first_stage() -> Stage:
    """The stage in which work begins. Raises Incomplete for a funnel without one."""
    row = _first_stage()
    if row is None:
        raise Incomplete(_("El embudo no tiene una etapa inicial. Pide a un administrador que la cree."))
    return Stage.from_db(DEFAULT_DB_ALIAS, _STAGE, row)


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
    _keep(id=request.pk, lot=answer.lot_id, answer=answer.as_json())
    return answer
