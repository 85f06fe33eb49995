"""The log of the minutes of sending."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin import display
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Tick
from leadmaster.lib.admin.modeladmins import ReadOnlyAdmin, UncountedPaginator, moment


@admin.register(Tick)
class TickAdmin(ReadOnlyAdmin[Tick]):
    list_display = ("at", "slot", "took", "told", "worker")
    ordering = ("-id",)
    sortable_by = ()
    list_per_page = 60
    paginator = UncountedPaginator
    show_full_result_count = False
    at = moment("minute", gettext_lazy("minuto"))
    fields = ("minute", "slot", "worker", "started_at", "finished_at", "took", "told")

    @display(description=gettext_lazy("duración"))
    def took(self, tick: Tick) -> str:
        if tick.finished_at is None:
            return _("sin terminar")
        return f"{(tick.finished_at - tick.started_at).total_seconds():.1f} s"

    @display(description=gettext_lazy("informe"))
    def told(self, tick: Tick) -> str:
        report = tick.report if isinstance(tick.report, dict) else {}
        return " · ".join(f"{name} {value}" for name, value in report.items() if value) or _("nada que enviar")
