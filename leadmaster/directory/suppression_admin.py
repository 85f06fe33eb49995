"""Suppressed numbers on the desk: read, searched by phone, added by hand or from a pasted list."""

from __future__ import annotations

import datetime as dt
from abc import abstractmethod
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import SimpleListFilter, display
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leadmaster.accounts.models import User
from leadmaster.directory.models import Suppression
from leadmaster.directory.suppression import SuppressionReport
from leadmaster.lib.admin.confirm import Confirmation
from leadmaster.lib.admin.modeladmins import ReadOnlyAdmin, UncountedPaginator, moment
from leadmaster.lib.admin.widgets import SelectWidget, TextareaWidget, TextWidget
from leadmaster.lib.phones import parsing

_REGIONS = (("AR", gettext_lazy("Argentina")), ("MX", gettext_lazy("México")), ("BR", gettext_lazy("Brasil")))
_SHOWN = 8


class SuppressForm(forms.Form):
    phones = forms.CharField(
        label=gettext_lazy("Teléfonos"),
        widget=TextareaWidget({"rows": 8}),
        help_text=gettext_lazy("Uno por línea, o pegados desde una planilla."),
    )
    region = forms.ChoiceField(
        label=gettext_lazy("País de los números sin código"), choices=_REGIONS, widget=SelectWidget
    )
    reason = forms.CharField(label=gettext_lazy("Motivo"), max_length=200, widget=TextWidget)


class AskedBackFilter(SimpleListFilter):
    """Who wrote ALTA and waits for a person."""

    title = gettext_lazy("pidió volver")
    parameter_name = "back"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", gettext_lazy("Sí"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Suppression]) -> QuerySet[Suppression]:
        return queryset.filter(asked_back_at__isnull=False) if self.value() == "1" else queryset


class SuppressionAdmin(ReadOnlyAdmin[Suppression]):
    """Registered above, by the app that knows what is on its way to a number."""

    list_display = ("number", "source", "reason", "created_by", "since", "asked_back")
    list_filter = ("source", AskedBackFilter)
    list_select_related = ("created_by",)
    search_fields = ("phone",)
    search_help_text = gettext_lazy("Teléfono completo, como lo escribas")
    ordering = ("-id",)
    sortable_by = ()
    paginator = UncountedPaginator
    show_full_result_count = False
    since = moment("created_at", gettext_lazy("desde"))
    asked_back = moment("asked_back_at", gettext_lazy("pidió volver"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("directory.add_suppression")

    @display(description=gettext_lazy("teléfono"))
    def number(self, row: Suppression) -> str:
        return parsing.pretty(row.phone)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suppression], search_term: str
    ) -> tuple[QuerySet[Suppression], bool]:
        if not search_term.strip():
            return queryset, False
        read = (parsing.normalise(search_term, region) for region, _name in _REGIONS)
        return queryset.filter(phone__in=[phone.e164 for phone in read if isinstance(phone, parsing.Phone)]), False

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One form for one number and for a list of thousands."""
        if not self.has_add_permission(request) or not isinstance(request.user, User):
            raise PermissionDenied
        form = SuppressForm(request.POST if request.method == "POST" else None)
        back = reverse("admin:directory_suppression_changelist")
        if request.method == "POST" and form.is_valid():
            _tell(request, *self.suppress(**form.cleaned_data, by=request.user, now=timezone.now()))
            return HttpResponseRedirect(back)
        page = Confirmation(
            title=_("Excluir números"),
            question=_(
                "Estos números no reciben nada más de nosotros, en ninguna campaña de ninguna sesión. Lo que estaba "
                "pendiente para ellos se cancela."
            ),
            button=_("Excluir"),
        )
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": page.title}
        return TemplateResponse(request, "admin/confirm.html", {**context, "page": page, "form": form, "back": back})

    @abstractmethod
    def suppress(
        self, *, phones: str, region: str, reason: str, by: User, now: dt.datetime
    ) -> tuple[SuppressionReport, int]:
        """Suppress every number of this text and cancel what waits for it; what was read, and how many messages."""


def _tell(request: HttpRequest, report: SuppressionReport, cancelled: int) -> None:
    messages.success(
        request,
        ngettext("%d número excluido.", "%d números excluidos.", report.added) % report.added
        + (_(" %d ya lo estaban.") % report.already if report.already else ""),
    )
    if cancelled:
        messages.info(
            request,
            ngettext(
                "Se canceló %d mensaje pendiente a esos números.",
                "Se cancelaron %d mensajes pendientes a esos números.",
                cancelled,
            )
            % cancelled,
        )
    for text, sentence in report.invalid[:_SHOWN]:
        messages.error(request, f"“{text[:40]}”: {sentence}")
    if len(report.invalid) > _SHOWN:
        messages.error(request, _("Y otros %d que no son teléfonos.") % (len(report.invalid) - _SHOWN))
