"""The figures as pictures, each bar with its way to what is behind it. For the supervisors' page and the promoters'."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.statistics import asking
from campaigns.statistics.asking import Asked, NotUnderstood
from campaigns.statistics.sends import MOST_DAYS, By, Figures, Row, Sends, sends
from leadmaster.accounts.models import User
from leadmaster.lib import screens
from leadmaster.lib.charts import Column, columns
from leadmaster.lib.periods import last_days
from leadmaster.lib.screens import Fill, Part

TITLES: Final[Mapping[By, Promise]] = {
    By.SESSION: gettext_lazy("Por línea"),
    By.OWNER: gettext_lazy("Por promotor"),
    By.CAMPAIGN: gettext_lazy("Por campaña"),
}
_FILTERS: Final[Mapping[str, Promise]] = {
    "campaign": gettext_lazy("Campaña"),
    "session": gettext_lazy("Línea"),
    "owner": gettext_lazy("Promotor"),
    "team": gettext_lazy("Equipo"),
}
_SHORT = (1, 7, 30, 90)
# Of each group; all of them are in the file.
_SHOWN = 15


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bar:
    """One of a group, drawn against the longest of it. `url` asks for it alone."""

    row: Row
    drawn: SafeString
    url: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Group:
    by: By
    title: str
    bars: Sequence[Bar]
    left_off: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """A filter that is on, and the address without it."""

    name: str
    value: str
    without: str


def context(query: Mapping[str, str], *, user: User, now: dt.datetime) -> dict[str, Any]:
    """Everything the page shows. What was not understood is told, and nothing is counted."""
    refused = ""
    try:
        asking.read_by(query)
        asked = asking.read(query, user=user, now=now)
    except NotUnderstood as refusal:
        asked = asking.usual(user, now=now)
        refused = _("%(field)s: %(why)s") % {"field": _field(refusal.field), "why": refusal}
    base = _base(asked)
    shown: dict[str, Any] = {
        "asked": asked,
        "refused": refused,
        "most_days": MOST_DAYS,
        "short": [(days, _period_url(base, asked, days, now)) for days in _SHORT],
        "choices": [
            Choice(name=str(_FILTERS[name]), value=value, without=_url({**base, name: ""}))
            for name, value in asked.names.items()
        ],
        "kept": {name: value for name, value in base.items() if name in _FILTERS},
        "legend": [(name, fill) for name, _count, fill in _parts(Figures())],
    }
    return shown if refused else {**shown, **_counted(user, asked, base)}


# --- Private ---------------------------------------------------------------------------------------------------------


def _field(name: str) -> str:
    dates = {"since": _("Desde"), "until": _("Hasta")}
    return str(dates.get(name) or _FILTERS.get(name) or name)


def _counted(user: User, asked: Asked, base: Mapping[str, str]) -> dict[str, Any]:
    sent = sends(user, asked.period, asked.wanted)
    days = sent.rows[By.DAY]
    drawn = [
        Column(name=screens.short_date(dt.date.fromisoformat(row.name), "j M"), parts=_parts(row.figures))
        for row in days
    ]
    return {
        "sends": sent,
        "over_time": columns(drawn, _("Envíos de cada día")),
        "groups": [_group(by, sent, base) for by in TITLES],
        "days": [(dt.date.fromisoformat(row.name), row.figures) for row in days],
        "files": [(title, _url({**base, "by": by.value})) for by, title in ((By.DAY, _("Por día")), *TITLES.items())],
    }


def _group(by: By, sent: Sends, base: Mapping[str, str]) -> Group:
    rows = sent.rows[by]
    longest = max((row.figures.total for row in rows), default=0)
    bars = []
    for row in rows[:_SHOWN]:
        rest: Part = (_("Las demás"), longest - row.figures.total, "rest")
        drawn = screens.stacked_bar([*_parts(row.figures), rest], _told(row))
        bars.append(Bar(row=row, drawn=drawn, url=_url({**base, by.value: str(row.id)})))
    return Group(by=by, title=str(TITLES[by]), bars=bars, left_off=max(0, len(rows) - _SHOWN))


def _told(row: Row) -> str:
    return _("%(name)s: %(sent)d enviados, %(errors)d errores") % {
        "name": row.name,
        "sent": row.figures.sent,
        "errors": row.figures.errors,
    }


def _parts(one: Figures) -> list[Part]:
    """Each message in the furthest place that it reached."""
    steps: list[tuple[str, int, Fill]] = [
        (_("Leídos"), one.read, "read"),
        (_("Entregados"), one.delivered - one.read, "delivered"),
        (_("En el servidor"), one.server - one.delivered, "server"),
        (_("Sin acuse"), one.sent - one.server, "sent"),
        (_("Errores"), one.errors, "error"),
        (_("A mano"), one.by_hand, "by-hand"),
        (_("Históricos"), one.historical, "historical"),
    ]
    return list(steps)


def _base(asked: Asked) -> dict[str, str]:
    chosen = dataclasses.asdict(asked.wanted)
    return {
        "since": asked.period.first.isoformat(),
        "until": asked.period.last.isoformat(),
        **{name: str(pk) for name, pk in chosen.items() if pk is not None},
    }


def _period_url(base: Mapping[str, str], asked: Asked, days: int, now: dt.datetime) -> str:
    period = last_days(days, zone=asked.period.zone, now=now)
    return _url({**base, "since": period.first.isoformat(), "until": period.last.isoformat()})


def _url(words: Mapping[str, str]) -> str:
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in words.items() if value})
    return f"?{query.urlencode()}"
