"""Results as pictures, each with the table behind it. For the supervisors' page."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.http import QueryDict
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import User
from leadmaster.lib import screens
from leadmaster.lib.charts import Column, columns
from leadmaster.lib.periods import last_days
from leadmaster.lib.screens import Part
from opportunities.enums import ContactChannel, ContactOutcome
from opportunities.results import asking, table
from opportunities.results.asking import MOST_DAYS, Asked, NotUnderstood
from opportunities.results.figures import By, Figures
from opportunities.results.report import Report, Row, report

TABS: Final[Mapping[By, Promise]] = {
    By.PROMOTER: gettext_lazy("Por promotor"),
    By.TEAM: gettext_lazy("Por equipo"),
    By.CAMPAIGN: gettext_lazy("Por campaña"),
    By.ASKED: gettext_lazy("Por filtro del lote"),
    By.WEEK: gettext_lazy("Por semana"),
}
_FILTERS: Final[Mapping[str, Promise]] = {
    "team": gettext_lazy("Equipo"),
    "promoter": gettext_lazy("Promotor"),
    "campaign": gettext_lazy("Campaña"),
    "asked": gettext_lazy("Filtro del lote"),
}
_FIELDS: Final = {By.PROMOTER: "promoter", By.TEAM: "team", By.CAMPAIGN: "campaign", By.ASKED: "asked"}
_SHORT: Final = (7, 30, 90, 365)
_SHOWN: Final = 20
_HOUR: Final = 60


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tile:
    """A figure, what it is beside, and how it went against the period before: better, worse, or neither."""

    name: str
    icon: str
    value: str
    beside: str = ""
    change: str = ""
    tone: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bar:
    name: str
    url: str
    drawn: SafeString
    told: str


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
            Choice(name=str(_FILTERS[name]), value=value, without=_url({**base, name: None}))
            for name, value in asked.names.items()
        ],
        "kept": {name: value for name, value in base.items() if name not in ("since", "until")},
        "tabs": [(str(title), _url({**base, "by": by.value}), by is asked.by) for by, title in TABS.items()],
    }
    return shown if refused else {**shown, **_counted(report(asked), base)}


def minutes(value: int | None) -> str:
    """`7 min`, `2 h 5 min`; a dash where nobody answered anything."""
    if value is None:
        return "—"
    hours, rest = divmod(value, _HOUR)
    if not hours:
        return _("%(n)d min") % {"n": rest}
    return _("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}


def money(amounts: Mapping[str, Any]) -> str:
    """`ARS 48.500 · MXN 1.200`; empty without any."""
    return " · ".join(
        f"{currency} {number_format(amount, 0 if amount == int(amount) else 2, force_grouping=True)}"
        for currency, amount in sorted(amounts.items())
    )


# --- Private ---------------------------------------------------------------------------------------------------------


def _counted(found: Report, base: Mapping[str, str]) -> dict[str, Any]:
    head, *body = list(table.rows(found))
    return {
        "found": found,
        "tiles": _tiles(found),
        "sales_by_week": columns(
            [_column(monday, [(_("Ventas"), one.sales, "read")]) for monday, one in found.weeks],
            _("Ventas de cada semana"),
        ),
        "sends_by_week": columns(
            [_column(monday, _sent_parts(one)) for monday, one in found.weeks], _("Envíos de cada semana")
        ),
        "sent_legend": [(name, fill) for name, _count, fill in _sent_parts(Figures())],
        "funnel": _funnel(found),
        "contacts": _contacts(found.total),
        "bars": _bars(found, base),
        "left_off": max(0, len(found.rows) - _SHOWN),
        "head": head,
        "body": body,
        "query": _url(base),
        "by_title": str(TABS[found.asked.by]),
    }


def _tiles(found: Report) -> list[Tile]:
    now, before = found.total, found.before
    corrections = [
        _("corregidas %(n)d") % {"n": now.corrected} if now.corrected else "",
        _("anuladas %(n)d") % {"n": now.annulled} if now.annulled else "",
    ]
    beside = " · ".join(filter(None, [money(now.amounts), *corrections]))
    return [
        _tile(_("Ventas"), "sell", now.sales, before.sales, beside=beside),
        Tile(
            name=_("Conversión"),
            icon="percent",
            value=f"{number_format(now.conversion * 100, 1)} %",
            beside=_("de %(n)d recibidas") % {"n": now.taken},
            **_against(now.conversion, before.conversion),
        ),
        _tile(
            _("Contactos"), "call", now.contacted, before.contacted, beside=_("atendieron %(n)d") % {"n": now.reached}
        ),
        _tile(_("Respuestas recibidas"), "forum", now.replies, before.replies),
        Tile(
            name=_("Hasta contestar"),
            icon="timer",
            value=minutes(now.median),
            beside=_("9 de 10 antes de %(time)s") % {"time": minutes(now.ninth_tenth)} if now.answers else "",
            **_against(now.median or 0, before.median or 0, less_is_better=True),
        ),
        _tile(
            _("Enviados"),
            "outgoing_mail",
            now.sent,
            before.sent,
            beside=_("entregados %(delivered)d, leídos %(read)d") % {"delivered": now.delivered, "read": now.read},
        ),
        _tile(_("Bajas"), "notifications_off", now.opt_outs, before.opt_outs, less_is_better=True),
    ]


def _tile(name: str, icon: str, now: int, before: int, *, beside: str = "", less_is_better: bool = False) -> Tile:
    value = number_format(now, force_grouping=True)
    return Tile(
        name=name, icon=icon, value=value, beside=beside, **_against(now, before, less_is_better=less_is_better)
    )


def _against(now: float, before: float, *, less_is_better: bool = False) -> dict[str, str]:
    """How much more or less than before, in words that a change of colour only repeats."""
    if not before or now == before:
        return {"change": _("igual que antes") if now == before and now else "", "tone": ""}
    percent = round((now - before) * 100 / before)
    better = (now < before) if less_is_better else (now > before)
    told = _("%(percent)d %% más que antes") if percent > 0 else _("%(percent)d %% menos que antes")
    return {"change": told % {"percent": abs(percent)}, "tone": "good" if better else "bad"}


def _column(monday: dt.date, parts: Sequence[Part]) -> Column:
    return Column(name=screens.short_date(monday, "j M"), parts=parts)


def _sent_parts(one: Figures) -> list[Part]:
    return [
        (_("Leídos"), one.read, "read"),
        (_("Entregados"), one.delivered - one.read, "delivered"),
        (_("Sin acuse de entrega"), one.sent - one.delivered, "sent"),
        (_("Errores"), one.errors, "error"),
    ]


def _funnel(found: Report) -> list[Bar]:
    """Each stage to scale, against what was taken."""
    entered = found.total.stages
    most = max([found.total.taken, *entered.values()], default=0)
    steps = [(_("Recibidas"), found.total.taken)]
    steps += [(stage.name, entered[stage.pk]) for stage in found.stages]
    return [
        Bar(
            name=name,
            url="",
            drawn=_drawn(name, number, most, "brand"),
            told=_("%(n)d · %(percent)d %%")
            % {"n": number, "percent": round(number * 100 / found.total.taken) if found.total.taken else 0},
        )
        for name, number in steps
    ]


def _contacts(one: Figures) -> list[Bar]:
    most = max(one.contacts.values(), default=0)
    rows = []
    for (channel, outcome), number in one.contacts.most_common():
        name = f"{ContactChannel(channel).label}: {ContactOutcome(outcome).label}"
        rows.append(Bar(name=name, url="", drawn=_drawn(name, number, most, "delivered"), told=str(number)))
    return rows


def _bars(found: Report, base: Mapping[str, str]) -> list[Bar]:
    shown = found.rows[:_SHOWN]
    by_sales = any(row.figures.sales for row in found.rows)
    numbers = [row.figures.sales if by_sales else row.figures.sent for row in shown]
    most = max(numbers, default=0)
    return [
        Bar(
            name=_name(row, found.asked.by),
            url=_url({**base, _FIELDS[found.asked.by]: _value(row, found.asked.by)}) if _leads(row, found) else "",
            drawn=_drawn(row.name, number, most, "read"),
            told=_told(row.figures),
        )
        for row, number in zip(shown, numbers, strict=True)
    ]


def _leads(row: Row, found: Report) -> bool:
    return found.asked.by is By.ASKED or row.id is not None


def _value(row: Row, by: By) -> str:
    if by is By.ASKED:
        return "" if row.name == _("Sin filtros") else row.name
    return str(row.id)


def _name(row: Row, by: By) -> str:
    if by is not By.WEEK:
        return row.name
    return _("Semana del %(day)s") % {"day": screens.short_date(dt.date.fromisoformat(row.name), "j M")}


def _told(one: Figures) -> str:
    parts = [_("ventas %(n)d") % {"n": one.sales}] if one.sales or one.taken else []
    if one.taken:
        parts.append(f"{number_format(one.conversion * 100, 0)} %")
    if one.sent:
        parts.append(_("enviados %(n)d") % {"n": one.sent})
    if one.median is not None:
        parts.append(_("contesta en %(time)s") % {"time": minutes(one.median)})
    return " · ".join(parts) or _("contactos %(n)d") % {"n": one.contacted}


def _drawn(name: str, number: int, most: int, fill: screens.Fill) -> SafeString:
    parts: list[Part] = [(name, number, fill), (_("Hasta el mayor"), most - number, "rest")]
    return screens.stacked_bar(parts, f"{name}: {number}")


def _field(name: str) -> str:
    words = {"since": _("Desde"), "until": _("Hasta"), "by": _("Por")}
    return str(words.get(name) or _FILTERS.get(name) or name)


def _base(asked: Asked) -> dict[str, str]:
    return {
        "since": asked.period.first.isoformat(),
        "until": asked.period.last.isoformat(),
        "by": asked.by.value,
        **asked.chosen,
    }


def _period_url(base: Mapping[str, str], asked: Asked, days: int, now: dt.datetime) -> str:
    period = last_days(days, zone=asked.period.zone, now=now)
    return _url({**base, "since": period.first.isoformat(), "until": period.last.isoformat()})


def _url(words: Mapping[str, str | None]) -> str:
    """An empty filter of a lot is a filter: those that were asked for without any."""
    query = QueryDict(mutable=True)
    query.update({name: value for name, value in words.items() if value or (name == "asked" and value is not None)})
    return f"?{query.urlencode()}"
