"""Absences: announced with what they do to the promoter's work, and ended early when somebody comes back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import display
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib import screens
from leadmaster.lib.admin.confirm import Confirmation, confirm_and_run
from leadmaster.lib.admin.modeladmins import ReadOnlyAdmin, moment
from leadmaster.lib.admin.widgets import DateWidget, SelectWidget
from opportunities.admin.base import DeskAdmin, PromoterFilter, TeamFilter, current_user, promoters_by_name
from opportunities.admin.decisions.verbs import MANY, Verb, address
from opportunities.enums import AbsencePolicy
from opportunities.errors import Refused
from opportunities.models import Absence, Opportunity, Promoter
from opportunities.policy import SUPERVISE, may_supervise
from opportunities.state import withdrawal
from opportunities.supervision import absences
from opportunities.supervision.frozen import Seen

_SAMPLE = 6


class AbsenceForm(forms.Form):
    """Who is away, when, and what becomes of their work. Asked twice: `agreed` says that the counts were read."""

    promoter = forms.ModelChoiceField(
        label=gettext_lazy("Promotor"),
        queryset=Promoter.objects.none(),
        widget=SelectWidget,
        empty_label=gettext_lazy("Elige"),
    )
    starts_on = forms.DateField(label=gettext_lazy("Desde"), widget=DateWidget)
    ends_on = forms.DateField(label=gettext_lazy("Hasta, incluido"), widget=DateWidget)
    policy = forms.ChoiceField(
        label=gettext_lazy("Su trabajo"), choices=AbsencePolicy.choices, widget=forms.RadioSelect
    )
    agreed = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, request: HttpRequest, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        choice = self.fields["promoter"]
        if isinstance(choice, forms.ModelChoiceField):
            choice.queryset = promoters_by_name(request.user)

    def clean(self) -> dict[str, Any] | None:
        data = super().clean() or self.cleaned_data
        starts, ends = data.get("starts_on"), data.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error("ends_on", _("La ausencia termina antes de empezar: revisa las fechas."))
        return data

    def hide(self) -> None:
        """Once more the same, only carried along."""
        for field in self.fields.values():
            field.widget = forms.HiddenInput()
        self.data = {**self.data.dict(), "agreed": "on"} if hasattr(self.data, "dict") else self.data


class _OfPromoter(PromoterFilter):
    parameter_name = "promoter"
    lookup = "promoter"


class _OfTeam(TeamFilter):
    lookup = "promoter__desk__team"


@admin.register(Absence)
class AbsenceAdmin(ReadOnlyAdmin[Absence], DeskAdmin[Absence]):
    team_field = "promoter__desk__team"
    nothing_yet = gettext_lazy(
        "Nadie está ausente. Carga la ausencia antes de que empiece: quien no está no recibe oportunidades, y tú eliges "
        "qué pasa con las que tiene."
    )
    list_display = ("whose", "dates", "policy_badge", "standing", "created_by", "written")
    list_filter = (_OfPromoter, _OfTeam, "policy")
    list_select_related = ("promoter__user", "promoter__desk__team", "promoter__desk__calendar", "created_by")
    ordering = ("-starts_on", "-id")
    sortable_by = ()
    list_per_page = 50
    change_form_template = "admin/opportunities/absence/change_form.html"
    written = moment("created_at", gettext_lazy("cargada"))
    fields = ("whose", "dates", "policy_badge", "standing", "created_by", "written")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(SUPERVISE)

    @display(description=gettext_lazy("promotor"))
    def whose(self, absence: Absence) -> SafeString:
        promoter = absence.promoter
        return format_html('<span class="lm-two"><b>{}</b><small>{}</small></span>', promoter, promoter.desk)

    @display(description=gettext_lazy("días"))
    def dates(self, absence: Absence) -> str:
        if absence.starts_on == absence.ends_on:
            return f"{absence.starts_on:%d/%m/%Y}"
        return f"{absence.starts_on:%d/%m/%Y} – {absence.ends_on:%d/%m/%Y}"

    @display(description=gettext_lazy("su trabajo"))
    def policy_badge(self, absence: Absence) -> str:
        return str(absence.get_policy_display())

    @display(description=gettext_lazy("estado"))
    def standing(self, absence: Absence) -> SafeString:
        if absence.ended_at is not None:
            return screens.badge(_("Terminada"), "neutral")
        today = absence.promoter.desk.date_at(timezone.now())
        if absence.starts_on > today:
            return screens.badge(_("Por venir"), "info")
        return screens.badge(_("En curso"), "warn")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        absence: Absence = kwargs["obj"]
        context["may_end"] = absence.ended_at is None and may_supervise(
            current_user(request), absence.promoter.desk.team_id
        )
        return super().render_change_form(request, context, *args, **kwargs)

    # --- Announcing ---------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        end = self.admin_site.admin_view(self.end_view)
        share = self.admin_site.admin_view(self.share_view)
        return [
            path("<int:pk>/end/", end, name="opportunities_absence_end"),
            path("<int:pk>/share/", share, name="opportunities_absence_share"),
            *super().get_urls(),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """First who and when, then what it does to their work, and only then it is written down."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        initial = {"policy": AbsencePolicy.PAUSE, "promoter": request.GET.get("promoter")}
        form = AbsenceForm(request, request.POST if request.method == "POST" else None, initial=initial)
        back = reverse("admin:opportunities_absence_changelist")
        if request.method != "POST" or not form.is_valid():
            return self._asked(request, _first_page(), form, back)
        if not form.cleaned_data["agreed"]:
            page = _counted(form.cleaned_data)
            form.hide()
            return self._asked(request, page, form, request.get_full_path())
        data = form.cleaned_data
        try:
            absence = absences.announce(
                data["promoter"],
                starts_on=data["starts_on"],
                ends_on=data["ends_on"],
                policy=AbsencePolicy(data["policy"]),
                by=current_user(request),
                now=timezone.now(),
            )
        except Refused as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(request.get_full_path())
        messages.success(request, _("Ausencia cargada: %(absence)s.") % {"absence": absence})
        return HttpResponseRedirect(back)

    def end_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The promoter is back before the last day, or does not leave."""
        absence = self.find(request, str(pk))
        if not may_supervise(current_user(request), absence.promoter.desk.team_id):
            raise PermissionDenied

        def run(_data: Mapping[str, Any]) -> str:
            absences.call_off(absence, by=current_user(request), now=timezone.now())
            return _("%(who)s vuelve a recibir oportunidades y sus plazos corren.") % {"who": absence.promoter}

        stopped = Opportunity.objects.filter(owner=absence.promoter, paused_seconds__isnull=False).count()
        return confirm_and_run(
            request,
            page=Confirmation(
                title=_("Terminar la ausencia · %(who)s") % {"who": absence.promoter},
                question=_(
                    "Desde ahora vuelve a recibir oportunidades y sus plazos detenidos siguen con el tiempo que les "
                    "quedaba. Lo que ya volvió al pool se queda ahí."
                ),
                button=_("Terminar la ausencia"),
                facts=[(_("Plazos detenidos que siguen"), stopped), (_("Días cargados"), self.dates(absence))],
            ),
            run=run,
            refusals=Refused,
            back=reverse("admin:opportunities_absence_changelist"),
            context={**self.admin_site.each_context(request), "opts": self.opts, "original": absence},
        )

    def share_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """To the page that shares what whoever is away has in hand, as it stands now; that page asks and decides."""
        absence = self.find(request, str(pk))
        if not may_supervise(current_user(request), absence.promoter.desk.team_id):
            raise PermissionDenied
        active = Opportunity.objects.filter(owner=absence.promoter).active().order_by("deadline", "id")
        rows = [Seen(*found) for found in active.values_list("pk", "version")[:MANY]]
        if not rows:
            messages.info(request, _("%(who)s no tiene clientes activos.") % {"who": absence.promoter})
            return HttpResponseRedirect(reverse("admin:opportunities_absence_change", args=[absence.pk]))
        return HttpResponseRedirect(address(Verb.REASSIGN, rows, back=reverse("admin:index")))

    def _asked(self, request: HttpRequest, page: Confirmation, form: forms.Form, back: str) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": page.title}
        return TemplateResponse(request, "admin/confirm.html", {**context, "page": page, "form": form, "back": back})


def _first_page() -> Confirmation:
    return Confirmation(
        title=_("Cargar una ausencia"),
        question=_("Mientras está ausente no recibe oportunidades. Elige qué pasa con las que ya tiene."),
        button=_("Ver qué cambia"),
    )


def _counted(data: Mapping[str, Any]) -> Confirmation:
    """What this absence would touch as things stand now."""
    promoter: Promoter = data["promoter"]
    rows = Opportunity.objects.filter(owner=promoter).active()
    timed = rows.filter(deadline__isnull=False)
    days = (data["ends_on"] - data["starts_on"]).days + 1
    facts: list[tuple[str, object]] = [(_("Días"), days), (_("Oportunidades activas"), rows.count())]
    give = data["policy"] == AbsencePolicy.REDISTRIBUTE
    if give:
        facts.append((_("Mensajes pendientes que no salen"), withdrawal.pending_of(list(rows))))
    else:
        facts.append((_("Plazos que se detienen"), timed.count()))
    now, zone = timezone.now(), promoter.desk.calendar.tz
    soon = timed.select_related("client").order_by("deadline", "id")[:_SAMPLE]
    return Confirmation(
        title=_("Ausencia de %(who)s, del %(start)s al %(end)s")
        % {"who": promoter, "start": _day(data["starts_on"]), "end": _day(data["ends_on"])},
        question=_(
            "Cuando empiece, todo lo que tenga activo vuelve al pool y sus mensajes pendientes a esos clientes no salen."
        )
        if give
        else _("Cuando empiece, sus plazos se detienen, y el día después del último siguen con lo que les quedaba."),
        button=_("Cargar la ausencia"),
        facts=facts,
        sample=[f"{row} · {row.client} · {screens.spoken(row.deadline, now, tz=zone)}" for row in soon if row.deadline],
        sample_title=_("Lo que vence primero"),
        warning=_("Lo que vuelve al pool no se recupera al terminar la ausencia.") if give else "",
        tone="danger" if give else "primary",
    )


def _day(day: dt.date) -> str:
    return f"{day:%d/%m/%Y}"
