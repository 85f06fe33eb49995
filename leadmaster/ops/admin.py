"""Signs of life on the desk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.contrib import admin
from django.contrib.admin import display
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib import screens
from leadmaster.lib.admin.modeladmins import ReadOnlyAdmin, moment
from leadmaster.ops.health import LATE_AFTER, TICK
from leadmaster.ops.models import Heartbeat
from leadmaster.ops.privacy_admin import PersonalDataAdmin
from leadmaster.ops.reconciliation_admin import FindingAdmin, RepairAdmin

__all__ = ["FindingAdmin", "HeartbeatAdmin", "PersonalDataAdmin", "RepairAdmin"]


# By the name under which a process gives its sign of life.
_NAMES: Final = {
    "tick": gettext_lazy("Envíos"),
    "lookups": gettext_lazy("Consultas de inciertos"),
    "sessions": gettext_lazy("Estado de las líneas"),
    "timers": gettext_lazy("Plazos de la mesa"),
    "watchdog": gettext_lazy("Vigilante"),
    "directory": gettext_lazy("Directorio de clientes"),
}
_DETAILS: Final = {
    "asked": gettext_lazy("Líneas consultadas"),
    "expired": gettext_lazy("Plazos vencidos"),
    "read": gettext_lazy("Clientes leídos"),
    "new": gettext_lazy("nuevos"),
    "changed": gettext_lazy("cambiados"),
    "worker": gettext_lazy("Proceso"),
}


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin[Heartbeat]):
    list_display = ("process", "standing", "beat", "told")
    fields = ("process", "beat", "told")
    ordering = ("name",)
    beat = moment("at", gettext_lazy("último latido"))

    @display(description=gettext_lazy("proceso"), ordering="name")
    def process(self, heartbeat: Heartbeat) -> str:
        return str(_NAMES.get(heartbeat.name, heartbeat.name))

    @display(description=gettext_lazy("estado"))
    def standing(self, heartbeat: Heartbeat) -> SafeString:
        if heartbeat.name != TICK:
            return screens.badge("—")
        late = timezone.now() - heartbeat.at > LATE_AFTER
        return screens.badge(_("Con demora"), "bad") if late else screens.badge(_("Al día"), "good")

    @display(description=gettext_lazy("detalle"))
    def told(self, heartbeat: Heartbeat) -> str:
        return " · ".join(_sentences(heartbeat.detail)) or "—"


def _sentences(detail: Mapping[str, Any]) -> Iterator[str]:
    """What a sign of life carries, as people say it; a key that nobody named stays with the programs."""
    yield from (f"{_DETAILS[key]} {value}" for key, value in detail.items() if key in _DETAILS)
