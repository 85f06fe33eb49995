"""A promoter's list: what expires first comes first, a page at a time, without counting the rest."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from leadmaster.directory.models import ContactPoint
from leadmaster.directory.names import has_words
from leadmaster.lib.phones.parsing import Phone, normalise
from opportunities.enums import OWNED, WORKING, OpportunityState
from opportunities.models import Opportunity, Promoter, Stage
from opportunities.querysets import OpportunityQuerySet

PAGE: Final = 30
_LONGEST_SEARCH: Final = 80
_MOST_WORDS: Final = 5
_FEWEST_DIGITS: Final = 4
_NOT_DIGITS = re.compile(r"[^0-9]")
_PHONE_LIKE = re.compile(r"[+0-9 ().\-]+")
_SHOWN = (OpportunityState.ACTIVE, OpportunityState.EXIT, OpportunityState.WON)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """What the list was asked for. `after` is where the page before ended."""

    state: OpportunityState = OpportunityState.ACTIVE
    stage: int | None = None
    search: str = ""
    after: str = ""

    @classmethod
    def of(cls, raw: Mapping[str, str]) -> Asked:
        """From an address that anybody may have written: what makes no sense is not there."""
        state = raw.get("estado", "")
        stage = raw.get("etapa", "")
        return cls(
            state=OpportunityState(state) if state in _SHOWN else OpportunityState.ACTIVE,
            stage=int(stage) if stage.isascii() and stage.isdigit() and len(stage) < 10 else None,
            search=" ".join(raw.get("q", "")[:_LONGEST_SEARCH].split()),
            after=raw.get("despues", ""),
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Page:
    """`after` continues the list; empty on its last page."""

    rows: list[Opportunity]
    after: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chip:
    """A filter with how many it would show; None where nobody counted."""

    name: str
    count: int | None
    query: str
    colour: str = ""
    chosen: bool = False


def page(rows: OpportunityQuerySet, promoter: Promoter, asked: Asked, *, region: str) -> Page:
    """Of `rows`, this promoter's that were asked for. One query, or two where those without a clock begin."""
    mine = rows.filter(owner=promoter, state=asked.state)
    if asked.stage is not None:
        mine = mine.filter(stage=asked.stage)
    if asked.search:
        mine = mine.filter(matching(asked.search, region=region))
    if asked.state == OpportunityState.ACTIVE:
        return _by_deadline(mine, asked.after)
    return _newest_first(mine, asked.after)


def stage_counts(promoter: Promoter) -> list[tuple[str, int | None, int]]:
    """(state, stage, how many) of what is in the promoter's hands, which their capacity bounds. One query."""
    rows = Opportunity.objects.filter(owner=promoter, state__in=OWNED).order_by()
    return list(rows.values_list("state", "stage").annotate(Count("id")))


def chips(asked: Asked, counts: list[tuple[str, int | None, int]], stages: Sequence[Stage]) -> list[Chip]:
    """The filters of the list: all, each stage in the funnel's order, what waits for a decision, what was won."""
    active = {stage: number for state, stage, number in counts if state == OpportunityState.ACTIVE}
    waiting = sum(number for state, _of, number in counts if state == OpportunityState.EXIT)
    found = [
        Chip(
            name=_("Todas"),
            count=sum(active.values()),
            query="",
            chosen=asked.state == OpportunityState.ACTIVE and asked.stage is None,
        )
    ]
    found += [
        Chip(
            name=stage.name,
            count=active.get(stage.pk, 0),
            query=f"etapa={stage.pk}",
            colour=stage.colour,
            chosen=asked.stage == stage.pk,
        )
        for stage in stages
        if stage.type in WORKING and (stage.pk in active or asked.stage == stage.pk)
    ]
    for state, name, number in (
        (OpportunityState.EXIT, _("En la bandeja"), waiting),
        (OpportunityState.WON, _("Ganadas"), None),
    ):
        found.append(Chip(name=name, count=number, query=f"estado={state}", chosen=asked.state == state))
    return found


def _by_deadline(mine: OpportunityQuerySet, after: str) -> Page:
    """Clocks first, the next to expire on top; then those without one. Both walk the owner's index."""
    moment, last = _position(after)
    rows: list[Opportunity] = []
    if moment is not None or not last:
        clocked = mine.filter(deadline__isnull=False)
        if moment is not None:
            clocked = clocked.filter(Q(deadline__gt=moment) | Q(deadline=moment, id__gt=last))
        rows = list(clocked.order_by("deadline", "id")[: PAGE + 1])
        last = 0
    if len(rows) <= PAGE:
        rest = mine.filter(deadline__isnull=True, id__gt=last).order_by("id")
        rows += rest[: PAGE + 1 - len(rows)]
    return _cut(rows)


def _newest_first(mine: OpportunityQuerySet, after: str) -> Page:
    last = _position(after)[1]
    # None of them has a clock: saying so lets the index give them in order.
    older = mine.filter(deadline__isnull=True).order_by("-id")
    return _cut(list((older.filter(id__lt=last) if last else older)[: PAGE + 1]))


def _cut(rows: list[Opportunity]) -> Page:
    if len(rows) <= PAGE:
        return Page(rows=rows, after="")
    last = rows[PAGE - 1]
    moment = last.deadline.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if last.deadline else ""
    return Page(rows=rows[:PAGE], after=f"{moment}_{last.pk}")


def _position(after: str) -> tuple[dt.datetime | None, int]:
    moment, _line, last = after.partition("_")
    number = int(last) if last.isascii() and last.isdigit() and len(last) < 19 else 0
    try:
        return (parse_datetime(moment) if moment.endswith("Z") else None), number
    except ValueError:
        return None, number


def matching(search: str, *, region: str) -> Q:
    """By phone when it looks like one, however people write it; else every word somewhere in the name."""
    digits = _NOT_DIGITS.sub("", search)
    if _PHONE_LIKE.fullmatch(search) and len(digits) >= _FEWEST_DIGITS:
        phone = normalise(search, region)
        tail = phone.e164 if isinstance(phone, Phone) else digits.lstrip("0")
        return Q(Exists(ContactPoint.objects.filter(client=OuterRef("client"), normalised__contains=tail)))
    return has_words(search.split()[:_MOST_WORDS], prefix="client__")
