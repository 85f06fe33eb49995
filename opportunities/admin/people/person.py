"""People and teams as the desk keeps them: whoever leaves, or changes role or team, leaves nothing out of sight.

These take the place of the accounts' own pages, because those know of nobody's work.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadmaster.accounts.models import Team, User
from leadmaster.accounts.person_admin import PersonAdmin
from leadmaster.accounts.roles import Role
from leadmaster.accounts.team_admin import TeamAdmin
from opportunities.admin.base import current_user
from opportunities.admin.people import leaving
from opportunities.supervision import departures
from opportunities.supervision.departures import Holdings


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Change:
    """What a form asks of somebody who has something in hand."""

    before: User
    held: Holdings
    switches_off: bool
    was_promoter: bool


@admin.register(User)
class DeskPersonAdmin(PersonAdmin):
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        object_id = args[0] if args else kwargs.get("object_id")
        change = self._leaves(request, object_id) if request.method == "POST" and object_id else None
        if change is None:
            return super().changeform_view(request, *args, **kwargs)
        if request.POST.get(leaving.AGREED) != change.held.seal:
            return self._ask(request, change)
        response = super().changeform_view(request, *args, **kwargs)
        # The page's own transaction is over; what it did not write is not followed.
        now_is = User.objects.get(pk=change.before.pk)
        if (now_is.is_active, now_is.role) != (change.before.is_active, change.before.role):
            self._follow(request, now_is, change)
        return response

    def _leaves(self, request: HttpRequest, object_id: str) -> _Change | None:
        """None for what is no such change, or not allowed, or not filled in rightly: the usual way answers that."""
        before, asked = self.get_object(request, object_id), self.get_object(request, object_id)
        if before is None or asked is None or not before.is_active or not self.has_change_permission(request, before):
            return None
        form = self.get_form(request, asked, change=True)(request.POST, request.FILES, instance=asked)
        if not form.is_valid():
            return None
        off = not form.cleaned_data["is_active"]
        if not off and form.cleaned_data["role"] == before.role:
            return None
        held = departures.holdings(before)
        was_promoter = before.role == Role.PROMOTER
        return _Change(before=before, held=held, switches_off=off, was_promoter=was_promoter) if held else None

    def _ask(self, request: HttpRequest, change: _Change) -> HttpResponse:
        held = change.held
        checks: dict[str, tuple[str, bool]] = {}
        opportunities = leaving.to_inbox(held)
        if not change.switches_off:
            opportunities = [_("Conserva sus oportunidades, salvo que las pases a la bandeja.")] if held.active else []
            if held.active:
                checks[leaving.HAND_OVER] = (
                    _("Pasar sus oportunidades a la bandeja, y que no reciba más"),
                    change.was_promoter,
                )
        if held.running:
            checks[leaving.PAUSE] = (_("Pausar sus campañas en marcha"), False)
        sentences = [
            *opportunities,
            *leaving.campaigns(held),
            *(leaving.lines(held) if change.switches_off else []),
            *leaving.supervised(held),
        ]
        title = _("%(who)s ya no entra") if change.switches_off else _("Otro rol para %(who)s")
        return leaving.page(
            request,
            [leaving.Leaver(user=change.before, held=held, sentences=sentences)],
            title=title % {"who": change.before},
            mark=held.seal,
            checks=checks,
            context={
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "original": change.before,
                "numbers": leaving.numbers(held),
            },
        )

    def _follow(self, request: HttpRequest, user: User, change: _Change) -> None:
        by, now = current_user(request), timezone.now()
        if change.switches_off:
            done = departures.settle(user, by=by, now=now, pause_campaigns=leaving.PAUSE in request.POST)
            moved, paused = done.to_inbox, done.paused
        else:
            moved = paused = 0
            if leaving.HAND_OVER in request.POST:
                moved = departures.no_longer_promoter(user, by=by, now=now)
            if leaving.PAUSE in request.POST:
                paused = departures.pause_campaigns_of(user, by=by, now=now)
        if moved:
            messages.success(
                request,
                ngettext(
                    "%(n)d oportunidad espera en la bandeja a que la reasignen.",
                    "%(n)d oportunidades esperan en la bandeja a que las reasignen.",
                    moved,
                )
                % {"n": moved},
            )
        if paused:
            messages.success(
                request,
                ngettext("%(n)d campaña quedó en pausa.", "%(n)d campañas quedaron en pausa.", paused) % {"n": paused},
            )


@admin.register(Team)
class DeskTeamAdmin(TeamAdmin):
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        first = self._ask(request, object_id) if request.method == "POST" and object_id else None
        return first or super().changeform_view(request, object_id, form_url, extra_context)

    def _ask(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        """Who is taken out of the team with work of it in hand; None where there is nothing to read, or it was read."""
        team = self.get_object(request, object_id)
        if team is None or not self.has_change_permission(request, team):
            return None
        form = self.get_form(request, team, change=True)(request.POST, instance=team)
        if not form.is_valid():
            return None
        stay = set(form.cleaned_data["members"]) | set(form.cleaned_data["supervisors"])
        supervise = {user for user in form.cleaned_data["supervisors"] if user.is_active and user.is_supervisor}
        gone = {*team.members.all(), *team.supervisors.all()} - stay
        leavers = [
            leaving.Leaver(user=user, held=held, sentences=_out_of_team(held, team, alone=not supervise))
            for user in sorted(gone, key=str)
            if (held := departures.holdings(user, team=team))
        ]
        mark = ":".join(f"{one.user.pk}-{one.held.seal}" for one in leavers)
        if not leavers or request.POST.get(leaving.AGREED) == mark:
            return None
        return leaving.page(
            request,
            leavers,
            title=_("Cambios en %(team)s") % {"team": team},
            mark=mark,
            checks={},
            context={**self.admin_site.each_context(request), "opts": self.opts, "original": team},
        )


def _out_of_team(held: Holdings, team: Team, *, alone: bool) -> list[str]:
    said = []
    if opportunities := held.active + held.waiting:
        said.append(
            ngettext(
                "%(n)d oportunidad abierta de %(team)s sigue en sus manos, y la decide quien supervisa ese equipo.",
                "%(n)d oportunidades abiertas de %(team)s siguen en sus manos, y las decide quien supervisa ese equipo.",
                opportunities,
            )
            % {"n": opportunities, "team": team}
        )
    return [*said, *leaving.campaigns(held), *(leaving.supervised(held) if alone else [])]
