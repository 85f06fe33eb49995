"""What of the desk waits for this person's decision: exits, absences without cover, conversations that are nobody's."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count, Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadmaster.accounts.current_user import current_user
from leadmaster.lib.admin.pending import ENOUGH, ROWS, Harm, Pending, Pile
from opportunities.admin.badges import waiting
from opportunities.admin.base import team_ids_in
from opportunities.enums import AbsencePolicy, OpportunityState
from opportunities.models import Absence, Opportunity
from opportunities.policy import SUPERVISE
from opportunities.queries.conversations import cards, unowned

_AHEAD = dt.timedelta(days=1)


def piles(request: HttpRequest, now: dt.datetime) -> list[Pile]:
    """Nothing for those who decide at no desk."""
    if not request.user.has_perm(SUPERVISE) or not team_ids_in(request):
        return []
    return [_exits(request), _conversations(request, now), _absences(request, now)]


def _exits(request: HttpRequest) -> Pile:
    total = waiting(request)
    found: list[Opportunity] = []
    if total:
        mine = Opportunity.objects.filter(team_id__in=team_ids_in(request))
        ids = list(mine.inbox().values_list("pk", flat=True)[:ROWS])
        found = list(mine.filter(pk__in=ids).select_related("client", "stage", "owner__user").inbox())
    rows = [
        Pending(
            title=row.client.full_name or str(row),
            cause=_why(row),
            since=row.state_since,
            url=reverse("admin:opportunities_opportunity_change", args=[row.pk]),
            button=_("Decidir"),
            act=f"{reverse('admin:opportunities_opportunity_beside', args=[row.pk])}?back={reverse('admin:index')}",
        )
        for row in found
    ]
    url = reverse("admin:opportunities_opportunity_inbox")
    return Pile(kind=_("Bandeja"), icon="inbox", url=url, total=total, rows=tuple(rows))


def _why(row: Opportunity) -> str:
    who = row.owner or _("Nadie")
    if row.exit_reason:
        return _("%(who)s la sacó del embudo: “%(why)s”.") % {"who": who, "why": row.exit_reason}
    return _("%(who)s la sacó del embudo en %(stage)s.") % {"who": who, "stage": row.stage or "—"}


def _conversations(request: HttpRequest, now: dt.datetime) -> Pile:
    found, total = unowned(current_user(request), now=now, most=ROWS, enough=ENOUGH)
    rows = []
    for card in cards(found, now=now):
        page = reverse("desk-conversation", args=[card.row.pk])
        rows.append(
            Pending(
                title=card.person.name,
                cause=_("Escribió por %(line)s y nadie le contesta: “%(words)s”.")
                % {"line": card.row.session, "words": card.words},
                since=card.row.waiting_since or card.row.last_at,
                url=page,
                button=_("Atender"),
                act=page,
            )
        )
    url = f"{reverse('desk-conversations')}?sin=1"
    return Pile(kind=_("Conversaciones de nadie"), icon="chat", url=url, total=total, rows=tuple(rows))


def _absences(request: HttpRequest, now: dt.datetime) -> Pile:
    """Of whom is away today or tomorrow while their clients wait with a clock that stands still."""
    working = Count("promoter__opportunities", filter=Q(promoter__opportunities__state=OpportunityState.ACTIVE))
    away = (
        Absence.objects.filter(
            promoter__desk__team__in=team_ids_in(request),
            policy=AbsencePolicy.PAUSE,
            ended_at__isnull=True,
            starts_on__lte=(now + _AHEAD).date(),
            ends_on__gte=(now - _AHEAD).date(),
        )
        .annotate(working=working)
        .filter(working__gt=0)
        .select_related("promoter__user", "promoter__desk__calendar")
        .order_by("starts_on", "id")[:ENOUGH]
    )
    found = [one for one in away if one.ends_on >= one.promoter.desk.date_at(now)]
    rows = [
        Pending(
            title=str(one.promoter),
            cause=ngettext(
                "Está de licencia hasta el %(day)s y %(n)d cliente suyo espera con el plazo detenido.",
                "Está de licencia hasta el %(day)s y %(n)d clientes suyos esperan con el plazo detenido.",
                one.__dict__["working"],
            )
            % {"day": f"{one.ends_on:%d/%m}", "n": one.__dict__["working"]},
            since=one.begun_at or one.created_at,
            url=reverse("admin:opportunities_absence_change", args=[one.pk]),
            button=_("Repartir"),
            act=reverse("admin:opportunities_absence_share", args=[one.pk]),
            harm=Harm.NOTICE,
        )
        for one in found[:ROWS]
    ]
    url = reverse("admin:opportunities_absence_changelist")
    return Pile(kind=_("Ausencias sin reemplazo"), icon="beach_access", url=url, total=len(found), rows=tuple(rows))
