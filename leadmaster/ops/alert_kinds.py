"""What to do about each kind of alert, and the page where it is done. A kind is what stands before the `:` of a key.

Whoever opens a new kind writes it down here: a test compares this table with the calls that open alerts.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from leadmaster.ops.models import Alert

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """`page` is an address of the admin, `permission` what it takes to come in; `of_row`: the key ends with its row's id."""

    advice: _StrPromise
    button: _StrPromise
    page: str
    permission: str
    of_row: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Remedy:
    """For one alert and one person. Without an address they can't do it themselves."""

    advice: str
    button: str = ""
    url: str = ""


_LINE, _CAMPAIGN = "whatsapp.view_whatsappsession", "campaigns.view_campaign"
_BEATS = ("ops_heartbeat_changelist", "ops.view_heartbeat")
_SYNCS = ("directory_syncstate_changelist", "directory.view_syncstate")

KINDS: Final[dict[str, Kind]] = {
    "session": Kind(
        advice=_("Por esta línea no sale nada. Su página dice qué pasó y qué falta; después sigue sola."),
        button=_("Ver la línea"),
        page="whatsapp_whatsappsession_change",
        permission=_LINE,
        of_row=True,
    ),
    "session-cold": Kind(
        advice=_("Los contactos nuevos descansan y siguen solos. Escribe a menos desconocidos por esta línea."),
        button=_("Ver la línea"),
        page="whatsapp_whatsappsession_change",
        permission=_LINE,
        of_row=True,
    ),
    "gateway": Kind(
        advice=_(
            "Avisa a quien administra el gateway. Cuando conteste, sus líneas siguen solas; lo que pudo salir queda "
            "incierto y se consulta."
        ),
        button=_("Ver las sesiones"),
        page="whatsapp_whatsappsession_changelist",
        permission=_LINE,
    ),
    "gateway-token": Kind(
        advice=_("Quien administra escribe el token correcto en la línea; después quita su pausa."),
        button=_("Ver las sesiones"),
        page="whatsapp_whatsappsession_changelist",
        permission=_LINE,
    ),
    "callback-secret": Kind(
        advice=_("Quien administra escribe en la línea el secreto con que su gateway firma los avisos."),
        button=_("Ver la línea"),
        page="whatsapp_whatsappsession_change",
        permission=_LINE,
        of_row=True,
    ),
    "callback-refused": Kind(
        advice=_("El gateway manda avisos con otra forma: compara su versión con la que esperamos."),
        button=_("Ver los avisos"),
        page="campaigns_refusedevent_changelist",
        permission="campaigns.view_refusedevent",
    ),
    "campaign-errors": Kind(
        advice=_("Mira los códigos: números malos son de la lista; lo demás es de la línea o del gateway."),
        button=_("Ver la campaña"),
        page="campaigns_campaign_change",
        permission=_CAMPAIGN,
        of_row=True,
    ),
    "campaign-canary": Kind(
        advice=_("Mira la línea y esos mensajes en su teléfono. Si salen, suelta el freno con un motivo."),
        button=_("Soltar el freno"),
        page="campaigns_campaign_lift",
        permission="campaigns.approve_campaign",
        of_row=True,
    ),
    "campaign-opt-outs": Kind(
        advice=_("Mira a quién le escribe y qué dice. Si está bien así, suelta el freno con un motivo."),
        button=_("Soltar el freno"),
        page="campaigns_campaign_lift",
        permission="campaigns.approve_campaign",
        of_row=True,
    ),
    "campaign-template": Kind(
        advice=_("Arregla la plantilla en WhatsApp Manager y suelta el freno con un motivo: lo pendiente sigue."),
        button=_("Soltar el freno"),
        page="campaigns_campaign_lift",
        permission="campaigns.approve_campaign",
        of_row=True,
    ),
    "envio-conflict": Kind(
        advice=_("Dos pruebas dicen cosas distintas de este mensaje. Su historial tiene las dos: decide cuál vale."),
        button=_("Ver el envío"),
        page="campaigns_envio_change",
        permission="campaigns.view_envio",
        of_row=True,
    ),
    "asked-back": Kind(
        advice=_("Pidió volver a recibir mensajes. Quien administra levanta la exclusión con un motivo, o la deja."),
        button=_("Ver los números excluidos"),
        page="directory_suppression_changelist",
        permission="directory.view_suppression",
    ),
    "opt-out-doubts": Kind(
        advice=_("Nada se les envía mientras tanto. Di de cada mensaje si pedía la baja."),
        button=_("Decidir"),
        page="directory_suppression_doubts",
        permission="directory.add_suppression",
    ),
    "database-restored": Kind(
        advice=_("Los envíos están apagados hasta que cada equipo lea su diario, o alguien lo dé por perdido."),
        button=_("Ver los diarios"),
        page="campaigns_journalreport_changelist",
        permission="campaigns.view_journalreport",
    ),
    "journal-unusable": Kind(
        advice=_("Ese equipo no envía hasta que pueda escribir su diario: hazle lugar en el disco. Los demás siguen."),
        button=_("Ver los latidos"),
        page=_BEATS[0],
        permission=_BEATS[1],
    ),
    "schedules_ahead": Kind(
        advice=_("Las tareas ya están en hora. Quien cuida los equipos revisa su reloj (NTP)."),
        button=_("Ver los latidos"),
        page=_BEATS[0],
        permission=_BEATS[1],
    ),
    "tick_late": Kind(
        advice=_("No sale ningún mensaje. Quien cuida los equipos revisa que el proceso de envíos esté en marcha."),
        button=_("Ver los latidos"),
        page=_BEATS[0],
        permission=_BEATS[1],
    ),
    "database_down": Kind(
        advice=_("Nadie puede trabajar mientras dura. Revisa el servidor de la base, su disco y sus conexiones."),
        button=_("Ver los latidos"),
        page=_BEATS[0],
        permission=_BEATS[1],
    ),
    "timers_late": Kind(
        advice=_("Lo vencido no vuelve al pool todavía. Decide a mano lo que no puede esperar."),
        button=_("Ver las vencidas"),
        page="opportunities_opportunity_changelist",
        permission="opportunities.supervise_opportunity",
    ),
    "retiming_stuck": Kind(
        advice=_("Los plazos no siguen al nuevo horario: revisa que el proceso de tareas esté en marcha."),
        button=_("Ver los horarios"),
        page="calendars_operatingcalendar_changelist",
        permission="calendars.view_operatingcalendar",
    ),
    "directory_late": Kind(
        advice=_("Faltan los clientes nuevos. La última sincronización dice en qué se quedó."),
        button=_("Ver las sincronizaciones"),
        page=_SYNCS[0],
        permission=_SYNCS[1],
    ),
    "directory_sync_failed": Kind(
        advice=_("La sincronización dice por qué: la dirección, los permisos, o una base que se achicó de golpe."),
        button=_("Ver las sincronizaciones"),
        page=_SYNCS[0],
        permission=_SYNCS[1],
    ),
    "reconciliation": Kind(
        advice=_("Quien administra mira cada hallazgo y aplica lo que lo arregla."),
        button=_("Ver la conciliación"),
        page="ops_reconciliationfinding_changelist",
        permission="ops.apply_repair",
    ),
}


def family(key: str) -> str:
    return key.partition(":")[0]


def row_id(key: str) -> int | None:
    """The id that the key ends with; None where it names something else."""
    last = key.rpartition(":")[2]
    return int(last) if last.isascii() and last.isdigit() and len(last) < 19 else None


def remedy(alert: Alert, user: object) -> Remedy:
    """What this person can do about it. An alert that nobody wrote down has neither advice nor button."""
    kind = KINDS.get(family(alert.key))
    if kind is None:
        return Remedy(advice="")
    row = row_id(alert.key) if kind.of_row else None
    may = bool(getattr(user, "has_perm", None)) and user.has_perm(kind.permission)  # type: ignore[attr-defined]
    if not may or (kind.of_row and row is None):
        return Remedy(advice=str(kind.advice))
    url = reverse(f"admin:{kind.page}", args=[row] if kind.of_row else [])
    return Remedy(advice=str(kind.advice), button=str(kind.button), url=url)
