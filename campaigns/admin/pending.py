"""What of the sender waits for this person's decision: alerts, approvals, uncertain messages, unclear opt-outs."""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.admin.alert import visible_alerts
from campaigns.admin.alert_remedies import remedies
from campaigns.models import Campaign, Envio
from campaigns.progress import progress_of
from campaigns.suppressions import DOUBTS_ALERT
from leadmaster.accounts.current_user import current_user
from leadmaster.directory.models import Suppression
from leadmaster.lib.admin.pending import ENOUGH, ROWS, Harm, Pending, Pile, once
from leadmaster.lib.phones import parsing
from leadmaster.ops.models import Alert

_HARM: Final[dict[str, Harm]] = {Alert.Severity.CRITICAL: Harm.STOPS, Alert.Severity.WARNING: Harm.PEOPLE}
_MAY_DOUBT: Final = "directory.add_suppression"


def piles(request: HttpRequest, now: dt.datetime) -> list[Pile]:
    """Each only for who may decide it. Two queries for a pile with something in it, one for an empty one."""
    user = current_user(request)
    found = []
    if user.has_perm("ops.view_alert"):
        found.append(_alerts(request, now))
    if user.has_perm("campaigns.approve_campaign"):
        found.append(_approvals(request))
    if user.has_perm("campaigns.decide_envio"):
        found.append(_uncertain(request))
    if user.has_perm(_MAY_DOUBT):
        found.append(_doubts(request))
    return found


# --- How many ---------------------------------------------------------------------------------------------------------


def open_alerts(request: HttpRequest) -> list[Alert]:
    """The open ones that concern this person, the worst first; unclear opt-outs have a pile of their own."""

    def find() -> list[Alert]:
        rows = visible_alerts(request.user).filter(open_key__isnull=False).order_by("opened_at", "id")[:ENOUGH]
        return sorted(rows, key=lambda alert: _HARM.get(alert.severity, Harm.NOTICE))

    return once(request, "open_alerts", find)


def awaiting_approval(request: HttpRequest) -> int:
    rows = Campaign.objects.visible_to(request.user).awaiting_approval().order_by()
    return once(request, "awaiting_approval", rows[:ENOUGH].count)


def uncertain(request: HttpRequest) -> int:
    rows = Envio.objects.decided_by(request.user).uncertain().order_by()
    return once(request, "uncertain", rows[:ENOUGH].count)


# --- The piles --------------------------------------------------------------------------------------------------------


def _alerts(request: HttpRequest, now: dt.datetime) -> Pile:
    user = current_user(request)
    told_elsewhere = user.has_perm(_MAY_DOUBT)
    alerts = [one for one in open_alerts(request) if one.key != DOUBTS_ALERT or not told_elsewhere]
    first = alerts[:ROWS]
    ways = remedies(first, user, now)
    rows = []
    for alert in first:
        page = reverse("admin:ops_alert_change", args=[alert.pk])
        way = ways[alert.pk]
        rows.append(
            Pending(
                title=alert.title,
                cause=alert.body or way.advice,
                since=alert.opened_at,
                url=page,
                button=way.button or _("Ver qué hacer"),
                act=way.url or page,
                harm=_HARM.get(alert.severity, Harm.NOTICE),
            )
        )
    url = reverse("admin:ops_alert_changelist") + "?resolved_at__isempty=1"
    return Pile(kind=_("Alertas"), icon="notifications", url=url, total=len(alerts), rows=tuple(rows))


def _approvals(request: HttpRequest) -> Pile:
    total = awaiting_approval(request)
    waiting: list[Campaign] = []
    if total:
        rows = Campaign.objects.visible_to(request.user).awaiting_approval().select_related("owner", "session")
        waiting = list(rows.order_by("submitted_at", "id")[:ROWS])
    counted = progress_of([campaign.pk for campaign in waiting])
    pending = [
        Pending(
            title=campaign.name,
            cause=ngettext(
                "%(who)s pide escribir a %(n)d persona por %(line)s.",
                "%(who)s pide escribir a %(n)d personas por %(line)s.",
                counted[campaign.pk].total,
            )
            % {"who": campaign.owner, "n": counted[campaign.pk].total, "line": campaign.session},
            since=campaign.submitted_at or campaign.created_at,
            url=reverse("admin:campaigns_campaign_change", args=[campaign.pk]),
            button=_("Revisar y aprobar"),
            act=reverse("admin:campaigns_campaign_approve", args=[campaign.pk]),
        )
        for campaign in waiting
    ]
    url = reverse("admin:campaigns_campaign_changelist") + "?state__exact=por_aprobar"
    return Pile(kind=_("Campañas por aprobar"), icon="campaign", url=url, total=total, rows=tuple(pending))


def _uncertain(request: HttpRequest) -> Pile:
    total = uncertain(request)
    waiting: list[Envio] = []
    if total:
        rows = Envio.objects.decided_by(request.user).uncertain().select_related("campaign", "session", "author")
        waiting = list(rows.order_by("id")[:ROWS])
    pending = []
    for envio in waiting:
        decide = f"{reverse('admin:campaigns_uncertainenvio_decide')}?ids={envio.pk}"
        said = envio.error_text or _("Nadie confirmó si llegó.")
        pending.append(
            Pending(
                title=f"{envio.name} · {parsing.pretty(envio.phone)}".strip(" ·"),
                cause=f"{envio.title or envio.session} · {said}",
                since=envio.dispatched_at or envio.created_at,
                url=decide,
                button=_("Decidir"),
                act=decide,
            )
        )
    url = reverse("admin:campaigns_uncertainenvio_changelist")
    return Pile(kind=_("Inciertos"), icon="help", url=url, total=total, rows=tuple(pending))


def _doubts(request: HttpRequest) -> Pile:
    in_doubt = Suppression.objects.in_doubt().order_by("id")
    total = once(request, "doubts", in_doubt.order_by()[:ENOUGH].count)
    url = reverse("admin:directory_suppression_doubts")
    pending = [
        Pending(
            title=parsing.pretty(row.phone),
            cause=_("Escribió “%(words)s”: puede ser un pedido de baja, y no se le escribe mientras tanto.")
            % {"words": row.reason},
            since=row.created_at,
            url=url,
            button=_("Decidir"),
            act=url,
        )
        for row in (in_doubt[:ROWS] if total else ())
    ]
    return Pile(kind=_("Bajas en duda"), icon="block", url=url, total=total, rows=tuple(pending))
