"""A promoter asks for clients."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any, cast

from django.db import transaction
from django.db.models import (
    BigIntegerField,
    Count,
    DateField,
    Exists,
    OuterRef,
    QuerySet,
    Subquery,
)
from django.utils.translation import gettext as _

from leadmaster.calendars.arithmetic import is_open
from leadmaster.lib.db.compiled import CompiledRow, Param
from opportunities.assignment import facets, grant, request_keys
from opportunities.assignment.draw import draw
from opportunities.assignment.filters import Filters
from opportunities.assignment.request_keys import Operation
from opportunities.capacity import quota
from opportunities.capacity.availability import RECEIVES, absent_on
from opportunities.capacity.usage import headroom
from opportunities.enums import OpportunityState
from opportunities.errors import Incomplete, Unavailable
from opportunities.models import Absence, AssignmentRequest, Lot, Opportunity, Promoter

_promoter, _day = Param("promoter", BigIntegerField()), Param("day", DateField())


def _of_promoter() -> QuerySet[Promoter, tuple[Any, ...]]:
    """Whether they receive anything at all, whether they are absent, how many active ones they have."""
    active = Opportunity.objects.filter(owner=OuterRef("pk"), state=OpportunityState.ACTIVE).order_by()
    load = active.values("owner").annotate(number=Count("id")).values("number")
    away = Absence.objects.filter(absent_on(cast(Any, _day)), promoter=OuterRef("pk"))
    rows = Promoter.objects.filter(id=_promoter).order_by()
    return rows.annotate(receives=RECEIVES).values_list("receives", Exists(away), Subquery(load))


_standing = CompiledRow(_of_promoter)


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
    request_keys.require_key(Operation.REQUEST, key)
    day = promoter.desk.day_at(now)
    done = request_keys.answered(promoter, Operation.REQUEST, key)
    if done is not None:
        return Granted(**done)
    quota.ensure(promoter, day)
    # Counted before anything is locked: it is what this person saw, and nobody waits for it.
    seen = facets.count(promoter, filters, now=now)
    return request_keys.once(
        promoter,
        Operation.REQUEST,
        key,
        act=lambda: _grant(promoter, filters, quantity, key=key, day=day, seen=seen, now=now),
        again=lambda answer: Granted(**answer),
    )


def _check_available(promoter: Promoter, now: dt.datetime) -> int:
    """How many opportunities they may still have. Asked of the database: who was called off a moment ago receives
    nothing more. The quota is locked, so nobody gives them anything meanwhile."""
    row = _standing(promoter=promoter.pk, day=promoter.desk.date_at(now))
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
    request = request_keys.begin(promoter, Operation.REQUEST, key, now=now)
    # 2. The quota, and the person.
    row = quota.lock(promoter, day)
    load = _check_available(promoter, now)
    room = min(quantity, headroom(promoter, load))
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
    grant.open_opportunities(promoter, lot, drawn, now=now)
    sentence = _sentence(quantity, len(drawn), left=row.left, short=charged - len(drawn))
    return _answer(request, lot, asked=quantity, left=row.left, sentence=sentence)


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
    request_keys.keep(request, answer.as_json(), lot_id=answer.lot_id)
    return answer
