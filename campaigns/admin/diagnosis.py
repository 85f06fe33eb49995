"""The diagnosis as a page: pictures of what a period's rows say, what is wrong with them, and the tables behind."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from campaigns import screens as sender_screens
from campaigns.diagnosis.figures import CampaignFigures
from campaigns.diagnosis.report import MOST_DAYS, PARTS, USUAL_DAYS, Diagnosis, diagnose
from campaigns.diagnosis.scope import Scope
from campaigns.enums import EnvioState
from campaigns.models import Campaign
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.lib import screens
from leadmaster.lib.charts import Column, columns
from leadmaster.lib.ids import parse_id
from leadmaster.lib.periods import Period, PeriodError, between, last_days
from leadmaster.lib.screens import Part

PERMISSION = "campaigns.view_attempt"
_SHORT = (1, 7, 30)
# Up to so many days the columns are hours.
_BY_HOUR = 2
_MINUTES_SHOWN = 240
_CAMPAIGNS_SHOWN = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """One campaign: its figures, its bar, and every message of it by state."""

    figures: CampaignFigures
    drawn: SafeString
    states: Sequence[tuple[str, int]]

    @property
    def percent(self) -> float:
        return self.figures.error_rate * 100


@require_safe
def page(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse:
    """For supervisors, of their teams' campaigns; for administrators, of all. Another team's campaign does not exist."""
    user = current_user(request)
    if not user.has_perm(PERMISSION):
        raise PermissionDenied
    campaign = _chosen(request, user)
    zone = campaign.session.tz if campaign else zoneinfo.ZoneInfo(timezone.get_default_timezone_name())
    now = timezone.now()
    told = ""
    try:
        period = between(
            request.GET.get("since", ""),
            request.GET.get("until", ""),
            zone=zone,
            now=now,
            usual=USUAL_DAYS,
            most=MOST_DAYS,
        )
    except PeriodError as error:
        period, told = last_days(USUAL_DAYS, zone=zone, now=now), str(error)
    found = None if told else diagnose(Scope(period=period, campaigns=_campaigns(user, campaign)), now=now)
    return TemplateResponse(
        request,
        "admin/campaigns/diagnosis.html",
        {
            **context,
            "title": _("Diagnóstico"),
            "campaign": campaign,
            "period": period,
            "zone": zone,
            "most_days": MOST_DAYS,
            "short": [(days, last_days(days, zone=zone, now=now)) for days in _SHORT],
            "refused": told,
            "found": found,
            **(_shown(found) if found else {}),
        },
    )


def _chosen(request: HttpRequest, user: User) -> Campaign | None:
    asked = request.GET.get("campaign", "")
    if not asked:
        return None
    visible = Campaign.objects.visible_to(user).select_related("session", "team")
    return get_object_or_404(visible, pk=parse_id(asked) or 0)


def _campaigns(user: User, chosen: Campaign | None) -> frozenset[int] | None:
    if chosen is not None:
        return frozenset({chosen.pk})
    if user.is_administrator:
        return None
    return frozenset(Campaign.objects.visible_to(user).values_list("pk", flat=True))


def _shown(found: Diagnosis) -> dict[str, Any]:
    minutes = list(found.minutes.items())
    zone = found.scope.period.zone
    return {
        "failed": [(PARTS[part], reason) for part, reason in found.failed.items()],
        "over_time": columns(_over_time(found), _("Envíos del período, con prueba y sin ella")),
        "seconds": columns(_seconds(found), _("Envíos por segundo del minuto")),
        "lines": [_line(one) for one in found.campaigns[:_CAMPAIGNS_SHOWN]],
        "lines_left_off": max(0, len(found.campaigns) - _CAMPAIGNS_SHOWN),
        "minutes": [(at.astimezone(zone), number) for at, number in minutes[:_MINUTES_SHOWN]],
        "minutes_left_off": max(0, len(minutes) - _MINUTES_SHOWN),
        "same_second": [(one, one.at.astimezone(zone)) for one in found.same_second],
        "names": {one.id: one.name for one in found.campaigns},
    }


def _over_time(found: Diagnosis) -> list[Column]:
    """Hour by hour in a short period, day by day in a longer one; empty ones too, or a silence would not be seen."""
    period = found.scope.period
    by_hour = len(period.days()) <= _BY_HOUR
    doubtful: dict[EnvioState, collections.Counter[str]] = {
        state: collections.Counter() for state in (EnvioState.SENT, EnvioState.HISTORICAL)
    }
    for one in found.unproven:
        doubtful[one.state][_slot(one.at, period, by_hour=by_hour)] += 1
    every: collections.Counter[str] = collections.Counter()
    for at, number in found.minutes.items():
        every[_slot(at, period, by_hour=by_hour)] += number
    drawn = []
    for slot in _slots(period, by_hour=by_hour):
        unproven, historical = doubtful[EnvioState.SENT][slot], doubtful[EnvioState.HISTORICAL][slot]
        parts: list[Part] = [
            (_("Con prueba"), every[slot] - unproven - historical, "sent"),
            (_("Del sistema anterior"), historical, "historical"),
            (_("Sin prueba"), unproven, "error"),
        ]
        drawn.append(Column(name=slot, parts=parts))
    return drawn


def _slots(period: Period, *, by_hour: bool) -> list[str]:
    """The names of the columns, in order, each once."""
    step = dt.timedelta(minutes=30) if by_hour else dt.timedelta(hours=12)
    names, at = [], period.since
    while at < period.until:
        names.append(_slot(at, period, by_hour=by_hour))
        at += step
    return list(dict.fromkeys(names))


def _slot(at: dt.datetime, period: Period, *, by_hour: bool) -> str:
    local = at.astimezone(period.zone)
    day = screens.short_date(local.date(), "j M")
    return f"{day} {local:%H} h" if by_hour else day


def _seconds(found: Diagnosis) -> list[Column]:
    return [Column(name=f":{second:02}", parts=[(_("Envíos"), n, "brand")]) for second, n in enumerate(found.seconds)]


def _line(one: CampaignFigures) -> Line:
    parts: list[Part] = [
        (_("Enviados"), one.sent, "sent"),
        (_("Históricos"), one.historical, "historical"),
        (_("Errores"), one.errors, "error"),
    ]
    states = one.states or {}
    return Line(
        figures=one,
        drawn=screens.stacked_bar(parts, one.name),
        states=[(str(state.label), states[state]) for state in sender_screens.ENVIO_FILL if states.get(state)],
    )
