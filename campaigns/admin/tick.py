"""The log of the minutes of sending."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import display
from django.utils.translation import gettext_lazy as _

from campaigns.models import Tick
from leadmaster.lib.modeladmins import ReadOnlyAdmin, UncountedPaginator, moment


@admin.register(Tick)
class TickAdmin(ReadOnlyAdmin[Tick]):
    list_display = ("at", "slot", "took", "told", "worker")
    ordering = ("-id",)
    list_per_page = 60
    paginator = UncountedPaginator
    at = moment("minute", _("minuto"))
    fields = ("minute", "slot", "worker", "started_at", "finished_at", "took", "told")

    @display(description=_("duración"))
    def took(self, tick: Tick) -> str:
        if tick.finished_at is None:
            return _("sin terminar")
        return f"{(tick.finished_at - tick.started_at).total_seconds():.1f} s"

    @display(description=_("informe"))
    def told(self, tick: Tick) -> str:
        report = tick.report if isinstance(tick.report, dict) else {}
        return " · ".join(f"{name} {value}" for name, value in report.items() if value) or _("nada que enviar")
