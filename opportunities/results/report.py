"""What was asked, answered: this period, the one before it, its weeks, and each group with a name."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Hashable, Mapping, Sequence

from django.utils.translation import gettext as _

from campaigns.models import Campaign
from leadmaster.accounts.models import Team, User
from opportunities.models import Promoter, Stage
from opportunities.results.asking import Asked
from opportunities.results.figures import By, Figures, Groups, figures


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One group. `id` is what a filter of its kind takes; None for nobody's, and for a week, whose name is its Monday."""

    id: int | None
    name: str
    figures: Figures


@dataclasses.dataclass(frozen=True, kw_only=True)
class Report:
    """`rows` with whoever sold most first, weeks in their order; `stages` are all that anybody entered, in theirs."""

    asked: Asked
    total: Figures
    before: Figures
    weeks: Sequence[tuple[dt.date, Figures]]
    rows: Sequence[Row]
    stages: Sequence[Stage]


def report(asked: Asked) -> Report:
    by_week = figures(asked.period, asked.wanted, By.WEEK)
    groups = by_week if asked.by is By.WEEK else figures(asked.period, asked.wanted, asked.by)
    before = figures(asked.before, asked.wanted).get(None, Figures())
    total = merged(by_week.values())
    stages = Stage.objects.filter(pk__in={*total.stages, *before.stages}).order_by("order", "id")
    return Report(
        asked=asked,
        total=total,
        before=before,
        weeks=_weeks(asked, by_week),
        rows=_rows(groups, asked.by),
        stages=list(stages),
    )


def merged(parts: Sequence[Figures] | collections.abc.ValuesView[Figures]) -> Figures:
    """Their sum."""
    whole = Figures()
    for part in parts:
        for field in dataclasses.fields(Figures):
            mine, theirs = getattr(whole, field.name), getattr(part, field.name)
            if isinstance(mine, collections.Counter):
                mine.update(theirs)
            elif isinstance(mine, dict):
                for name, amount in theirs.items():
                    mine[name] = mine.get(name, 0) + amount
            else:
                setattr(whole, field.name, mine + theirs)
    return whole


# --- Private ---------------------------------------------------------------------------------------------------------


def _weeks(asked: Asked, groups: Groups) -> list[tuple[dt.date, Figures]]:
    """None left out."""
    mondays = dict.fromkeys(day - dt.timedelta(days=day.weekday()) for day in asked.period.days())
    return [(day, groups.get(day, Figures())) for day in mondays]


def _rows(groups: Groups, by: By) -> list[Row]:
    names = _names(groups, by)
    rows = [_row(group, one, by, names) for group, one in groups.items()]
    if by is By.WEEK:
        return sorted(rows, key=lambda row: row.name)
    return sorted(rows, key=lambda row: (-row.figures.sales, -row.figures.taken, -row.figures.sent, row.name))


def _row(group: Hashable, one: Figures, by: By, names: Mapping[Hashable, tuple[int | None, str]]) -> Row:
    pk, name = names.get(group, (None, _nobodys(by) if group in (None, "") else str(group)))
    return Row(id=pk, name=name, figures=one)


def _nobodys(by: By) -> str:
    return {
        By.PROMOTER: _("De nadie"),
        By.TEAM: _("Sin equipo"),
        By.CAMPAIGN: _("Sin campaña"),
        By.ASKED: _("Sin filtros"),
    }.get(by, "")


def _names(groups: Groups, by: By) -> dict[Hashable, tuple[int | None, str]]:
    """Of each group what a filter calls it, and what people do."""
    ids = [group for group in groups if isinstance(group, int)]
    if by is By.PROMOTER:
        found: dict[Hashable, tuple[int | None, str]] = {
            user.pk: (None, str(user)) for user in User.objects.filter(pk__in=ids)
        }
        for promoter in Promoter.objects.filter(user__in=ids).select_related("user"):
            found[promoter.user_id] = (promoter.pk, str(promoter))
        return found
    if by is By.TEAM:
        return {team.pk: (team.pk, str(team)) for team in Team.objects.filter(pk__in=ids)}
    if by is By.CAMPAIGN:
        return {pk: (pk, name) for pk, name in Campaign.objects.filter(pk__in=ids).values_list("pk", "name")}
    if by is By.WEEK:
        return {group: (None, group.isoformat()) for group in groups if isinstance(group, dt.date)}
    return {}
