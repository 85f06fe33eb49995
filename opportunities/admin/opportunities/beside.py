"""One exit beside the inbox: everything that it takes to decide, without leaving the list. A page of its own where it is narrow."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from opportunities.admin.base import current_user
from opportunities.admin.decisions.receivers import Receiver, receivers
from opportunities.admin.decisions.verbs import KEYS, PAGES, Verb, address, verbs_for, way_back
from opportunities.admin.opportunities import page
from opportunities.models import Opportunity
from opportunities.supervision.frozen import seen

_LINES: Final = 8
_RECEIVERS: Final = 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class KeyButton:
    """A verb with the key that does the same in the inbox."""

    label: str
    url: str
    key: str
    danger: bool


def beside(request: HttpRequest, row: Opportunity, *, context: dict[str, Any]) -> HttpResponse:
    """The page; with `panel` its inside alone, for the inbox to put beside the list."""
    if request.method not in {"GET", "HEAD"}:
        return HttpResponseNotAllowed(["GET", "HEAD"])
    back = way_back(request, "admin:opportunities_opportunity_inbox")
    shown = _shown(row, current_user(request), timezone.now(), back)
    if request.GET.get("panel"):
        return TemplateResponse(request, "admin/opportunities/beside_part.html", shown)
    whole = {**context, **shown, "title": row.client.full_name or str(row), "original": row}
    return TemplateResponse(request, "admin/opportunities/beside.html", whole)


def _shown(row: Opportunity, user: User, now: dt.datetime, back: str) -> dict[str, Any]:
    told = page.page(row, user, now)
    return {
        **told,
        "back": back,
        "whole": reverse("admin:opportunities_opportunity_change", args=[row.pk]),
        "choices": [
            KeyButton(
                label=str(PAGES[verb].label),
                url=address(verb, [seen(row)], back=back),
                key=KEYS[verb],
                danger=verb is Verb.CLOSE,
            )
            for verb in verbs_for(row.state)
        ],
        "lines": told["timeline"][:_LINES],
        "receivers": _with_room(receivers(user, [row], now=now), row),
    }


def _with_room(found: list[Receiver], row: Opportunity) -> list[tuple[Receiver, str]]:
    """Who could receive it now, with what is left of their quota; whoever had it is told as such."""
    return [
        (one, _("la tuvo hasta ahora") if one.promoter.pk == row.owner_id else "")
        for one in found
        if one.promoter.desk.team_id == row.team_id
    ][:_RECEIVERS]
