"""What the nightly look found, for administrators: the evidence, and the repair behind a question."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import action, display
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leadmaster.lib import screens
from leadmaster.lib.admin.confirm import Confirmation, confirm_and_run
from leadmaster.lib.admin.modeladmins import ReadOnlyAdmin, moment
from leadmaster.lib.ids import ids_in
from leadmaster.ops.models import ReconciliationFinding, Repair
from leadmaster.ops.reconciliation import nightly, registry, run

_MANY = 200
_SAMPLE = 8
_REPAIR = "ops.apply_repair"


class _ChosenForm(forms.Form):
    ids = forms.CharField(widget=forms.HiddenInput)


class NothingToRepairError(Exception):
    """None of them is untrue any more, or none can be repaired; `str()` says so."""


@admin.register(ReconciliationFinding)
class FindingAdmin(ReadOnlyAdmin[ReconciliationFinding]):
    """Those of the last run that ended. What was repaired stays in the list until the next night."""

    nothing_yet = gettext_lazy("Nada que corregir: la última conciliación encontró que todo es verdad.")
    list_display = ("what", "area", "row", "standing", "repair")
    list_filter = ("area",)
    list_before_template = "admin/ops/reconciliationfinding/before.html"
    list_disable_select_all = True
    list_per_page = 100
    ordering = ("id",)
    actions = ("repair_selected",)
    fields = ("what", "area", "kind", "subject", "proof", "repair", "standing")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReconciliationFinding]:
        return ReconciliationFinding.objects.filter(run=nightly.last_run()).order_by("id")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "last_run": nightly.last_run()})

    @display(description=gettext_lazy("fila"), ordering="subject")
    def row(self, finding: ReconciliationFinding) -> str:
        return f"#{finding.subject}"

    @display(description=gettext_lazy("estado"))
    def standing(self, finding: ReconciliationFinding) -> SafeString:
        if finding.repaired_at is not None:
            return screens.badge(_("Reparado"), "good")
        return screens.badge(_("Por reparar"), "warn") if finding.repair else screens.badge(_("Por decidir"), "bad")

    @display(description=gettext_lazy("evidencia"))
    def proof(self, finding: ReconciliationFinding) -> str:
        return json.dumps(finding.evidence, ensure_ascii=False, indent=1)

    @action(description=gettext_lazy("Reparar los elegidos"), permissions=["repair"])
    def repair_selected(self, request: HttpRequest, queryset: QuerySet[ReconciliationFinding]) -> HttpResponse:
        """The ids are frozen here; each row is looked at again before anything is written."""
        ids = ",".join(map(str, queryset.order_by("id").values_list("pk", flat=True)[:_MANY]))
        return HttpResponseRedirect(f"{reverse('admin:ops_reconciliationfinding_repair')}?{urlencode({'ids': ids})}")

    def has_repair_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(_REPAIR)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.repair_view)
        return [path("repair/", view, name="ops_reconciliationfinding_repair"), *super().get_urls()]

    def repair_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_repair_permission(request):
            raise PermissionDenied
        asked = request.POST.get("ids") or request.GET.get("ids", "")
        ids = ids_in(asked)[:_MANY]
        rows = list(self.get_queryset(request).filter(pk__in=ids, repaired_at__isnull=True).exclude(repair=""))
        back = reverse("admin:ops_reconciliationfinding_changelist")
        if not rows:
            messages.warning(request, _("Elige al menos un hallazgo que se pueda reparar."))
            return HttpResponseRedirect(back)

        def act(_data: Mapping[str, Any]) -> str:
            return _repair_all(rows, by_id=request.user.pk)

        return confirm_and_run(
            request,
            page=Confirmation(
                title=_("Reparar"),
                question=_("Cada fila se mira de nuevo antes de tocarla: lo que ya está bien no se cambia."),
                button=ngettext("Reparar %d fila", "Reparar %d filas", len(rows)) % len(rows),
                facts=[(_("Filas"), len(rows))],
                sample=[f"{row.what} → {row.repair}" for row in rows[:_SAMPLE]],
                sample_title=_("Lo que se va a hacer"),
                warning=_("Cada reparación queda registrada con tu nombre."),
            ),
            run=act,
            form_class=_ChosenForm,
            initial={"ids": asked},
            refusals=NothingToRepairError,
            back=back,
            context={**self.admin_site.each_context(request), "opts": self.opts},
        )


@admin.register(Repair)
class RepairAdmin(ReadOnlyAdmin[Repair]):
    nothing_yet = gettext_lazy("Todavía no se reparó nada.")
    list_display = ("when", "what", "done", "who", "row")
    list_select_related = ("by",)
    ordering = ("-id",)
    when = moment("at", gettext_lazy("cuándo"))

    @display(description=gettext_lazy("quién"))
    def who(self, repair: Repair) -> str:
        return str(repair.by) if repair.by else _("el sistema")

    @display(description=gettext_lazy("fila"))
    def row(self, repair: Repair) -> str:
        return f"{repair.kind} #{repair.subject}"


def _repair_all(rows: Sequence[ReconciliationFinding], *, by_id: int | None) -> str:
    now = timezone.now()
    repaired = well = 0
    for row in rows:
        check = registry.check_named(row.kind)
        outcome = run.repair(check, row.subject, by_id=by_id, now=now) if check else None
        if outcome is not None and not outcome.repaired:
            continue
        repaired += outcome is not None
        well += outcome is None
        ReconciliationFinding.objects.filter(pk=row.pk).update(repaired_at=now)
    if not repaired and not well:
        raise NothingToRepairError(_("Ninguno se pudo reparar: mira el registro del servidor."))
    done = ngettext("%d fila reparada.", "%d filas reparadas.", repaired) % repaired
    if not well:
        return done
    already = _("Las demás ya estaban bien.")
    return f"{done} {already}"
