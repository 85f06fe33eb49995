"""How the admin looks and what its menu holds (settings.UNFOLD). Menu entries appear with the permission to see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext_lazy as _


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: request.user.has_perm(permission)


# Every page that has an entry: of an address that begins with several of them, the longest is marked.
_PAGES: list[str] = []


def _entry(title: Any, icon: str, page: str, permission: str, badge: str | None = None) -> dict[str, Any]:
    _PAGES.append(page)
    entry = {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{page}"),
        "permission": _may(permission),
        "active": lambda request: _marked(request) == page,
    }
    return {**entry, "badge": badge, "badge_variant": "danger"} if badge else entry


def _marked(request: HttpRequest) -> str | None:
    """The page whose entry is marked, once a request. A question asked from a list is that list's: its way back says so."""
    found: dict[str, str | None] = request.__dict__.setdefault("marked_entry", {})
    if not found:
        back = request.GET.get("back", "").partition("?")[0]
        index = reverse("admin:index")
        where = back if back.startswith(index) and back != index else request.path
        fit = {reverse(f"admin:{page}"): page for page in _PAGES}
        at = max((address for address in fit if where.startswith(address)), key=len, default="")
        found["page"] = fit.get(at)
    return found["page"]


_SUPERVISE = "opportunities.supervise_opportunity"


def _file(name: str) -> Callable[[HttpRequest], str]:
    """Asked per request: the address of a static file is known only once Django runs."""
    return lambda _request: static(f"leadmaster/{name}")


# A petrol scale whose 600 carries white text at AA contrast.
_PRIMARY = {
    "50": "#effbf9",
    "100": "#d2f4ee",
    "200": "#a6e8de",
    "300": "#6dd3c7",
    "400": "#3bb8ac",
    "500": "#1f9d92",
    "600": "#0f766e",
    "700": "#115e59",
    "800": "#134e4a",
    "900": "#123f3d",
    "950": "#042f2e",
}

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "LeadMaster",
    "SITE_HEADER": "LeadMaster",
    "SITE_SUBHEADER": _("Mesa de supervisión"),
    "SITE_SYMBOL": "forum",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _file("favicon.svg")}],
    "SHOW_HISTORY": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "COLORS": {"primary": _PRIMARY},
    "STYLES": [
        _file("tokens.css"),
        _file("admin.css"),
        _file("admin-desk.css"),
        _file("results.css"),
        _file("supervisor.css"),
    ],
    "SCRIPTS": [_file("live.js"), _file("search.js")],
    "DASHBOARD_CALLBACK": "leadmaster.home.context",
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    {"title": _("Inicio"), "icon": "space_dashboard", "link": reverse_lazy("admin:index")},
                    _entry(_("Resultados"), "monitoring", "opportunities_promoter_results", _SUPERVISE),
                ],
            },
            {
                "title": _("Campañas y envíos"),
                "items": [
                    _entry(
                        _("Campañas"),
                        "campaign",
                        "campaigns_campaign_changelist",
                        "campaigns.view_campaign",
                        "campaigns.admin.badges.awaiting_approval",
                    ),
                    _entry(_("Envíos"), "outgoing_mail", "campaigns_envio_changelist", "campaigns.view_envio"),
                    _entry(
                        _("Inciertos"),
                        "help",
                        "campaigns_uncertainenvio_changelist",
                        "campaigns.decide_envio",
                        "campaigns.admin.badges.uncertain",
                    ),
                    _entry(_("Estadísticas"), "bar_chart", "campaigns_campaign_stats", "campaigns.view_campaign"),
                    _entry(
                        _("Sesiones de WhatsApp"),
                        "smartphone",
                        "whatsapp_whatsappsession_changelist",
                        "whatsapp.view_whatsappsession",
                    ),
                    _entry(
                        _("Respuestas automáticas"),
                        "quickreply",
                        "campaigns_automaticrule_changelist",
                        "campaigns.view_automaticrule",
                    ),
                    _entry(
                        _("Números excluidos"),
                        "block",
                        "directory_suppression_changelist",
                        "directory.view_suppression",
                    ),
                ],
            },
            {
                "title": _("Mesa de asignación"),
                "items": [
                    {
                        "title": _("Conversaciones"),
                        "icon": "chat",
                        "link": reverse_lazy("desk-conversations"),
                        "permission": _may(_SUPERVISE),
                    },
                    _entry(
                        _("Bandeja"),
                        "inbox",
                        "opportunities_opportunity_inbox",
                        _SUPERVISE,
                        "opportunities.admin.badges.inbox",
                    ),
                    _entry(_("Oportunidades"), "handshake", "opportunities_opportunity_changelist", _SUPERVISE),
                    _entry(_("Pool"), "inventory_2", "opportunities_opportunity_pool", _SUPERVISE),
                    _entry(_("Lotes"), "stacks", "opportunities_lot_changelist", _SUPERVISE),
                    _entry(_("Acciones en bloque"), "checklist", "opportunities_bulkaction_changelist", _SUPERVISE),
                ],
            },
            {
                "title": _("Equipo y reglas"),
                "items": [
                    _entry(
                        _("Promotores"),
                        "badge",
                        "opportunities_promoter_changelist",
                        "opportunities.change_promoter",
                    ),
                    _entry(
                        _("Cupos"), "data_usage", "opportunities_dailyquota_changelist", "opportunities.view_quotaentry"
                    ),
                    _entry(
                        _("Ausencias"), "beach_access", "opportunities_absence_changelist", "opportunities.view_absence"
                    ),
                    _entry(_("Radar"), "radar", "opportunities_promoter_radar", _SUPERVISE),
                    _entry(_("Mesas"), "table_restaurant", "opportunities_desk_changelist", "opportunities.view_desk"),
                    _entry(_("Embudo"), "filter_alt", "opportunities_stage_changelist", "opportunities.view_stage"),
                    _entry(
                        _("Horarios"),
                        "calendar_clock",
                        "calendars_operatingcalendar_changelist",
                        "calendars.view_operatingcalendar",
                    ),
                    _entry(_("Feriados"), "event_busy", "calendars_holiday_changelist", "calendars.view_holiday"),
                ],
            },
            {
                "title": _("Directorio"),
                "items": [
                    _entry(_("Clientes"), "contacts", "directory_client_changelist", "directory.view_client"),
                    _entry(_("Sincronizaciones"), "sync", "directory_syncstate_changelist", "directory.view_syncstate"),
                ],
            },
            {
                "title": _("Operación"),
                "items": [
                    _entry(
                        _("Interruptor"),
                        "power_settings_new",
                        "campaigns_senderswitch_changelist",
                        "campaigns.view_senderswitch",
                    ),
                    _entry(
                        _("Alertas"),
                        "notifications",
                        "ops_alert_changelist",
                        "ops.view_alert",
                        "campaigns.admin.badges.open_alerts",
                    ),
                    _entry(_("Conciliación"), "fact_check", "ops_reconciliationfinding_changelist", "ops.apply_repair"),
                    _entry(
                        _("Datos personales"),
                        "shield_person",
                        "ops_personaldatarequest_changelist",
                        "ops.handle_personal_data",
                    ),
                    _entry(_("Diagnóstico"), "troubleshoot", "campaigns_campaign_diagnose", "campaigns.view_attempt"),
                    _entry(_("Auditoría"), "manage_search", "opportunities_promoter_audit", _SUPERVISE),
                    _entry(_("Latidos"), "ecg_heart", "ops_heartbeat_changelist", "ops.view_heartbeat"),
                    _entry(_("Minutos de envío"), "schedule", "campaigns_tick_changelist", "campaigns.view_tick"),
                    _entry(_("Intentos"), "history", "campaigns_attempt_changelist", "campaigns.view_attempt"),
                ],
            },
            {
                "title": _("Personas"),
                "items": [
                    _entry(_("Personas"), "person", "accounts_user_changelist", "accounts.change_user"),
                    _entry(_("Equipos"), "groups", "accounts_team_changelist", "accounts.change_team"),
                ],
            },
        ],
    },
}
