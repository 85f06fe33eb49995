"""Who could receive work now: only those who are there, with what is left of their quota and what they have in hand."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection
from typing import Any, Final

from django import forms
from django.db.models import Count
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.lib.clock import business_day
from opportunities.admin.base import promoters_of
from opportunities.enums import OpportunityState
from opportunities.models import Absence, DailyQuota, Opportunity, Promoter

# A longer list helps nobody choose.
MOST: Final = 80


@dataclasses.dataclass(frozen=True, kw_only=True)
class Receiver:
    """One promoter today. `active` against `capacity` is their load."""

    promoter: Promoter
    limit: int
    used: int
    active: int

    @property
    def capacity(self) -> int:
        return self.promoter.most_active

    @property
    def left(self) -> int:
        """How many more they can be given today, by quota and by capacity."""
        return max(min(self.limit - self.used, self.capacity - self.active), 0)

    @property
    def percent(self) -> int:
        """Of the day's quota."""
        return min(100, self.used * 100 // max(self.limit, 1))

    @property
    def full(self) -> bool:
        """Whether their hands are full, which no permission changes."""
        return self.active >= self.capacity


def receivers(
    user: User, *, first_teams: Collection[int], without: Collection[int] = (), now: dt.datetime
) -> list[Receiver]:
    """The available promoters of this person's teams: those of `first_teams` first, then whoever has most room. `without`: who has all of it already.

    Four queries, however many there are.
    """
    rows = promoters_of(user).filter(available=True, user__is_active=True).exclude(pk__in=without)
    nearby = list(rows.filter(desk__team__in=first_teams)[:MOST])
    others = rows.exclude(desk__team__in=first_teams)[: MOST - len(nearby)]
    found = figures([*nearby, *others], now=now)
    absent = _absent([one.promoter for one in found], now)
    there = [one for one in found if one.promoter.pk not in absent]
    return sorted(
        there,
        key=lambda one: (
            one.promoter.desk.team_id not in first_teams,
            one.promoter.desk.team.name,
            -one.left,
            one.active,
            str(one.promoter),
        ),
    )


def figures(promoters: Collection[Promoter], *, now: dt.datetime) -> list[Receiver]:
    """Quota of the day and load of each. Two queries."""
    days = {one.pk: business_day(now, one.desk.calendar.tz) for one in promoters}
    quotas = {
        (row.promoter_id, row.day): row
        for row in DailyQuota.objects.filter(promoter__in=days, day__in=set(days.values()))
    }
    active = Opportunity.objects.filter(owner__in=days, state=OpportunityState.ACTIVE).order_by()
    load = dict(active.values_list("owner").annotate(Count("id")))
    found = []
    for one in promoters:
        quota = quotas.get((one.pk, days[one.pk]))
        found.append(
            Receiver(
                promoter=one,
                limit=quota.limit if quota else one.quota_of_a_day,
                used=quota.used if quota else 0,
                active=load.get(one.pk, 0),
            )
        )
    return found


def _absent(promoters: Collection[Promoter], now: dt.datetime) -> set[int]:
    days = {one.pk: business_day(now, one.desk.calendar.tz) for one in promoters}
    if not days:
        return set()
    rows = Absence.objects.filter(
        promoter__in=days, ended_at__isnull=True, starts_on__lte=max(days.values()), ends_on__gte=min(days.values())
    )
    return {row.promoter_id for row in rows if row.starts_on <= days[row.promoter_id] <= row.ends_on}


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
        help_text="" if found else _("Nadie de tus equipos recibe asignaciones ahora."),
        error_messages={
            "required": _("Elige quién las recibe."),
            "invalid_choice": _("Esa persona ya no recibe asignaciones. Elige otra."),
        },
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
        _meter(one.used, one.limit),
        _("cupo de hoy %(used)d / %(limit)d") % {"used": one.used, "limit": one.limit},
        _meter(one.active, one.capacity),
        _("activas %(active)d / %(capacity)d") % {"active": one.active, "capacity": one.capacity},
    )


def _meter(part: int, whole: int) -> SafeString:
    percent = min(100, part * 100 // max(whole, 1))
    tone = "error" if percent >= 100 else "uncertain" if percent >= 80 else "brand"
    return format_html(
        '<svg class="lm-bar lm-bar-thin" aria-hidden="true"><rect class="lm-fill-{}" width="{}%" height="100%"/></svg>',
        tone,
        percent,
    )
