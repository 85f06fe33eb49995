"""Clients with what the desk knows of them: their opportunities, each for whoever supervises it."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from leadmaster.directory.client_admin import ClientAdmin
from leadmaster.directory.models import Client
from opportunities.admin.base import current_user
from opportunities.models import Opportunity
from opportunities.scope import team_ids_of

_SHOWN = 30


@dataclasses.dataclass(frozen=True, kw_only=True)
class Work:
    """One opportunity of the client. Of another team's, a person learns that it is there and no more."""

    row: Opportunity
    mine: bool


@admin.register(Client)
class DeskClientAdmin(ClientAdmin):
    def look(self, request: HttpRequest, client: Client) -> dict[str, Any]:
        user = current_user(request)
        teams = set(team_ids_of(user))
        rows = Opportunity.objects.filter(client=client).select_related("stage", "owner__user", "team")
        works = [Work(row=row, mine=row.team_id in teams) for row in rows.order_by("-id")[:_SHOWN]]
        return {**super().look(request, client), "works": works}
