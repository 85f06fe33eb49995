"""Numbers that get nothing from us: what waits for them is cancelled with the exclusion."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.errors import Refused
from campaigns.opt_ins import lift
from campaigns.opt_out_doubts import confirm, dismiss
from campaigns.suppressions import suppress_list
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.directory.models import Suppression, SuppressionLift
from leadmaster.directory.suppression import SuppressionReport
from leadmaster.directory.suppression_admin import SuppressionAdmin
from leadmaster.lib.admin.confirm import Confirmation, ReasonForm, confirm_and_run
from leadmaster.lib.admin.modeladmins import ReadOnlyAdmin, UncountedPaginator, moment
from leadmaster.lib.phones import parsing

# Doubts on one page, and how far they are counted.
_SHOWN = 50
_MANY = 100


@admin.register(Suppression)
class CancellingSuppressionAdmin(SuppressionAdmin):
    list_before_template = "admin/directory/suppression/waiting.html"

    def suppress(
        self, *, phones: str, region: str, reason: str, by: User, now: dt.datetime
    ) -> tuple[SuppressionReport, int]:
        return suppress_list(phones, region=region, reason=reason, source=Suppression.Source.PERSON, by=by, now=now)

    def get_urls(self) -> list[URLPattern]:
        lift_view = self.admin_site.admin_view(self.lift_view)
        doubts_view = self.admin_site.admin_view(self.doubts_view)
        return [
            path("<int:pk>/lift/", lift_view, name="directory_suppression_lift"),
            path("doubts/", doubts_view, name="directory_suppression_doubts"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        waiting = Suppression.objects.in_doubt()[:_MANY].count() if self.has_add_permission(request) else 0
        return super().changelist_view(request, {**(extra_context or {}), "doubts": waiting, "many": _MANY})

    def doubts_view(self, request: HttpRequest) -> HttpResponse:
        """What people wrote that may have been an opt-out, the oldest first; POST says of one of them what it was."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            _decide_doubt(request)
            return HttpResponseRedirect(reverse("admin:directory_suppression_doubts"))
        rows = Suppression.objects.in_doubt().order_by("id")[:_SHOWN]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("¿Pidieron la baja?"),
            "doubts": [(row, parsing.pretty(row.phone)) for row in rows],
        }
        return TemplateResponse(request, "admin/directory/suppression/doubts.html", context)

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = list(super().get_list_display(request))
        return [*columns, "lift_link"] if self.has_lift_permission(request) else columns

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("directory.delete_suppression")

    @display(description="")
    def lift_link(self, row: Suppression) -> SafeString:
        return format_html(
            '<a class="lm-button" href="{}">{}</a>',
            reverse("admin:directory_suppression_lift", args=[row.pk]),
            _("Levantar"),
        )

    def lift_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET says whose exclusion it is; POST ends it, with a reason that stays."""
        if not self.has_lift_permission(request):
            raise PermissionDenied
        row = get_object_or_404(Suppression, pk=pk)

        def run(data: Mapping[str, Any]) -> str:
            lift(row, by=current_user(request), reason=data["reason"], now=timezone.now())
            return _("Se levantó la exclusión de %(phone)s.") % {"phone": parsing.pretty(row.phone)}

        page = Confirmation(
            title=_("Levantar la exclusión de %(phone)s") % {"phone": parsing.pretty(row.phone)},
            question=_(
                "Desde ahora las campañas vuelven a escribirle. Lo que se canceló con la exclusión sigue cancelado."
            ),
            button=_("Levantar la exclusión"),
            facts=[
                (_("Origen"), row.get_source_display()),
                (_("Motivo"), row.reason or "—"),
                *([(_("Pidió volver"), timezone.localtime(row.asked_back_at))] if row.asked_back_at else []),
            ],
            warning="" if row.asked_back_at else _("No consta que lo haya pedido: escribe cómo lo sabes."),
        )
        return confirm_and_run(
            request,
            page=page,
            run=run,
            refusals=Refused,
            back=reverse("admin:directory_suppression_changelist"),
            context={**self.admin_site.each_context(request), "opts": self.opts},
            form_class=ReasonForm,
        )


def _decide_doubt(request: HttpRequest) -> None:
    pk, meant = request.POST.get("pk", ""), request.POST.get("meant")
    row = Suppression.objects.filter(pk=int(pk) if pk.isdecimal() and len(pk) < 19 else 0).first()
    if row is None:
        messages.error(request, _("Eso ya se decidió: mira la lista de números excluidos."))
        return
    phone = {"phone": parsing.pretty(row.phone)}
    try:
        if meant == "si":
            confirm(row, by=current_user(request), now=timezone.now())
            messages.success(request, _("%(phone)s queda excluido: no recibe nada más.") % phone)
        elif meant == "no":
            dismiss(row, by=current_user(request), now=timezone.now())
            messages.success(request, _("%(phone)s sigue: lo pendiente sale cuando le toque.") % phone)
        else:
            messages.error(request, _("Di si pidió la baja o no."))
    except Refused as error:
        messages.error(request, str(error))


@admin.register(SuppressionLift)
class SuppressionLiftAdmin(ReadOnlyAdmin[SuppressionLift]):
    """Who ended which exclusion, and why."""

    list_display = ("phone", "lifted", "lifted_by", "reason", "suppressed_reason")
    list_select_related = ("lifted_by",)
    search_fields = ("phone",)
    ordering = ("-id",)
    sortable_by = ()
    paginator = UncountedPaginator
    show_full_result_count = False
    lifted = moment("lifted_at", gettext_lazy("cuándo"))
