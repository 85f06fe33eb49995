"""After a restore: whose journals were read, whose are missing, and the way to say that one is lost."""

from __future__ import annotations

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

from campaigns import restores
from campaigns.errors import Refused
from campaigns.models import JournalReport
from leadmaster.accounts.current_user import current_user
from leadmaster.lib import screens
from leadmaster.lib.admin.confirm import Confirmation, ReasonForm, confirm_and_run
from leadmaster.lib.admin.modeladmins import NOTHING, ReadOnlyAdmin


@admin.register(JournalReport)
class JournalReportAdmin(ReadOnlyAdmin[JournalReport]):
    list_display = ("sender", "noticed", "standing", "parked", "lost_by", "lost_reason", "give_up")
    list_select_related = ("restore", "sender", "lost_by")
    ordering = ("-restore_id", "id")
    sortable_by = ()
    fields = ("sender", "noticed", "standing", "parked", "lost_by", "lost_reason")

    def get_urls(self) -> list[URLPattern]:
        lost = self.admin_site.admin_view(self.lost_view)
        return [path("<int:pk>/lost/", lost, name="campaigns_journalreport_lost"), *super().get_urls()]

    @display(description=gettext_lazy("respaldo notado"))
    def noticed(self, row: JournalReport) -> SafeString:
        return screens.when(row.restore.detected_at, timezone.now())

    @display(description=gettext_lazy("diario"))
    def standing(self, row: JournalReport) -> SafeString:
        if row.reported_at is not None:
            return screens.badge(_("Leído"), "good")
        if row.lost_at is not None:
            return screens.badge(_("Dado por perdido"), "neutral")
        return screens.badge(_("Falta"), "bad")

    @display(description="")
    def give_up(self, row: JournalReport) -> SafeString:
        if row.reported_at is not None or row.lost_at is not None:
            return NOTHING
        address = reverse("admin:campaigns_journalreport_lost", args=[row.pk])
        return format_html('<a class="lm-button" href="{}">{}</a>', address, _("Dar por perdido"))

    def lost_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """GET says what it means; POST gives the journal up."""
        if not request.user.has_perm("campaigns.switch_sender"):
            raise PermissionDenied
        report = get_object_or_404(JournalReport.objects.select_related("sender", "restore"), pk=pk)

        def run(data: Mapping[str, Any]) -> str:
            restores.declare_lost(report, by=current_user(request), reason=data["reason"], now=timezone.now())
            return _("El diario de %(name)s se dio por perdido.") % {"name": report.sender.name}

        return confirm_and_run(
            request,
            page=_page(report),
            run=run,
            refusals=Refused,
            form_class=ReasonForm,
            back=reverse("admin:campaigns_journalreport_changelist"),
            context={**self.admin_site.each_context(request), "opts": self.opts},
        )


def _page(report: JournalReport) -> Confirmation:
    return Confirmation(
        title=_("Dar por perdido el diario de %(name)s") % {"name": report.sender.name},
        question=_(
            "Hazlo solo si ese equipo o su disco no vuelven. Si puede encenderse, enciéndelo: lee su diario en un "
            "minuto y este aviso se va solo."
        ),
        button=_("Dar por perdido"),
        facts=[(_("Visto por última vez"), screens.when(report.sender.last_seen_at, timezone.now()))],
        warning=_("Lo que ese equipo envió después del respaldo puede volver a salir."),
        tone="danger",
    )
