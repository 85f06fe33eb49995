"""The day's quota: one row per promoter and day, and a line for every change of it."""

from __future__ import annotations

import datetime as dt

from django.db.models import F
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from opportunities.enums import QuotaKind
from opportunities.errors import Incomplete, NoQuota, NotAllowed
from opportunities.models import DailyQuota, Lot, Promoter, QuotaEntry
from opportunities.policy import EXCEED, may_supervise


def ensure(promoter: Promoter, day: dt.date) -> None:
    """Make the day's row with the limit of the day, in its own autocommit: never inside the transaction that uses it.

    Twenty first uses at once make one row; an insert inside the request would make them wait for, and deadlock with,
    each other.
    """
    if not DailyQuota.objects.filter(promoter=promoter, day=day).exists():
        DailyQuota.objects.bulk_create(
            [DailyQuota(promoter=promoter, day=day, limit=promoter.quota_of_a_day)], ignore_conflicts=True
        )


def charge_up_to(
    promoter: Promoter, day: dt.date, amount: int, *, now: dt.datetime, by: User | None, kind: QuotaKind
) -> tuple[DailyQuota, int]:
    """Charge `amount` or what is left of it; returns the row, locked, and what was charged (0 when nothing is left)."""
    row = DailyQuota.objects.select_for_update().get(promoter=promoter, day=day)
    granted = min(amount, row.left)
    if granted > 0:
        _charge(row, granted, kind=kind, now=now, by=by)
    return row, granted


def charge(
    promoter: Promoter, day: dt.date, amount: int, *, now: dt.datetime, by: User | None, kind: QuotaKind
) -> DailyQuota:
    """Charge all of it. Raises NoQuota when less is left."""
    row = DailyQuota.objects.select_for_update().get(promoter=promoter, day=day)
    if row.left < amount:
        raise NoQuota(
            _("A %(who)s le quedan %(left)d de su cupo de hoy y hacen falta %(amount)d.")
            % {"who": promoter, "left": max(row.left, 0), "amount": amount}
        )
    _charge(row, amount, kind=kind, now=now, by=by)
    return row


def refund(
    row: DailyQuota, amount: int, *, now: dt.datetime, by: User | None, kind: QuotaKind, lot: Lot | None = None
) -> None:
    """Give back what was charged and could not be drawn, or was undone."""
    if amount <= 0:
        return
    DailyQuota.objects.filter(pk=row.pk).update(used=F("used") - amount)
    row.used -= amount
    QuotaEntry.objects.create(quota=row, kind=kind, amount=-amount, at=now, by=by, lot=lot)


def change_limit(
    promoter: Promoter, day: dt.date, limit: int, *, by: User, reason: str, now: dt.datetime
) -> DailyQuota:
    """Another limit for this day, with author and reason. Below what is used it stops at what is used."""
    if not may_supervise(by, promoter.desk.team_id):
        raise NotAllowed(_("No tienes permiso para cambiar el cupo de este promotor."))
    if not reason.strip():
        raise Incomplete(_("Escribe el motivo: queda en el libro del cupo."))
    row = DailyQuota.objects.select_for_update().get(promoter=promoter, day=day)
    limit = max(limit, row.used)
    _change_limit(row, limit, by=by, reason=reason, now=now)
    return row


def make_room(promoter: Promoter, day: dt.date, amount: int, *, by: User, reason: str, now: dt.datetime) -> None:
    """Raise the limit so that `amount` more fit: over the quota, by permission and with a reason, and the ledger tells."""
    if not by.has_perm(EXCEED):
        raise NotAllowed(_("No tienes permiso para pasar el cupo de un promotor."))
    if not reason.strip():
        raise Incomplete(_("Escribe por qué se pasa el cupo: queda en el libro."))
    row = DailyQuota.objects.select_for_update().get(promoter=promoter, day=day)
    if row.left < amount:
        _change_limit(row, row.used + amount, by=by, reason=reason, now=now)


def _charge(row: DailyQuota, amount: int, *, kind: QuotaKind, now: dt.datetime, by: User | None) -> None:
    charged = DailyQuota.objects.filter(pk=row.pk, limit__gte=F("used") + amount).update(used=F("used") + amount)
    if charged != 1:
        raise NoQuota(_("El cupo de hoy cambió mientras tanto. Vuelve a intentarlo."))
    row.used += amount
    QuotaEntry.objects.create(quota=row, kind=kind, amount=amount, at=now, by=by)


def _change_limit(row: DailyQuota, limit: int, *, by: User, reason: str, now: dt.datetime) -> None:
    if limit == row.limit:
        return
    QuotaEntry.objects.create(
        quota=row, kind=QuotaKind.LIMIT, amount=limit - row.limit, at=now, by=by, reason=reason.strip()[:300]
    )
    DailyQuota.objects.filter(pk=row.pk).update(limit=limit)
    row.limit = limit
