"""What a draw and its counts ask of the directory and the pool, compiled once for each set of filters.

Free clients stand along an index in the order of (shard, id). A look goes from one place to another and reads what may
be offered, and no further.
"""

from __future__ import annotations

import collections
import datetime as dt
import functools
from collections.abc import Sequence
from typing import Any, Final, cast

from django.db.models import (
    BigIntegerField,
    CharField,
    Count,
    DateTimeField,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)
from django.db.models.lookups import IsNull

from leadmaster.directory.enums import Availability
from leadmaster.directory.models import SHARDS, Client, ContactPoint, Suppression
from leadmaster.lib.db.compiled import CompiledCount, CompiledRow, CompiledRows, Param, params
from opportunities.assignment.filters import Filters
from opportunities.models import CoolDown, Opportunity, Promoter

# A shard and a client's id: a place along the directory.
Place = tuple[int, int]

_NUMBER: Final = BigIntegerField()
_MOMENT: Final = DateTimeField()
_now: Final = Param("now", _MOMENT)


def offerable(promoter_id: Any, now: Any) -> Q:
    """Clients that may be offered: present in the directory, not resting for this promoter, not opted out.

    As scalars, because MariaDB answers a NOT EXISTS by writing down every opt-out there is; a scalar it asks for row by
    row, by its key.
    """
    resting = CoolDown.objects.filter(promoter_id=promoter_id, client=OuterRef("pk"), until__gt=now)
    opted_out = _opt_outs("pk")
    return Q(gone_at__isnull=True) & Q(_none(resting)) & Q(_none(opted_out))


def _opt_outs(client: str) -> QuerySet[ContactPoint]:
    """The phones of a client of the row outside that asked us not to write."""
    return ContactPoint.objects.filter(client=OuterRef(client), normalised__in=Suppression.objects.values("phone"))


def _none(rows: QuerySet[Any]) -> IsNull:
    """Whether there are none of these for the row outside."""
    return IsNull(Subquery(rows.order_by().values("id")[:1]), rhs=True)


# --- The pool ---------------------------------------------------------------------------------------------------------


def pooled(
    team_id: int, size: int, *, since: tuple[dt.datetime, int] | None = None
) -> list[tuple[int, dt.datetime, int]]:
    """The oldest of a team's pool that come after `since`: (client, since, id)."""
    if since is None:
        rows = _oldest_pooled(size)(team=team_id)
    else:
        rows = _next_pooled(size)(team=team_id, since=since[0], id=since[1])
    return cast("list[tuple[int, dt.datetime, int]]", rows)


def offered(promoter: Promoter, filters: Filters, page: Sequence[int], *, now: dt.datetime) -> set[int]:
    """Which of these pooled clients this promoter may have."""
    if not page:
        return set()
    ask = _offered(tuple(filters.as_dict()), len(page))
    return {client_id for (client_id,) in ask(promoter=promoter.pk, now=now, ids=page, **filters.as_dict())}


def _pool() -> QuerySet[Opportunity, tuple[Any, ...]]:
    rows = Opportunity.objects.filter(team_id=Param("team", _NUMBER)).pool()
    return rows.values_list("open_client_id", "state_since", "id")


@functools.cache
def _oldest_pooled(size: int) -> CompiledRows:
    return CompiledRows(lambda: _pool()[:size])


@functools.cache
def _next_pooled(size: int) -> CompiledRows:
    since, last = Param("since", _MOMENT), Param("id", _NUMBER)
    return CompiledRows(lambda: _pool().filter(Q(state_since__gt=since) | Q(state_since=since, id__gt=last))[:size])


@functools.lru_cache(maxsize=256)
def _offered(names: tuple[str, ...], count: int) -> CompiledRows:
    return CompiledRows(
        lambda: (
            _offerable(names)
            .filter(availability=Availability.POOL, id__in=params("ids", _NUMBER, count))
            .values_list("id")
        )
    )


# --- Free clients -----------------------------------------------------------------------------------------------------


def free(
    promoter: Promoter,
    filters: Filters,
    size: int,
    *,
    after: Place,
    end: int,
    stop: Place | None = None,
    now: dt.datetime,
) -> list[Place]:
    """The first free clients that this promoter may have, in order: after a place, before the shard `end`, and before
    the place `stop` if there is one."""
    look = _free(tuple(filters.as_dict()), size, stops=stop is not None)
    rows = look(promoter=promoter.pk, now=now, after=after, end=end, stop=stop, **filters.as_dict())
    return cast("list[Place]", rows)


def ahead(filters: Filters, window: int, *, start: int = 0, end: int = SHARDS) -> Place | None:
    """So far ahead of the shard `start`, along the index that carries most of these filters; None when the shard `end`
    comes first. The place is found on the index alone."""
    most = filters.indexed().as_dict()
    found = _ahead(tuple(most), window)(after=(start, 0), end=end, **most)
    return cast("Place | None", found)


def count_free(promoter: Promoter, filters: Filters, *, stop: Place | None, up_to: int, now: dt.datetime) -> int:
    """How many free clients this promoter may have, before the place `stop` if there is one; at the most `up_to`."""
    count = _count(tuple(filters.as_dict()), up_to, stops=stop is not None)
    return count(promoter=promoter.pk, now=now, stop=stop, **filters.as_dict())


def present(filters: Filters, *, up_to: int) -> int:
    """How many free clients are in the directory, for whomever; at the most `up_to`. On the index alone."""
    return _present(tuple(filters.as_dict()), up_to)(**filters.as_dict())


def count_by(
    promoter: Promoter, filters: Filters, facet: str, *, stop: Place | None, now: dt.datetime
) -> dict[str, int]:
    """How many free clients this promoter may have by the value of a facet, before the place `stop`. One query."""
    count = _count_by(tuple(filters.as_dict()), facet, stops=stop is not None)
    rows = count(promoter=promoter.pk, now=now, stop=stop, **filters.as_dict())
    return {value: number for value, number in rows if value}


def resting_by(
    promoter: Promoter, filters: Filters, facet: str, among: Sequence[str], *, now: dt.datetime
) -> collections.Counter[str]:
    """Of the free clients who did not opt out, how many rest for this promoter, by these values of a facet. One query,
    which begins with the promoter's own short list: asked of each client it would cost as much as the opt-outs."""
    count = _resting_by(tuple(filters.as_dict()), facet, len(among))
    return collections.Counter(dict(count(promoter=promoter.pk, now=now, among=among, **filters.as_dict())))


def opted_out_by(filters: Filters, facet: str, among: Sequence[str]) -> collections.Counter[str]:
    """Of the free clients, how many opted out, by these values of a facet. One query, a join that reads nothing but
    indexes where one carries the filters with the facet: asked client by client it costs half as much again."""
    count = _opted_out_by(tuple(filters.as_dict()), facet, len(among))
    return collections.Counter(dict(count(among=among, **filters.as_dict())))


def locked(ids: Sequence[int]) -> dict[int, str]:
    """Lock those of these clients that nobody holds and the source still has; their availability, now that nobody else
    changes it."""
    return dict(cast("list[tuple[int, str]]", _locked(len(ids))(ids=ids)))


def _offerable(names: tuple[str, ...]) -> QuerySet[Client]:
    filters = Q(**{name: Param(name, CharField()) for name in names})
    return Client.objects.filter(filters, offerable(Param("promoter", _NUMBER), Param("now", _MOMENT)))


def _on() -> Q:
    """After one place and before a shard. One range of the index: the OR alone would not be."""
    shard, last = params("after", _NUMBER, 2)
    return Q(shard__gte=shard, shard__lt=Param("end", _NUMBER)) & (Q(shard__gt=shard) | Q(id__gt=last))


def _before_stop() -> Q:
    shard, first = params("stop", _NUMBER, 2)
    return Q(shard__lte=shard) & (Q(shard__lt=shard) | Q(id__lt=first))


@functools.lru_cache(maxsize=256)
def _free(names: tuple[str, ...], size: int, *, stops: bool) -> CompiledRows:
    return CompiledRows(
        lambda: (
            _offerable(names)
            .filter(_on(), _before_stop() if stops else Q(), availability=Availability.FREE)
            .order_by("shard", "id")
            .values_list("shard", "id")[:size]
        )
    )


@functools.lru_cache(maxsize=256)
def _ahead(names: tuple[str, ...], window: int) -> CompiledRow:
    filters = Q(**{name: Param(name, CharField()) for name in names})
    return CompiledRow(
        lambda: (
            Client.objects.filter(filters, _on(), availability=Availability.FREE)
            .order_by("shard", "id")
            .values_list("shard", "id")[window : window + 1]
        )
    )


@functools.lru_cache(maxsize=256)
def _count(names: tuple[str, ...], up_to: int, *, stops: bool) -> CompiledCount:
    return CompiledCount(
        lambda: (
            _offerable(names)
            .filter(_before_stop() if stops else Q(), availability=Availability.FREE)
            .values_list("id")[:up_to]
        )
    )


@functools.lru_cache(maxsize=256)
def _present(names: tuple[str, ...], up_to: int) -> CompiledCount:
    filters = Q(**{name: Param(name, CharField()) for name in names})
    return CompiledCount(lambda: Client.objects.drawable().filter(filters).values_list("id")[:up_to])


@functools.lru_cache(maxsize=256)
def _count_by(names: tuple[str, ...], facet: str, *, stops: bool) -> CompiledRows:
    return CompiledRows(
        lambda: _by_value(
            _offerable(names).filter(_before_stop() if stops else Q(), availability=Availability.FREE), facet
        )
    )


@functools.lru_cache(maxsize=256)
def _resting_by(names: tuple[str, ...], facet: str, among: int) -> CompiledRows:
    resting = {"promoter_id": Param("promoter", _NUMBER), "until__gt": _now}
    return CompiledRows(
        lambda: _by_value(
            CoolDown.objects.filter(_among(names, facet, among, "client__"), _none(_opt_outs("client")), **resting),
            facet,
            "client__",
        )
    )


@functools.lru_cache(maxsize=256)
def _opted_out_by(names: tuple[str, ...], facet: str, among: int) -> CompiledRows:
    phones = Suppression.objects.values("phone")
    return CompiledRows(
        lambda: _by_value(
            Client.objects.filter(_among(names, facet, among), contacts__normalised__in=phones),
            facet,
        )
    )


def _among(names: tuple[str, ...], facet: str, count: int, client: str = "") -> Q:
    """Free clients with these filters, and one of so many values of a facet; of rows that reach them through `client`."""
    asked: dict[str, Any] = {name: Param(name, CharField()) for name in names}
    asked |= {"availability": Availability.FREE, "gone_at__isnull": True}
    asked |= {f"{facet}__in": params("among", CharField(), count)}
    return Q(**{f"{client}{name}": value for name, value in asked.items()})


def _by_value(rows: QuerySet[Any], facet: str, client: str = "") -> QuerySet[Any, tuple[Any, ...]]:
    groups = rows.order_by().annotate(value=F(f"{client}{facet}")).values("value")
    numbered: QuerySet[Any, Any] = groups.annotate(number=Count(f"{client}id", distinct=True))
    return numbered.values_list("value", "number")


@functools.lru_cache(maxsize=256)
def _locked(count: int) -> CompiledRows:
    return CompiledRows(
        lambda: (
            Client.objects.filter(id__in=params("ids", _NUMBER, count), gone_at__isnull=True)
            .order_by("id")
            .select_for_update(skip_locked=True)
            .values_list("id", "availability")
        )
    )
