"""The page between a change of hours or timers and its writing: which open deadlines move, whose, and by how much."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadmaster.calendars.preview import Move, Rehearsal
from leadmaster.lib import screens
from opportunities import badges
from opportunities.admin.base import team_ids_in
from opportunities.models import Opportunity, Promoter
from opportunities.timers.recalculation import Applied

# The field that says which rehearsal was read. What it stands for changed since: it is shown again.
AGREED = "rehearsed"
_SAMPLE = 25
_PEOPLE = 30
_CHUNK = 500
_NOT_CARRIED = ("csrfmiddlewaretoken", AGREED)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """One deadline that moves."""

    row: Opportunity
    move: Move[int]

    @property
    def shift(self) -> str:
        return said(self.move.shift)

    @property
    def before(self) -> SafeString:
        return screens.when(self.move.before, timezone.now(), tz=badges.desk_zone(self.row))

    @property
    def after(self) -> SafeString:
        return screens.when(self.move.after, timezone.now(), tz=badges.desk_zone(self.row))

    @property
    def tone(self) -> str:
        return "bad" if self.move.shift < dt.timedelta() else "good"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Person:
    """What it does to one promoter."""

    promoter: Promoter
    earlier: int
    later: int

    @property
    def bar(self) -> SafeString:
        parts: list[screens.Part] = [
            (_("Vencen antes"), self.earlier, "error"),
            (_("Vencen después"), self.later, "sent"),
        ]
        return screens.stacked_bar(parts, _("Plazos de %(who)s") % {"who": self.promoter})


def was_read(request: HttpRequest, mark: str) -> bool:
    """Whether the person saw the rehearsal of this very change."""
    return request.POST.get(AGREED) == mark


def page(
    request: HttpRequest,
    rehearsal: Rehearsal[int],
    *,
    mark: str,
    title: str,
    back: str,
    context: Mapping[str, Any],
    facts: Sequence[tuple[str, int]] = (),
) -> TemplateResponse:
    """What was sent is carried along and comes again with `mark`, when the person agrees."""
    carried = [(name, value) for name, values in request.POST.lists() for value in values if name not in _NOT_CARRIED]
    numbers = [
        (_("Plazos que se mueven"), len(rehearsal.moves)),
        (_("Vencen antes"), rehearsal.earlier),
        (_("Vencen después"), rehearsal.later),
        *((label, number) for label, number in facts if number),
    ]
    extremes = [
        (_("Quien más pierde"), said(-rehearsal.lost) if rehearsal.lost else ""),
        (_("Quien más gana"), said(rehearsal.gained) if rehearsal.gained else ""),
    ]
    return TemplateResponse(
        request,
        "admin/opportunities/rehearsal.html",
        {
            **context,
            "title": title,
            "back": back,
            "carried": [*carried, (AGREED, mark)],
            "numbers": numbers,
            "extremes": [(label, text) for label, text in extremes if text],
            "lines": _lines(rehearsal.moves[:_SAMPLE], team_ids_in(request)),
            "more": max(len(rehearsal.moves) - _SAMPLE, 0),
            "people": _people(rehearsal.moves, team_ids_in(request))[:_PEOPLE],
        },
    )


def tell(request: HttpRequest, retimed: Applied) -> None:
    """What the change did to open clocks, and what it is still doing."""
    if retimed.moved:
        messages.success(request, moved_sentence(retimed.moved))
    if retimed.waiting:
        messages.warning(
            request,
            ngettext(
                "Falta mover %(n)d plazo: sigue solo, en segundo plano. Nadie pierde nada por el plazo anterior.",
                "Faltan mover %(n)d plazos: siguen solos, en segundo plano. Nadie pierde nada por el plazo anterior.",
                retimed.waiting,
            )
            % {"n": retimed.waiting},
        )


def moved_sentence(moved: int) -> str:
    return ngettext("Se movió %(n)d plazo abierto.", "Se movieron %(n)d plazos abiertos.", moved) % {"n": moved}


def said(shift: dt.timedelta) -> str:
    """`2 d 3 h después`, `30 min antes`."""
    minutes = round(abs(shift).total_seconds() / 60)
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{number} {unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if number]
    time = " ".join(parts) or _("menos de 1 min")
    return (_("%(time)s antes") if shift < dt.timedelta() else _("%(time)s después")) % {"time": time}


def _lines(moves: Iterable[Move[int]], teams: Collection[int]) -> list[Line]:
    """Read through the teams of whoever looks: one that changed teams in between is not told."""
    shown = {move.id: move for move in moves}
    rows = (
        Opportunity.objects.filter(team_id__in=teams)
        .select_related("client", "owner__user", "stage", "team__desk__calendar")
        .in_bulk(list(shown))
    )
    return [Line(row=rows[pk], move=move) for pk, move in shown.items() if pk in rows]


def _people(moves: Sequence[Move[int]], teams: Collection[int]) -> list[Person]:
    """Who gains and who loses, whoever has the most first. A query per few hundred moves."""
    counts: dict[int, list[int]] = {}
    for start in range(0, len(moves), _CHUNK):
        some = {move.id: move for move in moves[start : start + _CHUNK]}
        owners = (
            Opportunity.objects.filter(pk__in=list(some), team_id__in=teams).order_by().values_list("id", "owner_id")
        )
        for pk, owner_id in owners:
            if owner_id is not None:
                earlier_later = counts.setdefault(owner_id, [0, 0])
                earlier_later[some[pk].shift > dt.timedelta()] += 1
    promoters = Promoter.objects.select_related("user").in_bulk(list(counts))
    people = [Person(promoter=promoters[pk], earlier=earlier, later=later) for pk, (earlier, later) in counts.items()]
    return sorted(people, key=lambda person: (-person.earlier, -person.later, str(person.promoter)))
