"""What a person asks results for. The same words at every door: page, API and files."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Mapping
from typing import Any, Final

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from campaigns.statistics.asking import NotUnderstood
from leadmaster.accounts.models import Team, User
from leadmaster.accounts.scope import teams_of
from leadmaster.calendars.models import OperatingCalendar
from leadmaster.calendars.special_dates import calendar_of
from leadmaster.lib.ids import parse_id
from leadmaster.lib.periods import Period, PeriodError, between, of_days
from opportunities.models import Promoter
from opportunities.results.figures import By, Wanted

__all__ = ["FILTERS", "MOST_DAYS", "USUAL_DAYS", "Asked", "NotUnderstood", "read", "usual"]

MOST_DAYS: Final = 366
USUAL_DAYS: Final = 30
FILTERS: Final = ("team", "promoter", "campaign", "asked")
_LONGEST: Final = 250


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """`before` is as many days, just before. `names` are those of the rows that were chosen, by filter."""

    period: Period
    before: Period
    wanted: Wanted
    by: By
    chosen: Mapping[str, str]
    names: Mapping[str, str]


def read(given: Mapping[str, str], *, user: User, now: dt.datetime) -> Asked:
    """Raises NotUnderstood: a word that asks for nothing, or a row that this person doesn't see and that does not exist
    for them.
    """
    if unknown := sorted(set(given) - {"since", "until", "by", *FILTERS}):
        raise NotUnderstood(unknown[0][:60], _("no hay un filtro con este nombre."))
    teams = teams_of(user)
    chosen, names = _chosen(given, user, teams)
    wanted = _wanted(chosen, user, teams)
    period = _period(given, zone=_zone(wanted.teams), now=now)
    days = len(period.days())
    return Asked(
        period=period,
        before=of_days(
            period.first - dt.timedelta(days=days),
            period.first - dt.timedelta(days=1),
            zone=period.zone,
            most=MOST_DAYS,
        ),
        wanted=wanted,
        by=_by(given),
        chosen=chosen,
        names=names,
    )


def usual(user: User, *, now: dt.datetime) -> Asked:
    """What is asked by whoever says nothing."""
    return read({}, user=user, now=now)


# --- Private ---------------------------------------------------------------------------------------------------------


def _by(given: Mapping[str, str]) -> By:
    try:
        return By(given.get("by") or By.PROMOTER)
    except ValueError:
        told = _("Elige uno de: %(known)s.") % {"known": ", ".join(By)}
        raise NotUnderstood("by", told) from None


def _chosen(given: Mapping[str, str], user: User, teams: QuerySet[Team]) -> tuple[dict[str, str], dict[str, str]]:
    mine = Q() if user.is_administrator else Q(team__in=teams.values("pk"))
    theirs = Q() if user.is_administrator else Q(desk__team__in=teams.values("pk"))
    rows: dict[str, QuerySet[Any]] = {
        "team": teams,
        "promoter": Promoter.objects.filter(theirs).select_related("user"),
        "campaign": Campaign.objects.filter(mine),
    }
    chosen, names = {}, {}
    for field, found in rows.items():
        text = given.get(field, "").strip()
        if not text:
            continue
        pk = parse_id(text)
        row = None if pk is None else found.filter(pk=pk).first()
        if row is None:
            raise NotUnderstood(field, _("No existe, o no está entre lo que puedes ver."))
        chosen[field], names[field] = str(pk), str(row)
    if "asked" in given:
        chosen["asked"] = given["asked"].strip()[:_LONGEST]
        names["asked"] = chosen["asked"] or _("Sin filtros")
    return chosen, names


def _wanted(chosen: Mapping[str, str], user: User, teams: QuerySet[Team]) -> Wanted:
    promoter = Promoter.objects.filter(pk=chosen["promoter"]).first() if "promoter" in chosen else None
    ids = None if user.is_administrator else frozenset(teams.values_list("pk", flat=True))
    return Wanted(
        teams=frozenset({int(chosen["team"])}) if "team" in chosen else ids,
        promoter=None if promoter is None else promoter.user_id,
        campaign=int(chosen["campaign"]) if "campaign" in chosen else None,
        asked=chosen.get("asked"),
    )


def _period(given: Mapping[str, str], *, zone: zoneinfo.ZoneInfo, now: dt.datetime) -> Period:
    try:
        return between(
            given.get("since", ""),
            given.get("until", ""),
            zone=zone,
            now=now,
            usual=USUAL_DAYS,
            most=MOST_DAYS,
            moments=False,
        )
    except PeriodError as error:
        raise NotUnderstood(error.field, str(error)) from error


def _zone(teams: frozenset[int] | None) -> zoneinfo.ZoneInfo:
    """The clock by which the days are cut: that of the teams it is about, if they have one; else the installation's."""
    rows = Team.objects.none() if teams is None else Team.objects.filter(pk__in=teams)
    calendars = set(rows.order_by().values_list(calendar_of(), flat=True))
    zones = set(OperatingCalendar.objects.filter(pk__in=calendars).order_by().values_list("time_zone", flat=True))
    return zoneinfo.ZoneInfo(zones.pop() if len(zones) == 1 and None not in calendars else settings.TIME_ZONE)
