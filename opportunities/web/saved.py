"""Saved filters of the list: kept, called otherwise, forgotten."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from opportunities import saved_filters
from opportunities.errors import Refused
from opportunities.models import Promoter, Stage
from opportunities.queries.worklist import Asked
from opportunities.web.access import at_desk
from opportunities.web.verbs import posted

_LONGEST = 200


@at_desk
@posted
def save(request: HttpRequest, promoter: Promoter) -> HttpResponse:
    """What the list shows now, under this name."""
    asked = Asked.of(request.POST.dict())
    try:
        kept = saved_filters.save(
            promoter.user,
            request.POST.get("name", "")[:_LONGEST],
            state=asked.state,
            stage=Stage.objects.filter(pk=asked.stage).first() if asked.stage is not None else None,
            search=asked.search,
            now=timezone.now(),
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Filtro “%(name)s” guardado.") % {"name": kept})
    return _back(asked)


@at_desk
@posted
def rename(request: HttpRequest, promoter: Promoter, filter_id: int) -> HttpResponse:
    try:
        saved_filters.rename(promoter.user, filter_id, request.POST.get("name", "")[:_LONGEST])
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Filtro renombrado."))
    return _back(Asked.of(request.POST.dict()))


@at_desk
@posted
def delete(request: HttpRequest, promoter: Promoter, filter_id: int) -> HttpResponse:
    saved_filters.delete(promoter.user, filter_id)
    messages.success(request, _("Filtro borrado."))
    return _back(Asked.of(request.POST.dict()))


def _back(asked: Asked) -> HttpResponse:
    path = reverse("desk-opportunities")
    return redirect(f"{path}?{asked.query}" if asked.query else path)
