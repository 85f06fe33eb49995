"""Who could receive work now: only those who are there, with what is left of their quota and what they have in hand."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from django import forms
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadmaster.accounts.models import User
from opportunities.admin.base import promoters_by_name
from opportunities.capacity.availability import RECEIVES
from opportunities.capacity.usage import Usage, headroom, usage_of
from opportunities.enums import Concern
from opportunities.models import Opportunity, Promoter
from opportunities.supervision import sharing

# A longer list helps nobody choose.
MOST: Final = 80


@dataclasses.dataclass(frozen=True, kw_only=True)
class Receiver:
    """One promoter today: how much more they can be given, by quota and by what they have in hand.

    `concerns`: against how many of the rows in question each of them speaks, if they got them.
    """

    usage: Usage
    concerns: Mapping[Concern, int] = dataclasses.field(default_factory=dict)

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
    user: User, rows_to_give: Sequence[Opportunity], *, without: Collection[int] = (), now: dt.datetime
) -> list[Receiver]:
    """The available promoters of this person's teams: those of the rows' teams first, then whoever has most room.

    `without`: who has all of it already. Some twelve queries, however many there are.
    """
    first_teams = {row.team_id for row in rows_to_give}
    rows = promoters_by_name(user).filter(RECEIVES).exclude(pk__in=without)
    nearby = list(rows.filter(desk__team__in=first_teams)[:MOST])
    others = rows.exclude(desk__team__in=first_teams)[: MOST - len(nearby)]
    there = [usage for usage in usage_of([*nearby, *others], now=now) if usage.absence is None]
    against: dict[int, Counter[Concern]] = {usage.promoter.pk: Counter() for usage in there}
    found = sharing.concerns(rows_to_give, [usage.promoter for usage in there], now=now)
    for (_row, promoter), some in found.items():
        against[promoter].update(some)
    return sorted(
        (Receiver(usage=usage, concerns=against[usage.promoter.pk]) for usage in there),
        key=lambda one: (
            one.promoter.desk.team_id not in first_teams,
            one.promoter.desk.team.name,
            -one.left,
            one.usage.active,
            str(one.promoter),
        ),
    )


def proposed(found: Collection[Receiver], number: int, *, not_to: Collection[int | None]) -> Receiver | None:
    """Whoever of the first team has most room, if it is enough for so many, none of these is theirs already and
    nothing speaks against it."""
    fit = [one for one in found if one.left >= number and one.promoter.pk not in not_to and not one.concerns]
    return fit[0] if fit else None


# --- As a field -------------------------------------------------------------------------------------------------------


class _ClosedOptions(forms.widgets.ChoiceWidget):
    """Those without room can be seen and not chosen."""

    def __init__(self, closed: frozenset[str]) -> None:
        super().__init__()
        self.closed = closed

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.closed:
            option["attrs"]["disabled"] = True
        return option


class OneReceiver(_ClosedOptions, forms.RadioSelect):
    """Whom it takes is told as a list of one, as by those who choose several."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return forms.CheckboxSelectMultiple().value_from_datadict(data, files, name) or []


class Receivers(_ClosedOptions, forms.CheckboxSelectMultiple):
    pass


def receiver_field(found: Collection[Receiver], *, number: int, over_quota: bool) -> forms.TypedMultipleChoiceField:
    """A choice among these for so many rows: of one alone, or of several who share. `over_quota`: whoever asks may
    choose one whose quota is used up, too."""
    closed = frozenset(str(one.promoter.pk) for one in found if one.full or (not one.left and not over_quota))
    by_team: dict[str, list[tuple[str, SafeString]]] = {}
    for one in found:
        by_team.setdefault(str(one.promoter.desk.team), []).append((str(one.promoter.pk), label(one)))
    choices: list[Any] = list(by_team.items())
    several = number > 1 and len(found) - len(closed) > 1
    return forms.TypedMultipleChoiceField(
        label=_("¿A quién? Entre varios se reparten parejo.") if several else _("¿A quién?"),
        choices=choices if len(by_team) > 1 else next(iter(by_team.values()), []),
        coerce=int,
        widget=Receivers(closed) if several else OneReceiver(closed),
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
        '<span class="lm-receiver"><b>{}</b><em class="{}">{}</em><span>{}{}</span><span>{}{}</span>{}</span>',
        one.promoter,
        "lm-good-text" if one.left else "lm-none",
        room,
        _meter(one.usage.used, one.usage.limit),
        _("cupo de hoy %(used)d / %(limit)d") % {"used": one.usage.used, "limit": one.usage.limit},
        _meter(one.usage.active, one.capacity),
        _("activas %(active)d / %(capacity)d") % {"active": one.usage.active, "capacity": one.capacity},
        format_html('<small class="lm-warn-text">{}</small>', spoken(one.concerns)) if one.concerns else "",
    )


def spoken(concerns: Mapping[Concern, int]) -> str:
    """`3 vuelven a quien las dejó · 4 son de un equipo de otro país`."""
    return " · ".join(_spoken(concern, concerns[concern]) for concern in Concern if concerns.get(concern))


def _spoken(concern: Concern, number: int) -> str:
    if concern is Concern.FORMER:
        words = ngettext("%(n)d vuelve a quien la dejó", "%(n)d vuelven a quien las dejó", number)
    elif concern is Concern.COUNTRY:
        words = ngettext("%(n)d es de un equipo de otro país", "%(n)d son de un equipo de otro país", number)
    else:
        words = ngettext("%(n)d tiene su descanso sin terminar", "%(n)d tienen su descanso sin terminar", number)
    return words % {"n": number}


def _meter(part: int, whole: int) -> SafeString:
    percent = min(100, part * 100 // max(whole, 1))
    tone = "error" if percent >= 100 else "uncertain" if percent >= 80 else "brand"
    return format_html(
        '<svg class="lm-bar lm-bar-thin" aria-hidden="true"><rect class="lm-fill-{}" width="{}%" height="100%"/></svg>',
        tone,
        percent,
    )
