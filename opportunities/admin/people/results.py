"""Results as a page of the supervisors' desk, and as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from opportunities.admin.base import require_supervisor_role
from opportunities.results import asking, page, table
from opportunities.results.report import Report, report


@require_safe
def show(request: HttpRequest, context: Mapping[str, Any]) -> HttpResponse:
    """Of the teams that this person supervises; of all of them for administrators."""
    user = require_supervisor_role(request)
    shown = page.context(request.GET.dict(), user=user, now=timezone.now())
    return TemplateResponse(request, "admin/opportunities/results.html", {**context, "title": _("Resultados"), **shown})


@require_safe
def as_csv(request: HttpRequest) -> HttpResponse:
    return _file(request, table.as_csv)


@require_safe
def as_xlsx(request: HttpRequest) -> HttpResponse:
    return _file(request, table.as_xlsx)


def _file(request: HttpRequest, write: Callable[[Report], HttpResponse]) -> HttpResponse:
    """What is refused is told on the page."""
    user = require_supervisor_role(request)
    try:
        asked = asking.read(request.GET.dict(), user=user, now=timezone.now())
    except asking.NotUnderstood:
        return HttpResponseRedirect(f"{reverse('admin:opportunities_promoter_results')}?{request.GET.urlencode()}")
    return write(report(asked))
