"""Who could receive work now: only those who are there, with what is left of their quota and what they have in hand."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection
from typing import Any, Final

from django import forms
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from opportunities.admin.base import promoters_by_name
from opportunities.capacity.availability import RECEIVES
from opportunities.capacity.usage import Usage, headroom, usage_of
from opportunities.models import Promoter

# A longer list helps nobody choose.
MOST: Final = 80


@dataclasses.dataclass(frozen=True, kw_only=True)
class Receiver:
    """One promoter today: how much more they can be given, by quota and by what they have in hand."""

    usage: Usage

    @property
    def promoter(self) -> Promoter:
        return self.usage.promoter

    @property
    def capacity(self) -> int:
        return self.promoter.most_active

    @property
    def left(self) -> int:
        return self.usage.can_get

    @property
    def full(self) -> bool:
        """Whether their hands are full, which no permission changes."""
        return not headroom(self.promoter, self.usage.active)


def receivers(
    user: User, *, first_teams: Collection[int], without: Collection[int] = (), now: dt.datetime
) -> list[Receiver]:
    """The available promoters of this person's teams: those of `first_teams` first, then whoever has most room.

    `without`: who has all of it already. Seven queries, however many there are.
    """
    rows = promoters_by_name(user).filter(RECEIVES).exclude(pk__in=without)
    nearby = list(rows.filter(desk__team__in=first_teams)[:MOST])
    others = rows.exclude(desk__team__in=first_teams)[: MOST - len(nearby)]
    there = [Receiver(usage=usage) for usage in usage_of([*nearby, *others], now=now) if usage.absence is None]
    return sorted(
        there,
        key=lambda one: (
            one.promoter.desk.team_id not in first_teams,
            one.promoter.desk.team.name,
            -one.left,
            one.usage.active,
            str(one.promoter),
        ),
    )


def proposed(found: Collection[Receiver], number: int, *, not_to: Collection[int | None]) -> Receiver | None:
    """Whoever of the first team has most room, if it is enough for so many and none of these is theirs already."""
    fit = [one for one in found if one.left >= number and one.promoter.pk not in not_to]
    return fit[0] if fit else None


# --- As a field -------------------------------------------------------------------------------------------------------


class ReceiverWidget(forms.RadioSelect):
    """Those without room can be seen and not chosen."""

    def __init__(self, closed: frozenset[str]) -> None:
        super().__init__()
        self.closed = closed

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.closed:
            option["attrs"]["disabled"] = True
        return option


def receiver_field(found: Collection[Receiver], *, over_quota: bool) -> forms.TypedChoiceField:
    """A choice among these. `over_quota`: whoever asks may choose one whose quota is used up, too."""
    closed = frozenset(str(one.promoter.pk) for one in found if one.full or (not one.left and not over_quota))
    by_team: dict[str, list[tuple[str, SafeString]]] = {}
    for one in found:
        by_team.setdefault(str(one.promoter.desk.team), []).append((str(one.promoter.pk), label(one)))
    choices: list[Any] = list(by_team.items())
    return forms.TypedChoiceField(
        label=_("¿A quién?"),
        choices=choices if len(by_team) > 1 else next(iter(by_team.values()), []),
        coerce=int,
        widget=ReceiverWidget(closed),
        help_text=_what_next(found, closed),
        error_messages={
            "required": _("Elige quién las recibe."),
            "invalid_choice": _("Esa persona ya no recibe asignaciones. Elige otra."),
        },
    )


def _what_next(found: Collection[Receiver], closed: Collection[str]) -> str | SafeString:
    """Where to go when nobody can be chosen."""
    if not found:
        return _("Nadie de tus equipos recibe asignaciones ahora.")
    if len(closed) < len(found):
        return ""
    return format_html(
        '{} <a class="lm-link" href="{}">{}</a>',
        _("Hoy nadie tiene lugar. Puedes dar más cupo a alguien:"),
        reverse("admin:opportunities_dailyquota_changelist"),
        _("ver los cupos"),
    )


def label(one: Receiver) -> SafeString:
    if one.full:
        room = _("sin lugar: tiene todas las que puede")
    elif not one.left:
        room = _("sin cupo hoy")
    else:
        room = _("puede recibir %(n)d") % {"n": one.left}
    return format_html(
        '<span class="lm-receiver"><b>{}</b><em class="{}">{}</em><span>{}{}</span><span>{}{}</span></span>',
        one.promoter,
        "lm-good-text" if one.left else "lm-none",
        room,
        _meter(one.usage.used, one.usage.limit),
        _("cupo de hoy %(used)d / %(limit)d") % {"used": one.usage.used, "limit": one.usage.limit},
        _meter(one.usage.active, one.capacity),
        _("activas %(active)d / %(capacity)d") % {"active": one.usage.active, "capacity": one.capacity},
    )


def _meter(part: int, whole: int) -> SafeString:
    percent = min(100, part * 100 // max(whole, 1))
    tone = "error" if percent >= 100 else "uncertain" if percent >= 80 else "brand"
    return format_html(
        '<svg class="lm-bar lm-bar-thin" aria-hidden="true"><rect class="lm-fill-{}" width="{}%" height="100%"/></svg>',
        tone,
        percent,
    )
