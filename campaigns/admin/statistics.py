"""Statistics of sends as a page of the desk, and as a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from campaigns.statistics import page, table
from leadmaster.accounts.current_user import current_user


@require_safe
def show(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse:
    """Of the campaigns that this person sees, and no others."""
    shown = page.context(request.GET.dict(), user=current_user(request), now=timezone.now())
    return TemplateResponse(
        request, "admin/campaigns/statistics.html", {**context, "title": _("Estadísticas"), **shown}
    )


@require_safe
def download(request: HttpRequest) -> HttpResponse:
    return table.download(request, back="admin:campaigns_campaign_stats")
