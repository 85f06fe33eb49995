"""The radar: what looks like gaming, drawn by promoter, and the lines of history behind each bar."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import User
from leadmaster.lib import screens
from leadmaster.lib.ids import parse_id
from opportunities.admin.base import promoters_by_name, require_supervisor_role
from opportunities.models import Promoter
from opportunities.queries.radar import Figure, Radar, behind, radar
from opportunities.scope import team_ids_of

PERIODS = (7, 30, 90)
_SHOWN = 100
_WHY = {
    Figure.FAST: gettext_lazy("Salieron a menos de 10 minutos de recibirlas: quizá nadie llegó a contactarlas."),
    Figure.LATE: gettext_lazy("Salieron en la última hora de atención del día: dejan lugar para el cupo de mañana."),
    Figure.KNOWN: gettext_lazy("Se captaron con un teléfono que el directorio ya tenía: no son clientes nuevos."),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bar:
    """One promoter in one figure: so many of so many."""

    promoter: Promoter
    count: int
    of: int
    url: str

    @property
    def percent(self) -> int:
        return round(self.count * 100 / self.of) if self.of else 0

    @property
    def drawn(self) -> SafeString:
        label = _("%(who)s: %(count)d de %(of)d") % {"who": self.promoter, "count": self.count, "of": self.of}
        # The rest is the bar's own ground: nobody at all should not look like everybody.
        parts: list[screens.Part] = [
            (_("Llamativas"), self.count, "uncertain"),
            (_("Las demás"), self.of - self.count, "rest"),
        ]
        return screens.stacked_bar(parts, label)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chart:
    figure: Figure
    why: str
    bars: Sequence[Bar]
    count: int
    of: int


def overview(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse:
    """A chart per figure, whoever has the most first."""
    user = require_supervisor_role(request)
    days = _days(request)
    return TemplateResponse(
        request,
        "admin/opportunities/radar.html",
        {**context, "title": _("Radar"), "days": days, "periods": PERIODS, "charts": charts(user, days)},
    )


def lines(request: HttpRequest, promoter: Promoter, figure: str, context: Mapping[str, Any]) -> HttpResponse:
    """What is behind one bar, each with its way to the opportunity."""
    user = require_supervisor_role(request)
    if figure not in Figure.values:
        raise Http404
    days, chosen = _days(request), Figure(figure)
    rows = behind(chosen, promoter.pk, team_ids_of(user), since=_since(days))
    events = rows.select_related("opportunity__client", "from_stage", "to_stage")[: _SHOWN + 1]
    return TemplateResponse(
        request,
        "admin/opportunities/radar_lines.html",
        {
            **context,
            "title": f"{chosen.label} · {promoter}",
            "why": _WHY[chosen],
            "promoter": promoter,
            "days": days,
            "events": list(events)[:_SHOWN],
            "more": len(events) > _SHOWN,
        },
    )


def charts(user: User, days: int) -> list[Chart]:
    found = {one.promoter_id: one for one in radar(team_ids_of(user), since=_since(days))}
    people = {promoter.pk: promoter for promoter in promoters_by_name(user).filter(pk__in=found)}
    return [_chart(figure, found, people, days) for figure in Figure]


def _chart(figure: Figure, found: Mapping[int, Radar], people: Mapping[int, Promoter], days: int) -> Chart:
    bars = []
    for pk, promoter in people.items():
        count, of = _numbers(figure, found[pk])
        if of:
            url = reverse("admin:opportunities_promoter_radar_lines", args=[pk, figure.value])
            bars.append(Bar(promoter=promoter, count=count, of=of, url=f"{url}?days={days}"))
    bars.sort(key=lambda bar: (-bar.count, -bar.percent, str(bar.promoter)))
    return Chart(
        figure=figure,
        why=str(_WHY[figure]),
        bars=bars,
        count=sum(bar.count for bar in bars),
        of=sum(bar.of for bar in bars),
    )


def _numbers(figure: Figure, one: Radar) -> tuple[int, int]:
    if figure is Figure.FAST:
        return one.fast_exits, one.exits
    if figure is Figure.LATE:
        return one.late_exits, one.exits
    return one.known_captures, one.captured


def _days(request: HttpRequest) -> int:
    days = parse_id(request.GET.get("days", ""))
    return days if days is not None and days in PERIODS else PERIODS[0]


def _since(days: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)
