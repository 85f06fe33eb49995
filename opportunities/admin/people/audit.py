"""Audit as a page of the supervisors' desk: what somebody did on a day, and who changed one thing."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from leadmaster.accounts.models import User
from leadmaster.lib.ids import parse_id
from leadmaster.lib.periods import PeriodError, between
from leadmaster.lib.zones import zone_named
from opportunities.admin.base import require_supervisor_role
from opportunities.audit import table
from opportunities.audit.entries import MOST, Wanted, entries, people_of

_MOST_DAYS = 31
_MOST_OF_A_FILE = 5_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Asked:
    wanted: Wanted
    since: str
    until: str
    refused: str = ""


@require_safe
def show(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse:
    user = require_supervisor_role(request)
    asked = _read(request, user)
    found = entries(user, asked.wanted)
    return TemplateResponse(
        request,
        "admin/opportunities/audit.html",
        {
            **context,
            "title": _("Auditoría"),
            "asked": asked,
            "found": found,
            "most": MOST,
            "people": people_of(user).order_by("first_name", "last_name", "username"),
            "now": timezone.now(),
            "query": request.GET.urlencode(),
        },
    )


@require_safe
def as_csv(request: HttpRequest) -> HttpResponse:
    user = require_supervisor_role(request)
    found = entries(user, _read(request, user).wanted, most=_MOST_OF_A_FILE)
    zone = zone_named(settings.TIME_ZONE) or dt.UTC
    return table.as_csv(found.entries, zone=zone)  # type: ignore[arg-type]  # the installation's own is a zone


def _read(request: HttpRequest, user: User) -> _Asked:
    """Today, where nothing is asked; of one object, everything. Who is not theirs to see is nobody."""
    query = request.GET
    person = parse_id(query.get("person", ""))
    if person is not None and not people_of(user).filter(pk=person).exists():
        person = 0
    kind, pk = query.get("kind", "")[:100], query.get("pk", "")[:40]
    since, until = query.get("since", ""), query.get("until", "")
    if kind and pk and not since:
        return _Asked(wanted=Wanted(period=None, person=person, kind=kind, pk=pk), since="", until="")
    zone, now = timezone.get_current_timezone(), timezone.now()
    words: dict[str, Any] = {"zone": zone, "now": now, "usual": 1, "most": _MOST_DAYS, "moments": False}
    refused = ""
    try:
        period = between(since, until, **words)
    except PeriodError as error:
        refused, period = str(error), between("", "", **words)
    return _Asked(
        wanted=Wanted(period=period, person=person, kind=kind if pk else "", pk=pk),
        since=period.first.isoformat(),
        until=period.last.isoformat(),
        refused=refused,
    )
