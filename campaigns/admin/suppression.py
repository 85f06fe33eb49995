"""Numbers that get nothing from us: what waits for them is cancelled with the exclusion."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.errors import Refused
from campaigns.inbound import suppress_list
from campaigns.opt_ins import lift
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.directory.models import Suppression, SuppressionLift
from leadmaster.directory.suppression import SuppressionReport
from leadmaster.directory.suppression_admin import SuppressionAdmin
from leadmaster.lib.admin.confirm import Confirmation, ReasonForm, confirm_and_run
from leadmaster.lib.admin.modeladmins import ReadOnlyAdmin, UncountedPaginator, moment
from leadmaster.lib.phones import parsing


@admin.register(Suppression)
class CancellingSuppressionAdmin(SuppressionAdmin):
    def suppress(
        self, *, phones: str, region: str, reason: str, by: User, now: dt.datetime
    ) -> tuple[SuppressionReport, int]:
        return suppress_list(phones, region=region, reason=reason, source=Suppression.Source.PERSON, by=by, now=now)

    def get_urls(self) -> list[URLPattern]:
        lift_view = self.admin_site.admin_view(self.lift_view)
        return [path("<int:pk>/lift/", lift_view, name="directory_suppression_lift"), *super().get_urls()]

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
