"""How far a change of hours or timers has come through the open clocks, where those hours and timers are shown."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from leadmaster.lib import screens
from leadmaster.lib.admin.modeladmins import ScopedAdmin
from opportunities.scope import team_ids_of
from opportunities.timers.recalculation import Progress, in_progress

M = TypeVar("M", bound=Model)

TEMPLATE = "admin/opportunities/retimings.html"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Banner:
    """One change on its way, as the page shows it."""

    change: Progress

    @property
    def since(self) -> SafeString:
        return screens.when(self.change.retiming.at, timezone.now())

    @property
    def bar(self) -> SafeString:
        parts: list[screens.Part] = [
            (_("Ya revisados"), self.change.moved, "sent"),
            (_("Por mover"), self.change.waiting, "pending"),
        ]
        return screens.stacked_bar(parts, _("Plazos de este cambio"))


def banners(user: Any) -> list[Banner]:
    """The changes that some clocks of this person's teams have still to follow."""
    found = in_progress(lambda: team_ids_of(user), now=timezone.now())
    return [Banner(change=one) for one in found]


class RecalculationAdmin(ScopedAdmin[M]):
    """A page of hours or timers, with what is still on its way from the last change above it."""

    list_before_template = TEMPLATE
    change_form_before_template = TEMPLATE

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        told = {"retimings": banners(request.user)}
        return super().changelist_view(request, {**told, **(extra_context or {})})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["retimings"] = banners(request.user)
        return super().render_change_form(request, context, *args, **kwargs)
