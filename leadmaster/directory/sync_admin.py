"""How far each source has been read, and what the last run found."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.directory.models import SyncState
from leadmaster.directory.sync.report import SyncReport
from leadmaster.lib import screens
from leadmaster.lib.admin.modeladmins import NOTHING, ReadOnlyAdmin, moment


@admin.register(SyncState)
class SyncStateAdmin(ReadOnlyAdmin[SyncState]):
    list_display = ("source", "standing", "ended", "outcome")
    ordering = ("source",)
    sortable_by = ()
    list_before_template = "admin/directory/syncstate/how.html"
    change_form_template = "admin/directory/syncstate/change_form.html"
    ended = moment("finished_at", gettext_lazy("terminó"))

    def get_fieldsets(self, request: HttpRequest, obj: SyncState | None = None) -> Any:
        return []

    @display(description=gettext_lazy("estado"))
    def standing(self, state: SyncState) -> SafeString:
        return standing(state)

    @display(description=gettext_lazy("último informe"))
    def outcome(self, state: SyncState) -> SafeString:
        report = SyncReport.of(state.report)
        words = _("%(new)d nuevos, %(changed)d cambiados, %(gone)d ya no están") % {
            "new": report.new,
            "changed": report.changed + report.returned,
            "gone": report.gone,
        }
        if not report.read:
            return NOTHING
        return format_html('<span class="lm-advance">{}<small>{}</small></span>', _bar(report), words)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        state: SyncState = kwargs["obj"]
        report = SyncReport.of(state.report)
        context.update(
            standing=standing(state),
            advance=_advance(state),
            bar=_bar(report),
            legend=screens.shares(_parts(report)),
            report=report,
            troubles=[(label, count) for label, count in _troubles(report) if count],
        )
        return super().render_change_form(request, context, *args, **kwargs)


def standing(state: SyncState) -> SafeString:
    """A run that was killed looks as one at work; both go on from where they are."""
    if state.progress is not None:
        return screens.badge(_("Sin terminar · %(percent)d %%") % {"percent": _percent(state)}, "warn")
    if state.finished_at is None:
        return screens.badge(_("Nunca terminó"), "bad")
    return screens.badge(_("Terminada"), "good")


def _percent(state: SyncState) -> int:
    left = state.progress or {}
    return min(100, int(left.get("done", 0)) * 100 // max(int(left.get("total", 0)), 1))


def _advance(state: SyncState) -> str:
    if state.progress is None:
        return ""
    return _("%(done)d de %(total)d clientes. Si la corrida se cortó, la próxima sigue desde ahí.") % {
        "done": state.progress.get("done", 0),
        "total": state.progress.get("total", 0),
    }


def _parts(report: SyncReport) -> list[screens.Part]:
    return [
        (_("Nuevos"), report.new, "sent"),
        (_("Cambiados"), report.changed, "sending"),
        (_("Volvieron"), report.returned, "delivered"),
        (_("Sin cambios"), report.unchanged, "pending"),
        (_("Ya no están"), report.gone, "error"),
    ]


def _bar(report: SyncReport) -> SafeString:
    return screens.stacked_bar(_parts(report), _("Clientes de la última sincronización"))


def _troubles(report: SyncReport) -> list[tuple[str, int]]:
    return [
        (_("Sin ningún teléfono válido"), report.unreachable),
        (_("Teléfonos inválidos"), report.invalid_phones),
        (_("Correos inválidos"), report.invalid_mails),
        (_("Sin identificador, no se tomaron"), report.without_id),
        (_("Con un identificador repetido"), report.repeated),
        (_("Sin fecha de actualización"), report.undated),
        (_("Con fecha futura"), report.ahead),
        (_("Números o fechas ilegibles"), report.unreadable),
    ]
