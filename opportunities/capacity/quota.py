"""The day's quota: one row per promoter and day, and a line for every change of it."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import BigIntegerField, DateField, F
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.lib.db.compiled import CompiledInsert, CompiledRow, CompiledUpdate, Param
from leadmaster.lib.db.retry import retrying
from opportunities.enums import QuotaKind
from opportunities.errors import Incomplete, NoQuota, NotAllowed
from opportunities.models import DailyQuota, Lot, Promoter, QuotaEntry
from opportunities.policy import EXCEED, may_supervise

_id, _amount = Param("id", BigIntegerField()), Param("amount", BigIntegerField())
_of_day = {"promoter_id": Param("promoter", BigIntegerField()), "day": Param("day", DateField())}
_there = CompiledRow(lambda: DailyQuota.objects.filter(**_of_day).values_list("id"))
_locked = CompiledRow(
    lambda: DailyQuota.objects.filter(**_of_day).select_for_update().values_list("id", "limit", "used")
)
_use = CompiledUpdate(
    lambda: DailyQuota.objects.filter(id=_id, limit__gte=F("used") + _amount), used=F("used") + _amount
)
_write = CompiledInsert(QuotaEntry)
_last_line = CompiledRow(
    lambda: QuotaEntry.objects.filter(quota_id=Param("quota", BigIntegerField())).order_by("-id").values_list("at")[:1]
)


def ensure(promoter: Promoter, day: dt.date) -> None:
    """Make the day's row with the limit of the day, in its own autocommit: never inside the transaction that uses it.

    Twenty first uses at once make one row; an insert inside the request would make them wait for, and deadlock with,
    each other.
    """
    if _there(promoter=promoter.pk, day=day) is not None:
        return
    row = DailyQuota(promoter=promoter, day=day, limit=promoter.quota_of_a_day)
    if transaction.get_connection().in_atomic_block:
        DailyQuota.objects.bulk_create([row], ignore_conflicts=True)
    else:
        retrying(lambda: DailyQuota.objects.bulk_create([row], ignore_conflicts=True))


def lock(promoter: Promoter, day: dt.date) -> DailyQuota:
    """The day's row, locked: the first lock of every verb that gives this promoter something."""
    row = _locked(promoter=promoter.pk, day=day)
    if row is None:
        raise DailyQuota.DoesNotExist
    pk, limit, used = row
    return DailyQuota(id=pk, promoter=promoter, day=day, limit=limit, used=used)


def hold(promoter: Promoter, day: dt.date) -> None:
    """Nobody gives this promoter anything until the transaction ends; whoever is at it is waited for.

    For what depends on all that is theirs, or gives them something without charging it. With the day before: at
    midnight somebody may still be at that one.
    """
    days = DailyQuota.objects.filter(promoter=promoter, day__range=(day - dt.timedelta(days=1), day))
    list(days.order_by("day").select_for_update().values_list("id"))


def charge_up_to(row: DailyQuota, amount: int) -> int:
    """Charge `amount` or what is left of it to a row that is locked; how much, 0 when nothing is left.

    The caller writes down what became of it, by `write_draw`.
    """
    charged = min(amount, row.left)
    if charged <= 0:
        return 0
    _add(row, charged)
    return charged


def write_draw(row: DailyQuota, charged: int, drawn: int, *, lot: Lot | None, by: User, now: dt.datetime) -> None:
    """The ledger of a draw: what was charged for it and, of that, what was not there and goes back."""
    short = charged - drawn
    line = {"quota_id": row.pk, "at": _line_at(row, now), "by_id": by.pk, "lot_id": lot.pk if lot else None}
    _write(QuotaEntry(kind=QuotaKind.GRANT, amount=charged, **line))
    if short:
        DailyQuota.objects.filter(pk=row.pk).update(used=F("used") - short)
        row.used -= short
        _write(QuotaEntry(kind=QuotaKind.REFUND, amount=-short, **line))


def charge_locked(
    row: DailyQuota,
    amount: int,
    *,
    now: dt.datetime,
    by: User | None,
    kind: QuotaKind,
    reason: str = "",
    lot: Lot | None = None,
) -> QuotaEntry:
    """Charge all of it to a row that is locked. Raises NoQuota when less is left."""
    if row.left < amount:
        raise NoQuota(
            _("A %(who)s le quedan %(left)d de su cupo de hoy y hacen falta %(amount)d.")
            % {"who": row.promoter, "left": max(row.left, 0), "amount": amount}
        )
    return _charge(row, amount, kind=kind, now=now, by=by, reason=reason, lot=lot)


def refund(
    row: DailyQuota, amount: int, *, now: dt.datetime, by: User | None, kind: QuotaKind, lot: Lot | None = None
) -> QuotaEntry | None:
    """Give back what was charged and could not be drawn, or was undone. The row is locked."""
    if amount <= 0:
        return None
    DailyQuota.objects.filter(pk=row.pk).update(used=F("used") - amount)
    row.used -= amount
    return QuotaEntry.objects.create(quota=row, kind=kind, amount=-amount, at=_line_at(row, now), by=by, lot=lot)


def change_limit(
    promoter: Promoter, day: dt.date, limit: int, *, by: User, reason: str, now: dt.datetime
) -> DailyQuota:
    """Another limit for this day, with author and reason. Below what is used it stops at what is used.

    Raises NotAllowed or Incomplete (no reason, a limit below zero).
    """
    if not may_supervise(by, promoter.desk.team_id):
        raise NotAllowed(_("No tienes permiso para cambiar el cupo de este promotor."))
    if not reason.strip():
        raise Incomplete(_("Escribe el motivo: queda en el libro del cupo."))
    if limit < 0:
        raise Incomplete(_("El cupo no puede ser negativo."))
    ensure(promoter, day)
    return retrying(lambda: _correct(promoter, day, limit, by=by, reason=reason, now=now))


@transaction.atomic
def _correct(promoter: Promoter, day: dt.date, limit: int, *, by: User, reason: str, now: dt.datetime) -> DailyQuota:
    row = lock(promoter, day)
    _change_limit(row, max(limit, row.used), by=by, reason=reason, now=now)
    return row


def make_room(promoter: Promoter, day: dt.date, amount: int, *, by: User, reason: str, now: dt.datetime) -> int:
    """Raise the limit so that `amount` more fit: over the quota, by permission and with a reason, and the ledger tells.

    Returns by how much the limit was raised; 0 when there was room.
    """
    if not by.has_perm(EXCEED):
        raise NotAllowed(_("No tienes permiso para pasar el cupo de un promotor."))
    if not reason.strip():
        raise Incomplete(_("Escribe por qué se pasa el cupo: queda en el libro."))
    row = lock(promoter, day)
    missing = max(amount - row.left, 0)
    _change_limit(row, row.limit + missing, by=by, reason=reason, now=now)
    return missing


def take_room_back(row: DailyQuota, amount: int, *, by: User, reason: str, now: dt.datetime) -> None:
    """What `make_room` gave, for an action that was undone; never below what is used. The row is locked."""
    _change_limit(row, max(row.limit - amount, row.used), by=by, reason=reason, now=now)


def recount(row: DailyQuota, used: int, *, reason: str, now: dt.datetime) -> None:
    """Write down what the ledger adds up to. The row is locked; where that is over the limit, the limit follows."""
    limit = max(row.limit, used)
    if limit != row.limit:
        QuotaEntry.objects.create(
            quota=row, kind=QuotaKind.LIMIT, amount=limit - row.limit, at=now, reason=reason[:300]
        )
    DailyQuota.objects.filter(pk=row.pk).update(used=used, limit=limit)


def write_missing(row: DailyQuota, amount: int, *, lot: Lot, reason: str, now: dt.datetime) -> None:
    """The line that a lot's ledger has lost. The row is locked; what it says is used counted it already."""
    kind = QuotaKind.GRANT if amount > 0 else QuotaKind.REFUND
    QuotaEntry.objects.create(quota=row, kind=kind, amount=amount, at=now, lot=lot, reason=reason[:300])


def _charge(
    row: DailyQuota,
    amount: int,
    *,
    kind: QuotaKind,
    now: dt.datetime,
    by: User | None,
    reason: str = "",
    lot: Lot | None = None,
) -> QuotaEntry:
    _add(row, amount)
    return QuotaEntry.objects.create(
        quota=row, kind=kind, amount=amount, at=_line_at(row, now), by=by, reason=reason.strip()[:300], lot=lot
    )


def _line_at(row: DailyQuota, now: dt.datetime) -> dt.datetime:
    """`now`, and never before the day's last line: requests count from when they were made, by the clock of their host.

    The row is locked, so nobody else writes a line meanwhile.
    """
    last = _last_line(quota=row.pk)
    return now if last is None else max(now, last[0])


def _add(row: DailyQuota, amount: int) -> None:
    """Raises NoQuota: the row count decides, whatever was read."""
    if _use(id=row.pk, amount=amount) != 1:
        raise NoQuota(_("El cupo de hoy cambió mientras tanto. Vuelve a intentarlo."))
    row.used += amount


def _change_limit(row: DailyQuota, limit: int, *, by: User, reason: str, now: dt.datetime) -> None:
    if limit == row.limit:
        return
    QuotaEntry.objects.create(
        quota=row,
        kind=QuotaKind.LIMIT,
        amount=limit - row.limit,
        at=_line_at(row, now),
        by=by,
        reason=reason.strip()[:300],
    )
    DailyQuota.objects.filter(pk=row.pk).update(limit=limit)
    row.limit = limit
