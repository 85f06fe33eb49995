"""What a person asks the statistics for. The same words at every door: page, API and CSV."""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Mapping

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from campaigns.statistics.sends import MOST_DAYS, USUAL_DAYS, By, Wanted
from leadmaster.accounts.models import Team, User
from leadmaster.accounts.scope import teams_of
from leadmaster.calendars.models import OperatingCalendar
from leadmaster.calendars.special_dates import calendar_of
from leadmaster.lib.ids import parse_id
from leadmaster.lib.periods import Period, PeriodError, between
from whatsapp.models import WhatsAppSession

FILTERS = ("campaign", "session", "owner", "team")


class NotUnderstood(ValueError):
    """One of the words is refused: `field` says which, `str()` why."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """`names` are those of the rows that were chosen, by filter."""

    period: Period
    wanted: Wanted
    names: Mapping[str, str]


def read(given: Mapping[str, str], *, user: User, now: dt.datetime) -> Asked:
    """Raises NotUnderstood: a word that asks for nothing, or a row that this person doesn't see and that does not exist
    for them.
    """
    if unknown := sorted(set(given) - {"since", "until", "by", *FILTERS}):
        raise NotUnderstood(unknown[0][:60], _("no hay un filtro con este nombre."))
    ids: dict[str, int] = {}
    names: dict[str, str] = {}
    for name, rows in _visible(user).items():
        if given.get(name, "").strip():
            ids[name], names[name] = _one(name, given[name].strip(), rows)
    wanted = Wanted(**ids)
    zone = _zone(user, wanted)
    try:
        period = between(
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
    return Asked(period=period, wanted=wanted, names=names)


def read_by(given: Mapping[str, str]) -> By:
    """How the figures are told in a file. Raises NotUnderstood."""
    try:
        return By(given.get("by") or By.DAY)
    except ValueError:
        told = _("Elige uno de: %(known)s.") % {"known": ", ".join(By)}
        raise NotUnderstood("by", told) from None


def usual(user: User, *, now: dt.datetime) -> Asked:
    """What is asked by whoever says nothing."""
    return read({}, user=user, now=now)


# --- Private ---------------------------------------------------------------------------------------------------------


def _visible(user: User) -> dict[str, QuerySet[Campaign] | QuerySet[WhatsAppSession] | QuerySet[User] | QuerySet[Team]]:
    """Among what each filter may choose, by its name."""
    campaigns = Campaign.objects.visible_to(user)
    return {
        "campaign": campaigns,
        "session": WhatsAppSession.objects.filter(
            Q(pk__in=WhatsAppSession.objects.visible_to(user).values("pk"))
            | Exists(campaigns.filter(session=OuterRef("pk")))
        ),
        "owner": User.objects.filter(Q(pk=user.pk) | Exists(campaigns.filter(owner=OuterRef("pk")))),
        "team": Team.objects.filter(
            Q(pk__in=teams_of(user).values("pk")) | Exists(campaigns.filter(team=OuterRef("pk")))
        ),
    }


def _one(
    field: str,
    text: str,
    rows: QuerySet[Campaign] | QuerySet[WhatsAppSession] | QuerySet[User] | QuerySet[Team],
) -> tuple[int, str]:
    pk = parse_id(text)
    row = None if pk is None else rows.filter(pk=pk).first()
    if row is None:
        raise NotUnderstood(field, _("No existe, o no está entre lo que puedes ver."))
    return row.pk, str(row)


def _zone(user: User, wanted: Wanted) -> zoneinfo.ZoneInfo:
    """The clock by which the days are cut: that of the teams it is about, if they have one; else the installation's."""
    if wanted.campaign is not None:
        teams = Team.objects.filter(campaigns=wanted.campaign)
    elif wanted.team is not None:
        teams = Team.objects.filter(pk=wanted.team)
    elif user.is_administrator:
        teams = Team.objects.none()
    else:
        teams = Team.objects.filter(Q(pk__in=teams_of(user).values("pk")) | Q(members=user)).distinct()
    calendars = set(teams.order_by().values_list(calendar_of(), flat=True))
    zones = set(OperatingCalendar.objects.filter(pk__in=calendars).order_by().values_list("time_zone", flat=True))
    return zoneinfo.ZoneInfo(zones.pop() if len(zones) == 1 and None not in calendars else settings.TIME_ZONE)
