"""Clients as the source has them: found by phone, mail, id or name, and read. Nothing is edited here."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.directory.enums import Availability, ContactKind
from leadmaster.directory.models import Client, ContactPoint, Suppression
from leadmaster.directory.search import MOST, found_by
from leadmaster.lib import screens
from leadmaster.lib.admin.modeladmins import NOTHING, ReadOnlyAdmin, UncountedPaginator, moment
from leadmaster.lib.phones import parsing

_TONE: dict[str, screens.Tone] = {
    Availability.FREE: "good",
    Availability.POOL: "neutral",
    Availability.TAKEN: "info",
    Availability.CLOSED: "bad",
}


def standing(client: Client) -> SafeString:
    """The desk's word on a client; of one that the source no longer has, that first."""
    if client.gone_at is not None and client.availability in (Availability.FREE, Availability.POOL):
        return screens.badge(_("Ya no está en el origen"), "warn")
    return screens.badge(client.get_availability_display(), _TONE[client.availability])


class ClientAdmin(ReadOnlyAdmin[Client]):
    """Registered above, by the app that knows who works a client."""

    list_display = ("who", "phone", "place", "groups", "standing", "updated")
    search_fields = ("name",)
    search_help_text = gettext_lazy("Teléfono, correo, id externo o comienzo del nombre")
    ordering = ("-id",)
    sortable_by = ()
    list_per_page = 50
    paginator = UncountedPaginator
    show_full_result_count = False
    change_form_template = "admin/directory/client/change_form.html"
    updated = moment("updated_at", gettext_lazy("actualizado"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Client]:
        return super().get_queryset(request).prefetch_related("contacts")

    def get_fieldsets(self, request: HttpRequest, obj: Client | None = None) -> Any:
        return []

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Client], search_term: str
    ) -> tuple[QuerySet[Client], bool]:
        if not search_term.strip():
            return queryset, False
        found = found_by(search_term)
        if len(found) >= MOST:
            self.message_user(
                request, _("Hay muchos así: escribe otra palabra del nombre para encontrarlo."), "warning"
            )
        return queryset.filter(pk__in=found), False

    # --- The list -----------------------------------------------------------------------------------------------------

    @display(description=gettext_lazy("cliente"))
    def who(self, client: Client) -> SafeString:
        return format_html(
            '<span class="lm-two"><b>{}</b><small>{} · {}</small></span>', client, client.source, client.external_id
        )

    @display(description=gettext_lazy("teléfono"))
    def phone(self, client: Client) -> SafeString | str:
        usable = (point for point in client.contacts.all() if point.kind == ContactKind.PHONE and point.is_valid)
        point = next(usable, None)
        return parsing.pretty(point.normalised) if point else NOTHING

    @display(description=gettext_lazy("lugar"))
    def place(self, client: Client) -> SafeString | str:
        return ", ".join(filter(None, (client.city, client.province))) or NOTHING

    @display(description=gettext_lazy("convenio y tipo"))
    def groups(self, client: Client) -> SafeString | str:
        return " · ".join(filter(None, (client.agreement, client.client_type))) or NOTHING

    @display(description=gettext_lazy("disponibilidad"))
    def standing(self, client: Client) -> SafeString:
        return standing(client)

    # --- The page -----------------------------------------------------------------------------------------------------

    def look(self, request: HttpRequest, client: Client) -> dict[str, Any]:
        """What the page tells. Whoever knows more of a client adds it."""
        points = list(client.contacts.all())
        silenced = {row.phone: row for row in Suppression.objects.filter(phone__in=_values(points))}
        return {
            "standing": standing(client),
            "phones": [
                (
                    point,
                    parsing.pretty(point.normalised) if point.is_valid else point.raw,
                    silenced.get(point.normalised),
                )
                for point in points
                if point.kind == ContactKind.PHONE
            ],
            "mails": [point for point in points if point.kind == ContactKind.EMAIL],
            "facts": [(label, value) for label, value in _facts(client) if value],
        }

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context.update(self.look(request, kwargs["obj"]))
        return super().render_change_form(request, context, *args, **kwargs)


def _values(points: list[ContactPoint]) -> list[str]:
    return [point.normalised for point in points if point.normalised]


def _facts(client: Client) -> list[tuple[str, object]]:
    return [
        (_("Id en el origen"), f"{client.source} · {client.external_id}"),
        (_("RFC"), client.tax_id),
        (_("Convenio"), client.agreement),
        (_("Tipo de cliente"), client.client_type),
        (_("Lugar"), ", ".join(filter(None, (client.city, client.province)))),
        (_("Capacidad"), client.capacity),
        (_("Fecha de alta"), f"{client.registered_on:%d/%m/%Y}" if client.registered_on else ""),
    ]
