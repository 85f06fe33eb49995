"""One person's data, for administrators: download it, erase it, and read who asked for either."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leadmaster.lib import screens
from leadmaster.lib.admin.confirm import Confirmation, ReasonForm, confirm_and_run
from leadmaster.lib.admin.modeladmins import ReadOnlyAdmin, moment
from leadmaster.lib.admin.widgets import TextWidget
from leadmaster.ops.models import PersonalDataRequest
from leadmaster.ops.privacy import run
from leadmaster.ops.privacy.part import NotNow

PERMISSION = "ops.handle_personal_data"


class WhoseForm(ReasonForm):
    phone = forms.CharField(label=gettext_lazy("Teléfono"), max_length=40, widget=TextWidget)
    field_order: tuple[str, ...] = ("phone", "reason")


class EraseForm(WhoseForm):
    """The number is typed twice: the second time by somebody who means it."""

    again = forms.CharField(
        label=gettext_lazy("Escribe el teléfono otra vez para confirmar"), max_length=40, widget=TextWidget
    )
    # How many rows the page has told: what was not told is not erased.
    told = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    field_order = ("phone", "again", "reason")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("again") and cleaned.get("phone") != cleaned["again"]:
            self.add_error("again", _("No es el mismo teléfono: escríbelo igual las dos veces."))
        if not self.errors:
            self._tell_first(cleaned)
        return cleaned

    def _tell_first(self, cleaned: dict[str, Any]) -> None:
        try:
            person = run.person_of(cleaned["phone"], region=settings.CLIENTS_REGION)
        except NotNow as refusal:
            self.add_error("phone", str(refusal))
            return
        rows, clients = sum(run.count(person).values()), len(person.clients)
        told = f"{sorted(person.phones)[0]}:{rows}:{clients}"
        if cleaned.get("told") == told:
            return
        self.data = {**self.data.dict(), "told": told}  # type: ignore[attr-defined]  # of a request: a QueryDict
        self.add_error(None, _told(rows, clients))


def _told(rows: int, clients: int) -> str:
    found = ngettext("Hay %(rows)d fila con sus datos", "Hay %(rows)d filas con sus datos", rows) % {"rows": rows}
    shared = (
        _(", de %(clients)d clientes que comparten este teléfono: se borran todos") % {"clients": clients}
        if clients > 1
        else ""
    )
    return found + shared + _(". Si es lo que quieres, pulsa otra vez “Borrar para siempre”.")


@admin.register(PersonalDataRequest)
class PersonalDataAdmin(ReadOnlyAdmin[PersonalDataRequest]):
    nothing_yet = gettext_lazy("Nadie pidió todavía los datos de una persona ni que se borren.")
    list_display = ("when", "what", "who", "reason", "rows")
    list_select_related = ("by",)
    list_before_template = "admin/ops/personaldatarequest/before.html"
    ordering = ("-id",)
    when = moment("at", gettext_lazy("cuándo"))
    fields = ("when", "what", "who", "reason", "rows", "person_key")
    readonly_fields = fields

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(PERMISSION)

    def has_view_permission(self, request: HttpRequest, obj: PersonalDataRequest | None = None) -> bool:
        return request.user.has_perm(PERMISSION)

    @display(description=gettext_lazy("qué"))
    def what(self, asked: PersonalDataRequest) -> SafeString:
        erased = asked.kind == PersonalDataRequest.Kind.ERASE
        return screens.badge(asked.get_kind_display(), "bad" if erased else "info")

    @display(description=gettext_lazy("quién"))
    def who(self, asked: PersonalDataRequest) -> str:
        return str(asked.by) if asked.by else _("el sistema")

    @display(description=gettext_lazy("filas"))
    def rows(self, asked: PersonalDataRequest) -> int:
        return sum(asked.counts.values())

    # --- Doors ------------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("export/", view(self.export_view), name="ops_personaldatarequest_export"),
            path("erase/", view(self.erase_view), name="ops_personaldatarequest_erase"),
            *super().get_urls(),
        ]

    def export_view(self, request: HttpRequest) -> HttpResponse:
        def act(data: Mapping[str, Any]) -> HttpResponse:
            now = timezone.now()
            person = run.person_of(data["phone"], region=settings.CLIENTS_REGION)
            held = run.export(person, by_id=request.user.pk, reason=data["reason"], now=now)
            answer = HttpResponse(
                json.dumps(held, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1), content_type="application/json"
            )
            answer.headers["Content-Disposition"] = f'attachment; filename="persona-{now:%Y%m%d-%H%M}.json"'
            return answer

        return self._ask(
            request,
            act,
            WhoseForm,
            Confirmation(
                title=_("Datos de una persona"),
                question=_(
                    "Descarga en un archivo JSON todo lo que hay de quien tiene este teléfono. Queda registrado."
                ),
                button=_("Descargar"),
            ),
        )

    def erase_view(self, request: HttpRequest) -> HttpResponse:
        def act(data: Mapping[str, Any]) -> str:
            person = run.person_of(data["phone"], region=settings.CLIENTS_REGION)
            erased = run.erase(person, by_id=request.user.pk, reason=data["reason"], now=timezone.now())
            return _("Se borraron los datos en %(rows)d filas. La persona no recibe nada más.") % {
                "rows": sum(erased.values())
            }

        return self._ask(
            request,
            act,
            EraseForm,
            Confirmation(
                title=_("Borrar los datos de una persona"),
                question=_(
                    "Textos, nombres y contactos de quien tiene este teléfono desaparecen de todas las tablas. Lo que se "
                    "envió sigue contado, lo pendiente se cancela, sus oportunidades abiertas se cierran, y no recibe nada "
                    "más aunque vuelva en otra lista."
                ),
                button=_("Borrar para siempre"),
                warning=_(
                    "No se puede deshacer. También se borran los archivos y los informes de las importaciones en las que vino."
                ),
                tone="danger",
            ),
        )

    def _ask(self, request: HttpRequest, act: Any, form: type[forms.Form], page: Confirmation) -> HttpResponse:
        if not request.user.has_perm(PERMISSION):
            raise PermissionDenied
        return confirm_and_run(
            request,
            page=page,
            run=act,
            refusals=NotNow,
            form_class=form,
            back=reverse("admin:ops_personaldatarequest_changelist"),
            context={**self.admin_site.each_context(request), "opts": self.opts},
        )
