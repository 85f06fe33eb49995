"""Small pieces of every screen: states as badges, times as people say them, shares as bars."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Iterable
from typing import Literal, TypeAlias

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

Tone: TypeAlias = Literal["neutral", "info", "good", "warn", "bad"]
# The colours of bars, each a class of the style sheet.
Fill: TypeAlias = Literal[
    "brand", "by-hand", "cancelled", "delivered", "error", "historical", "pending", "read", "rest", "sending", "sent", "server", "uncertain"
]  # fmt: skip
Text: TypeAlias = str | Promise
# One part of a bar: its name, how many, its colour.
Part: TypeAlias = tuple[Text, int, Fill]

_MINUTE = 60
_HOUR = 3600


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """One part of a bar. `percent` is of the whole bar."""

    name: str
    count: int
    percent: float
    tone: Fill


def badge(text: Text, tone: Tone = "neutral") -> SafeString:
    return format_html('<span class="lm-badge lm-{}">{}</span>', tone, text)


def seconds(value: float) -> str:
    """A duration with one decimal, as the reader's language writes it."""
    return f"{number_format(value, 1)} s"


def when(moment: dt.datetime | None, now: dt.datetime, *, tz: dt.tzinfo | None = None) -> SafeString:
    """The moment as people say it, with the exact one on hover. A dash when there is none."""
    if moment is None:
        return format_html('<span class="lm-none">{}</span>', "—")
    local = moment.astimezone(tz) if tz is not None else timezone.localtime(moment)
    exact = f"{_whole_day(local.date(), get_language())}, {local:%H:%M:%S} ({local.tzinfo})"
    words = spoken(moment, now, tz=tz)
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, words)


def spoken(moment: dt.datetime, now: dt.datetime, *, tz: dt.tzinfo | None = None) -> str:
    """`hace 5 min`, `en 2 min`, `hoy 14:30`, `ayer 09:00`, `3 mar 14:30`; minutes are whole ones, as everywhere."""
    seconds = (moment - now).total_seconds()
    if abs(seconds) < _MINUTE:
        return _("hace instantes") if seconds <= 0 else _("en instantes")
    if abs(seconds) >= _HOUR:
        return clock_time(moment, now, tz=tz)
    minutes = int(abs(seconds) // _MINUTE)
    form = (
        ngettext("hace %(n)d min", "hace %(n)d min", minutes)
        if seconds < 0
        else ngettext("en %(n)d min", "en %(n)d min", minutes)
    )
    return form % {"n": minutes}


def age(since: dt.datetime, now: dt.datetime) -> str:
    """`3 d`, `5 h`, `12 min`, `instantes`: how long something has been waiting."""
    minutes = max(int((now - since).total_seconds()), 0) // _MINUTE
    if minutes >= 24 * 60:
        return _("%(n)d d") % {"n": minutes // (24 * 60)}
    if minutes >= 60:
        return _("%(n)d h") % {"n": minutes // 60}
    return _("%(n)d min") % {"n": minutes} if minutes else _("instantes")


def clock_time(moment: dt.datetime, now: dt.datetime, *, tz: dt.tzinfo | None = None) -> str:
    """`hoy 14:30` in `tz`, with the viewer's hour beside it where they differ; without `tz`, in the viewer's zone."""
    own = timezone.localtime(moment)
    if tz is None or moment.astimezone(tz).utcoffset() == own.utcoffset():
        return f"{_day(own, timezone.localtime(now))} {own:%H:%M}"
    there = moment.astimezone(tz)
    theirs = f"{own:%H:%M}" if own.date() == there.date() else f"{_day(own, timezone.localtime(now))} {own:%H:%M}"
    return _("%(there)s (%(here)s en tu hora)") % {
        "there": f"{_day(there, now.astimezone(tz))} {there:%H:%M}",
        "here": theirs,
    }


def hour(moment: dt.datetime, *, tz: dt.tzinfo) -> str:
    """`14:30` in `tz`, with the viewer's hour beside it where they differ."""
    there, own = moment.astimezone(tz), timezone.localtime(moment)
    if there.utcoffset() == own.utcoffset():
        return f"{there:%H:%M}"
    return _("%(there)s (%(here)s en tu hora)") % {"there": f"{there:%H:%M}", "here": f"{own:%H:%M}"}


def _day(local: dt.datetime, today: dt.datetime) -> str:
    days = (local.date() - today.date()).days
    near = {0: _("hoy"), -1: _("ayer"), 1: _("mañana")}.get(days)
    return near or short_date(local, "j M" if local.year == today.year else "j M Y")


@functools.lru_cache(maxsize=1_000)
def _whole_day(day: dt.date, _language: str | None) -> str:
    """`domingo 22 noviembre 2026`. Lists ask for the same few days again and again, and words for days cost most."""
    return date_format(day, "l j F Y")


def short_date(day: dt.date, pattern: str) -> str:
    """A date as people write it: Spanish gives days and months no capital, English does."""
    text = date_format(day, pattern)
    return text if (get_language() or "").startswith("en") else text.lower()


def shares(parts: Iterable[Part]) -> list[Share]:
    """(name, count, tone) of each part, with its percentage; parts of nothing are left out."""
    kept = [(str(name), count, tone) for name, count, tone in parts if count]
    total = sum(count for _name, count, _tone in kept)
    return [Share(name, count, count * 100 / total, tone) for name, count, tone in kept]


def stacked_bar(parts: Iterable[Part], label: str) -> SafeString:
    """The parts side by side in one bar, drawn as SVG: no style attributes, so the strictest CSP lets it through."""
    rows = []
    left = 0.0
    for share in shares(parts):
        rows.append((f"lm-fill-{share.tone}", f"{left:.3f}", f"{share.percent:.3f}", share.name, share.count))
        left += share.percent
    rects = format_html_join(
        "",
        '<rect class="{}" x="{}%" width="{}%" height="100%"><title>{}: {}</title></rect>',
        rows,
    )
    return format_html('<svg class="lm-bar" role="img" aria-label="{}">{}</svg>', label, rects)
