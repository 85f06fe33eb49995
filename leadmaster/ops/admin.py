"""Signs of life on the desk."""

from __future__ import annotations

import json

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
from leadmaster.ops.reconciliation_admin import FindingAdmin, RepairAdmin

__all__ = ["FindingAdmin", "HeartbeatAdmin", "RepairAdmin"]


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin[Heartbeat]):
    list_display = ("name", "standing", "beat", "told")
    ordering = ("name",)
    beat = moment("at", gettext_lazy("último latido"))

    @display(description=gettext_lazy("estado"))
    def standing(self, heartbeat: Heartbeat) -> SafeString:
        if heartbeat.name != TICK:
            return screens.badge("—")
        late = timezone.now() - heartbeat.at > LATE_AFTER
        return screens.badge(_("Con demora"), "bad") if late else screens.badge(_("Al día"), "good")

    @display(description=gettext_lazy("detalle"))
    def told(self, heartbeat: Heartbeat) -> str:
        return json.dumps(heartbeat.detail, ensure_ascii=False) if heartbeat.detail else "—"
