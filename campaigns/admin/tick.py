"""The log of the minutes of sending."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.enums import EnvioState
from campaigns.models import Tick
from leadmaster.lib import screens
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
        return screens.seconds((tick.finished_at - tick.started_at).total_seconds())

    @display(description=gettext_lazy("informe"))
    def told(self, tick: Tick) -> str:
        return " · ".join(_sentences(tick.report if isinstance(tick.report, dict) else {})) or _("nada que enviar")


def _sentences(report: Mapping[str, Any]) -> Iterator[str]:
    """What the minute did, as people say it. Keys of an older version are left out."""
    outcomes = report.get("outcomes") or {}
    names = {
        **dict(EnvioState.choices),
        "withdrawn": _("Devuelto antes de salir"),
        "lost": _("Lo terminó otro proceso"),
    }
    yield from (f"{names[state]} {count}" for state, count in outcomes.items() if state in names)
    if reaped := report.get("reaped"):
        yield _("Recuperado de un proceso que murió %(count)s") % {"count": reaped}
    if parked := report.get("parked"):
        yield _("Apartado después de una restauración %(count)s") % {"count": parked}
    if waiting := report.get("waiting"):
        yield ngettext("%(count)s línea espera", "%(count)s líneas esperan", len(waiting)) % {"count": len(waiting)}
