"""Lots and daily quotas. What the old counters said is not believed: a lot is what lies in it, a day what was given."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import functools
from collections.abc import Sequence

from django.db.models import F
from django.utils.translation import gettext as _

from leadmaster.legacy import values
from leadmaster.legacy.report import WrongCounter
from leadmaster.legacy.source import Row
from leadmaster.legacy.work import Work
from opportunities.enums import QuotaKind
from opportunities.models import DailyQuota, Lot, Promoter, QuotaEntry

LOTS, QUOTAS = "lotes", "cupo_diario"


@dataclasses.dataclass(frozen=True)
class _Lot:
    row: Row
    user: int
    at: dt.datetime
    day: dt.date
    asked: int
    granted: int


@dataclasses.dataclass(frozen=True)
class _Quota:
    row: Row
    user: int
    day: dt.date
    limit: int


def take(work: Work) -> None:
    given = collections.Counter(
        values.reference(row["lote_id"]) for row in work.source.rows("oportunidades", columns=["lote_id"])
    )
    by_day = _given_by_day(work, given)
    for batch in work.batches(LOTS):
        lots = [lot for row in batch if (lot := _lot(row, given, work)) is not None]
        work.write([lot.row for lot in lots], functools.partial(_write_lots, lots, work))
    for batch in work.batches(QUOTAS):
        quotas = [quota for row in batch if (quota := _quota(row, by_day, work)) is not None]
        work.write([quota.row for quota in quotas], functools.partial(_write_quotas, quotas, work))


def _given_by_day(work: Work, given: collections.Counter[int | None]) -> collections.Counter[tuple[int, dt.date]]:
    by_day: collections.Counter[tuple[int, dt.date]] = collections.Counter()
    for row in work.source.rows(LOTS):
        user, at = values.reference(row["usuario_id"]), _clock(row["fecha"])
        if user is not None and at is not None:
            by_day[user, at.date()] += given[row.id]
    return by_day


def _lot(row: Row, given: collections.Counter[int | None], work: Work) -> _Lot | None:
    user = _user(row, work)
    if user is None:
        return None
    at = _clock(row["fecha"])
    if at is None:
        work.correct(row, "date", _("Su fecha no se puede leer (%(date)s): queda la de hoy.") % {"date": row["fecha"]})
        at = work.now.astimezone(work.tz).replace(tzinfo=None)
    asked, granted = _count(row["cantidad"]), given[row.id]
    _compare(row, "cantidad", asked, granted, work)
    return _Lot(row, user, at.replace(tzinfo=work.tz).astimezone(dt.UTC), at.date(), asked or granted, granted)


def _quota(row: Row, by_day: collections.Counter[tuple[int, dt.date]], work: Work) -> _Quota | None:
    user = _user(row, work)
    if user is None:
        return None
    day = _clock(row["fecha"])
    if day is None:
        work.refuse(row, "date", _("Su fecha no se puede leer: %(date)s.") % {"date": row["fecha"]})
        return None
    used = by_day[user, day.date()]
    _compare(row, "usado", _count(row["usado"]), used, work)
    return _Quota(row, user, day.date(), max(_count(row["limite"]) or 0, used))


def _user(row: Row, work: Work) -> int | None:
    user = values.reference(row["usuario_id"])
    if user in work.links["usuarios"]:
        return user
    work.refuse(row, "unknown_user", _("Su usuario no está: %(id)s.") % {"id": row["usuario_id"]})
    return None


def _compare(row: Row, field: str, said: int | None, counted: int, work: Work) -> None:
    if said is not None and said != counted:
        work.report.counters.append(WrongCounter(table=row.table, id=row.id, field=field, said=said, counted=counted))


# --- Writing ----------------------------------------------------------------------------------------------------------


def _write_lots(lots: Sequence[_Lot], work: Work) -> dict[int, int]:
    promoters = _promoters({lot.user for lot in lots}, work)
    made = {}
    for wanted in lots:
        promoter = promoters[wanted.user]
        lot = Lot.objects.create(
            promoter=promoter,
            team=promoter.desk.team,
            day=wanted.day,
            created_at=wanted.at,
            asked=wanted.asked,
            granted=wanted.granted,
        )
        if wanted.granted:
            _charge(promoter, wanted, lot, work)
        made[wanted.row.id] = lot.pk
    return made


def _charge(promoter: Promoter, wanted: _Lot, lot: Lot, work: Work) -> None:
    """What the lot gave, in the day's ledger. The limit follows: it was given, whatever the limit was."""
    quota = _day(promoter, wanted.day)
    missing = max(quota.used + wanted.granted - quota.limit, 0)
    _raise_limit(quota, missing, work)
    DailyQuota.objects.filter(pk=quota.pk).update(used=F("used") + wanted.granted)
    QuotaEntry.objects.create(
        quota=quota, kind=QuotaKind.GRANT, amount=wanted.granted, at=wanted.at, by=promoter.user, lot=lot
    )


def _write_quotas(quotas: Sequence[_Quota], work: Work) -> dict[int, int]:
    promoters = _promoters({quota.user for quota in quotas}, work)
    made = {}
    for wanted in quotas:
        quota = _day(promoters[wanted.user], wanted.day)
        _raise_limit(quota, max(wanted.limit, quota.used) - quota.limit, work)
        made[wanted.row.id] = quota.pk
    return made


def _day(promoter: Promoter, day: dt.date) -> DailyQuota:
    DailyQuota.objects.get_or_create(promoter=promoter, day=day, defaults={"limit": promoter.quota_of_a_day})
    return DailyQuota.objects.select_for_update().get(promoter=promoter, day=day)


def _raise_limit(quota: DailyQuota, by: int, work: Work) -> None:
    """Lower it too, where the old limit was lower than ours."""
    if not by:
        return
    DailyQuota.objects.filter(pk=quota.pk).update(limit=F("limit") + by)
    reason = _("Vino del sistema anterior.")
    QuotaEntry.objects.create(quota=quota, kind=QuotaKind.LIMIT, amount=by, at=work.now, by=work.author, reason=reason)


def _promoters(users: set[int], work: Work) -> dict[int, Promoter]:
    ids = {work.links["usuarios"][user]: user for user in users}
    found = Promoter.objects.filter(user__in=ids).select_related("user", "desk__team")
    return {ids[promoter.user_id]: promoter for promoter in found}


def _clock(cell: str | None) -> dt.datetime | None:
    try:
        return values.wall_clock(cell)
    except values.Unreadable:
        return None


def _count(cell: str | None) -> int | None:
    try:
        number = values.number(cell)
    except values.Unreadable:
        return None
    return None if number is None else min(max(number, 0), 2_000_000_000)
