"""A promoter's list: what expires first comes first, a page at a time, without counting the rest."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from leadmaster.directory.enums import ContactKind
from leadmaster.directory.models import ContactPoint
from leadmaster.directory.names import has_words
from leadmaster.lib.phones.parsing import Phone, normalise
from opportunities.enums import OWNED, WORKING, OpportunityState
from opportunities.models import Opportunity, Promoter, SavedFilter, Stage
from opportunities.querysets import OpportunityQuerySet

PAGE: Final = 30
_LONGEST_SEARCH: Final = 80
_LONGEST_POSITION: Final = 60
_MOST_WORDS: Final = 5
_FEWEST_DIGITS: Final = 3
_NOT_DIGITS = re.compile(r"[^0-9]")
_PHONE_LIKE = re.compile(r"[+0-9 ().\-/]+")
_NUMBER = re.compile(r"#([0-9]{1,18})")
_DIALLED_BEFORE: Final = {"AR": re.compile(r"^15(?=[0-9]{4})"), "MX": re.compile(r"^4[45](?=[0-9]{4})")}
_AREA = re.compile(r"^54([1-8])")
_OLD_MOBILE = re.compile(r"^521")
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
            after=raw.get("despues", "")[:_LONGEST_POSITION],
        )

    @property
    def query(self) -> str:
        """The same as an address says it: empty for the list as it opens."""
        return urlencode({name: word for name, word in self.words.items() if word})

    @property
    def words(self) -> dict[str, str]:
        """Each part by the name that it has in an address."""
        return {
            "estado": "" if self.state == OpportunityState.ACTIVE else self.state.value,
            "etapa": "" if self.stage is None else str(self.stage),
            "q": self.search,
            "despues": self.after,
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The opportunities before and after one in a list; None at its ends."""

    before: int | None
    after: int | None


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
    mine = _asked_for(rows, promoter, asked, region=region)
    if asked.state == OpportunityState.ACTIVE:
        return _by_deadline(mine, asked.after)
    return _newest_first(mine, asked.after)


def neighbours(row: Opportunity, promoter: Promoter, asked: Asked, *, region: str) -> Neighbours:
    """Of this row in that list, by where it stands now: what was moved has another place. At most four queries."""
    mine = _asked_for(Opportunity.objects.all(), promoter, asked, region=region)
    clocked = mine.filter(deadline__isnull=False).order_by("deadline", "id")
    clockless = mine.filter(deadline__isnull=True).order_by("id")
    if asked.state != OpportunityState.ACTIVE:
        newer, older = clockless.filter(id__gt=row.pk), clockless.filter(id__lt=row.pk).reverse()
        return Neighbours(before=_first(newer), after=_first(older))
    if row.deadline is None:
        before = _first(clockless.filter(id__lt=row.pk).reverse()) or _first(clocked.reverse())
        return Neighbours(before=before, after=_first(clockless.filter(id__gt=row.pk)))
    same = Q(deadline=row.deadline)
    earlier = clocked.filter(Q(deadline__lt=row.deadline) | (same & Q(id__lt=row.pk))).reverse()
    later = clocked.filter(Q(deadline__gt=row.deadline) | (same & Q(id__gt=row.pk)))
    return Neighbours(before=_first(earlier), after=_first(later) or _first(clockless))


def _asked_for(rows: OpportunityQuerySet, promoter: Promoter, asked: Asked, *, region: str) -> OpportunityQuerySet:
    mine = rows.filter(owner=promoter, state=asked.state)
    if asked.stage is not None:
        mine = mine.filter(stage=asked.stage)
    return mine.filter(matching(asked.search, region=region)) if asked.search else mine


def _first(rows: OpportunityQuerySet) -> int | None:
    return rows.values_list("pk", flat=True).first()


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


def of_saved(saved: Iterable[SavedFilter], asked: Asked) -> list[Chip]:
    """Saved filters as chips; what the funnel has no longer is left out."""
    wanted = {
        one: Asked(state=OpportunityState(one.listed_state), stage=one.stage_id, search=one.search) for one in saved
    }
    now = dataclasses.replace(asked, after="")
    return [
        Chip(name=one.name, count=None, query=asks.query, chosen=asks == now)
        for one, asks in wanted.items()
        if not one.is_gone
    ]


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
    """Rows whose client every word fits: a part of the name, of a phone however it was typed, of a mail, or `#` and the
    opportunity's own number. Digits beside other words may be of either."""
    text = search.strip()
    if _PHONE_LIKE.fullmatch(text) and _digits(text):
        # Signs and spaces inside one number part no words.
        return _with_phone(text, region=region)
    found = Q()
    for word in text.split()[:_MOST_WORDS]:
        found &= _fitting(word, region=region)
    return found


def _fitting(word: str, *, region: str) -> Q:
    number = _NUMBER.fullmatch(word)
    if number:
        return Q(pk=int(number[1]))
    if "@" in word:
        return _with_contact(Q(kind=ContactKind.EMAIL, normalised__contains=word.lower()))
    if _PHONE_LIKE.fullmatch(word) and _digits(word):
        # Shops are called by numbers too.
        return _with_phone(word, region=region) | has_words([word], prefix="client__")
    return has_words([word], prefix="client__")


def _digits(text: str) -> str:
    """Empty for so few that they are no part of a phone worth looking for."""
    digits = _NOT_DIGITS.sub("", text)
    return digits if len(digits) >= _FEWEST_DIGITS else ""


def _with_phone(text: str, *, region: str) -> Q:
    found = Q()
    for part in _readings(text, region=region):
        found |= Q(normalised__contains=part)
    return _with_contact(Q(kind=ContactKind.PHONE) & found)


def _readings(text: str, *, region: str) -> set[str]:
    """The digits that are kept of what somebody typed, whole number or part of one: without what is dialled before it
    (0, 00, 15, 044, 045), with Argentina's 9 behind the country and without Mexico's 1."""
    phone = normalise(text, region)
    if isinstance(phone, Phone):
        return {phone.e164}
    bare = _digits(text).lstrip("0")
    readings = {bare, _DIALLED_BEFORE[region].sub("", bare) if region in _DIALLED_BEFORE else bare}
    readings |= {_AREA.sub(r"549\1", bare), _OLD_MOBILE.sub("52", bare)}
    return {reading for reading in readings if len(reading) >= _FEWEST_DIGITS} or {_digits(text)}


def _with_contact(of_it: Q) -> Q:
    return Q(Exists(ContactPoint.objects.filter(of_it, client=OuterRef("client"))))
