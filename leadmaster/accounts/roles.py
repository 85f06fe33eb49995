"""The three roles and what each may do anywhere. Which rows they may do it to is `visible_to` on each QuerySet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Role(models.TextChoices):
    PROMOTER = "promotor", _("Promotor")
    SUPERVISOR = "supervisor", _("Supervisor")
    ADMINISTRATOR = "administrador", _("Administrador")


_PROMOTER: frozenset[str] = frozenset(
    {
        "campaigns.view_campaign",
        "campaigns.add_campaign",
        "campaigns.change_campaign",
        "campaigns.operate_campaign",
        "campaigns.view_envio",
        "campaigns.view_schedule",
        "campaigns.add_schedule",
        "campaigns.change_schedule",
        "campaigns.delete_schedule",
        "campaigns.view_recipientimport",
        "campaigns.add_recipientimport",
        "whatsapp.view_whatsappsession",
        "whatsapp.pair_whatsappsession",
        "opportunities.view_opportunity",
        "opportunities.view_lot",
        "opportunities.view_dailyquota",
        "opportunities.work_opportunity",
    }
)

_SUPERVISOR: frozenset[str] = _PROMOTER | {
    "accounts.view_user",
    "accounts.view_team",
    "calendars.add_holiday",
    "calendars.add_operatingcalendar",
    "calendars.change_holiday",
    "calendars.change_operatingcalendar",
    "calendars.delete_holiday",
    "calendars.view_holiday",
    "calendars.view_operatingcalendar",
    "campaigns.approve_campaign",
    "campaigns.decide_envio",
    "campaigns.switch_sender",
    "campaigns.add_automaticrule",
    "campaigns.change_automaticrule",
    "campaigns.view_automaticanswer",
    "campaigns.view_automaticrule",
    "campaigns.view_attempt",
    "campaigns.view_campaignevent",
    "campaigns.view_envioevent",
    "campaigns.view_journalreport",
    "campaigns.view_senderswitch",
    "campaigns.view_tick",
    "directory.view_suppression",
    "directory.add_suppression",
    "directory.view_suppressionlift",
    "opportunities.change_desk",
    "opportunities.change_promoter",
    "opportunities.supervise_opportunity",
    "opportunities.view_absence",
    "opportunities.view_bulkaction",
    "opportunities.view_desk",
    "opportunities.view_opportunityevent",
    "opportunities.view_promoter",
    "opportunities.view_quotaentry",
    "opportunities.view_sale",
    "opportunities.view_stage",
    "opportunities.view_stageroute",
    "directory.view_client",
    "directory.view_syncstate",
    "ops.view_alert",
    "ops.view_heartbeat",
    "ops.resolve_alert",
    "whatsapp.add_whatsappsession",
    "whatsapp.change_whatsappsession",
}

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.PROMOTER: _PROMOTER,
    Role.SUPERVISOR: _SUPERVISOR,
}

# What an administrator may grant one supervisor beyond the role.
EXTRAS: dict[str, StrOrPromise] = {
    "opportunities.exceed_quota": _("Reasignar por encima del cupo del día, con un motivo"),
}


def grants(role: str, permission: str) -> bool:
    """Whether this role carries `app_label.codename`. An administrator carries all of them."""
    if role == Role.ADMINISTRATOR:
        return True
    return permission in PERMISSIONS.get(Role(role), frozenset())
