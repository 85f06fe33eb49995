"""Bulk actions: what was done and refused, with reasons, and a button that takes it back while there is time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import User
from leadmaster.lib import screens
from leadmaster.lib.admin.confirm import Confirmation, confirm_and_run
from leadmaster.lib.admin.modeladmins import NOTHING, ChangeList, ReadOnlyAdmin, UncountedPaginator, moment
from opportunities.admin.base import DeskAdmin, current_user, require_supervisor_role
from opportunities.admin.decisions.confirm import tell
from opportunities.admin.decisions.undo_banner import Tally, tallies
from opportunities.admin.decisions.verbs import way_back
from opportunities.errors import Refused
from opportunities.models import BulkAction, BulkItem
from opportunities.scope import team_ids_of
from opportunities.supervision.undo import undo

_ROWS_SHOWN = 500
_SAMPLE = 8
_UNDONE = (gettext_lazy("%(n)d oportunidad volvió a como estaba."), gettext_lazy("%(n)d volvieron a como estaban."))


class BulkList(ChangeList):
    """The numbers of a whole page by one query."""

    result_list: Iterable[BulkAction]

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        for tally in tallies(rows):
            tally.action.__dict__["tally"] = tally
            tally.action.__dict__["undoable"] = tally.may_undo(current_user(request), timezone.now())
        self.result_list = rows


@admin.register(BulkAction)
class BulkActionAdmin(ReadOnlyAdmin[BulkAction], DeskAdmin[BulkAction]):
    nothing_yet = gettext_lazy(
        "Cada decisión sobre oportunidades deja aquí su informe y, durante diez minutos, el botón que la deshace."
    )
    list_display = ("what", "numbers", "reason", "by", "done_at", "standing")
    list_filter = ("kind",)
    list_select_related = ("by",)
    ordering = ("-id",)
    sortable_by = ()
    list_per_page = 50
    paginator = UncountedPaginator
    show_full_result_count = False
    change_form_template = "admin/opportunities/bulkaction/change_form.html"
    done_at = moment("at", gettext_lazy("cuándo"))

    def visible(self, rows: QuerySet[BulkAction], request: HttpRequest) -> QuerySet[BulkAction]:
        """One's own: what others did to an opportunity is in its history. Administrators see all."""
        user = request.user
        if isinstance(user, User) and user.is_active and user.is_administrator:
            return rows
        return rows.filter(by=current_user(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BulkList

    def get_fields(self, request: HttpRequest, obj: BulkAction | None = None) -> Any:
        return []

    @display(description=gettext_lazy("acción"))
    def what(self, action: BulkAction) -> str:
        return str(action)

    @display(description=gettext_lazy("resultado"))
    def numbers(self, action: BulkAction) -> SafeString:
        tally: Tally = action.__dict__["tally"]
        parts: list[screens.Part] = [(_("Hechas"), tally.done, "sent"), (_("No se hicieron"), tally.refused, "error")]
        words = _("%(done)d hechas") % {"done": tally.done}
        if tally.refused:
            words += " · " + _("%(n)d no") % {"n": tally.refused}
        bar = screens.stacked_bar(parts, words)
        return format_html('<span class="lm-advance">{}<small>{}</small></span>', bar, words)

    @display(description=gettext_lazy("estado"))
    def standing(self, action: BulkAction) -> SafeString:
        if action.undone_at is not None:
            return screens.badge(_("Deshecha"), "warn")
        if not action.__dict__["undoable"]:
            return NOTHING
        return format_html(
            '<a class="lm-button lm-button-small" href="{}">{}</a>',
            reverse("admin:opportunities_bulkaction_undo", args=[action.pk]),
            _("Deshacer"),
        )

    # --- One --------------------------------------------------------------------------------------------------------

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        action = kwargs["obj"]
        [tally] = tallies([action])
        items = _items(action, request)
        context.update(
            tally=tally,
            may_undo=tally.may_undo(current_user(request), timezone.now()),
            refused=[item for item in items if item.refused],
            done=[item for item in items if not item.refused],
            more=tally.done + tally.refused > len(items),
        )
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        undo = self.admin_site.admin_view(self.undo_view)
        return [path("<int:pk>/undo/", undo, name="opportunities_bulkaction_undo"), *super().get_urls()]

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Within ten minutes, by whoever did it. What changed since stays, and is told."""
        user = require_supervisor_role(request)
        action = self.find(request, str(pk))
        [tally] = tallies([action])
        default = "admin:opportunities_bulkaction_changelist"
        back = way_back(request, default)

        def run(_data: Mapping[str, Any]) -> str:
            return tell(request, undo(action, by=user, now=timezone.now()), _UNDONE)

        names = [item.opportunity.client.full_name or str(item.opportunity) for item in _items(action, request)]
        return confirm_and_run(
            request,
            page=Confirmation(
                title=_("Deshacer: %(what)s") % {"what": action},
                question=_(
                    "Vuelven el promotor, la etapa, el lote y el tiempo que les quedaba. Lo que alguien cambió después "
                    "queda como está, y los mensajes que se retiraron no se envían."
                ),
                button=_("Deshacer"),
                facts=[(_("Oportunidades"), tally.done), (_("Se hizo"), screens.when(action.at, timezone.now()))],
                sample=names[:_SAMPLE],
                sample_title=_("Por ejemplo, estas") if len(names) > _SAMPLE else _("Estas"),
            ),
            run=run,
            refusals=Refused,
            back=back,
            context={**self.admin_site.each_context(request), "opts": self.opts, "original": action},
        )


def _items(action: BulkAction, request: HttpRequest) -> list[BulkItem]:
    """Its rows that this person decides about, the refused first."""
    rows = action.items.filter(opportunity__team_id__in=team_ids_of(request.user))
    return list(
        rows.select_related("opportunity__client", "opportunity__owner__user").order_by("-refused", "id")[:_ROWS_SHOWN]
    )
