"""How far a change of hours or timers has come through the open clocks, where those hours and timers are shown."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any, TypeVar

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from leadmaster.lib import screens
from leadmaster.lib.modeladmins import ScopedAdmin
from leadmaster.ops import health
from opportunities import retiming
from opportunities.admin.base import team_ids_of
from opportunities.models import Retiming

M = TypeVar("M", bound=Model)

TEMPLATE = "admin/opportunities/retimings.html"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Followed:
    """One change on its way."""

    retiming: Retiming
    waiting: int
    stuck: bool

    @property
    def moved(self) -> int:
        return self.retiming.total - self.waiting

    @property
    def since(self) -> SafeString:
        return screens.when(self.retiming.at, timezone.now())

    @property
    def bar(self) -> SafeString:
        parts = [(_("Ya revisados"), self.moved, "sent"), (_("Por mover"), self.waiting, "waiting")]
        return screens.stacked_bar(parts, _("Plazos de este cambio"))


def on_their_way(user: Any, *, now: dt.datetime) -> list[Followed]:
    """The changes that have not come through yet, as far as they touch this person's teams. One query when none is."""
    unfinished = retiming.unfinished()
    teams = set(team_ids_of(user)) if unfinished else set()
    found = [one for one in unfinished if teams & set(one.teams)]
    return [
        Followed(retiming=one, waiting=waiting, stuck=one.alive_at < now - health.LATE_AFTER)
        for one in found
        if (waiting := retiming.waiting_of(one))
    ]


class FollowingAdmin(ScopedAdmin[M]):
    """A page of hours or timers, with what is still on its way from the last change above it."""

    list_before_template = TEMPLATE
    change_form_before_template = TEMPLATE

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        told = {"retimings": on_their_way(request.user, now=timezone.now())}
        return super().changelist_view(request, {**told, **(extra_context or {})})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["retimings"] = on_their_way(request.user, now=timezone.now())
        return super().render_change_form(request, context, *args, **kwargs)
