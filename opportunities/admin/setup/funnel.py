"""The funnel as a picture: each stage with what is in it now, its clock, and where it leads."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from opportunities.enums import CLOSED, OWNED, WORKING, ExitTo, StageType
from opportunities.models import Opportunity, Stage, StageRoute
from opportunities.scope import team_ids_of

RECENT = dt.timedelta(days=30)
# The picture's own units: a step is drawn between these two widths.
_WIDE, _NARROW = 100.0, 28.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Step:
    """One working stage: a slice of the funnel from `top` to `bottom`, and the ways out of it."""

    stage: Stage
    count: int
    top: float
    bottom: float
    routes: Sequence[StageRoute]

    @property
    def points(self) -> str:
        """The slice in a box of 100 by 100."""
        left, right = (100 - self.top) / 2, (100 + self.top) / 2
        low, high = (100 - self.bottom) / 2, (100 + self.bottom) / 2
        return f"{left:.2f},0 {right:.2f},0 {high:.2f},100 {low:.2f},100"

    @property
    def clock(self) -> str:
        return spoken_minutes(self.stage.timer_minutes)


@dataclasses.dataclass(frozen=True, kw_only=True)
class End:
    """A way out of the funnel."""

    stage: Stage
    count: int

    @property
    def where(self) -> str:
        if self.stage.type == StageType.EXIT:
            return _("Al pool") if self.stage.exit_to == ExitTo.POOL else _("A la bandeja")
        return str(self.stage.get_type_display())

    @property
    def told(self) -> str:
        """What the number is: what waits, or what happened lately."""
        if self.stage.type != StageType.EXIT:
            return _("en 30 días")
        return _("en la bandeja") if self.stage.exit_to == ExitTo.INBOX else ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Funnel:
    steps: list[Step]
    ends: list[End]


def look(user: User, *, now: dt.datetime) -> Funnel:
    """Stages in use, with the numbers of this person's teams. Four queries."""
    counts = _counts(user, now)
    stages = list(Stage.objects.filter(active=True))
    routes: dict[int, list[StageRoute]] = collections.defaultdict(list)
    for route in (
        StageRoute.objects.filter(to_stage__active=True)
        .select_related("to_stage")
        .order_by("to_stage__order", "to_stage_id")
    ):
        routes[route.from_stage_id].append(route)
    working = [stage for stage in stages if stage.type in WORKING]
    taper = (_WIDE - _NARROW) / max(len(working), 1)
    steps = [
        Step(
            stage=stage,
            count=counts[stage.pk],
            top=_WIDE - taper * position,
            bottom=_WIDE - taper * (position + 1),
            routes=routes[stage.pk],
        )
        for position, stage in enumerate(working)
    ]
    ends = [End(stage=stage, count=counts[stage.pk]) for stage in stages if stage.type not in WORKING]
    return Funnel(steps=steps, ends=ends)


def _counts(user: User, now: dt.datetime) -> collections.Counter[int]:
    """What is somebody's now, and what ended lately: history is not counted again for every look."""
    lately = Q(state__in=OWNED) | Q(state__in=CLOSED, state_since__gte=now - RECENT)
    rows = Opportunity.objects.filter(lately, team__in=team_ids_of(user), stage__isnull=False).order_by()
    return collections.Counter(dict(rows.values_list("stage").annotate(number=Count("id"))))


def spoken_minutes(minutes: int | None) -> str:
    """`8 h`, `1 h 30 min`, `sin plazo`."""
    if minutes is None:
        return _("sin plazo")
    hours, rest = divmod(minutes, 60)
    parts = [f"{number} {unit}" for number, unit in ((hours, "h"), (rest, "min")) if number]
    return " ".join(parts)
