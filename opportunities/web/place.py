"""The place in the list from which somebody came: the page of a client carries it in its address, and goes back there."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse

from opportunities.models import Opportunity
from opportunities.queries.worklist import Asked


def asked(request: HttpRequest) -> Asked:
    """What that list had been asked for."""
    return Asked.of(request.GET.dict())


def of(request: HttpRequest, row: Opportunity | int) -> str:
    """The page of this client, still in that place."""
    return _with(reverse("desk-opportunity", args=[row if isinstance(row, int) else row.pk]), asked(request))


def list_of(request: HttpRequest, row: Opportunity | None = None) -> str:
    """The list as it was asked for; at the line of `row`."""
    return _with(reverse("desk-opportunities"), asked(request)) + (f"#lead-{row.pk}" if row is not None else "")


def _with(path: str, asked: Asked) -> str:
    return f"{path}?{asked.query}" if asked.query else path
