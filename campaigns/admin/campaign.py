"""Campaigns: the list, the page, and the addresses of everything that is done to one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import display
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from campaigns import lifecycle, screens, versions
from campaigns.admin import (
    campaign_afterwards,
    campaign_directory,
    campaign_import,
    campaign_live,
    campaign_pacing,
    diagnosis,
    statistics,
)
from campaigns.admin.base import SessionFilter, TeamFilter, people_of, require_act, teams_of
from campaigns.admin.campaign_form import CampaignForm, MessageForm, edit_message
from campaigns.admin.campaign_list import CampaignList
from campaigns.admin.campaign_variants import variants_page
from campaigns.admin.campaign_verbs import PAGES, brake_page, confirmation
from campaigns.admin.schedule import ScheduleInline
from campaigns.brakes.lifting import lift
from campaigns.enums import CAMPAIGN_ENDED, CampaignState, ScheduleState
from campaigns.errors import Refused
from campaigns.lifecycle import TABLE, Verb
from campaigns.models import Campaign, Envio, Schedule
from campaigns.policy import Act, may
from leadmaster.accounts.current_user import current_user
from leadmaster.lib.admin.confirm import Confirmation, ReasonForm, SeenForm, confirm_and_run
from leadmaster.lib.admin.modeladmins import ScopedAdmin
from whatsapp.models import WhatsAppSession
from whatsapp.screens import session_dot


@admin.register(Campaign)
class CampaignAdmin(ScopedAdmin[Campaign]):
    form = CampaignForm
    list_display = ("heading", "standing", "advance", "replies", "now", "line", "owner")
    list_filter = ("state", SessionFilter, TeamFilter)
    search_fields = ("name",)
    search_help_text = gettext_lazy("Busca por nombre de campaña")
    list_per_page = 50
    inlines = (ScheduleInline,)
    warn_unsaved_form = True
    change_form_template = "admin/campaigns/campaign/change_form.html"
    fieldsets = (
        (None, {"fields": ("name", ("owner", "team", "session"))}),
        (gettext_lazy("Mensaje"), {"fields": ("template",)}),
        (
            gettext_lazy("Plantilla aprobada (API oficial)"),
            {"classes": ("collapse",), "fields": (("official_name", "official_language"), "official_parameters")},
        ),
        (
            gettext_lazy("Ritmo"),
            {
                "fields": (
                    ("delay_min", "delay_max"),
                    ("burst_size", "burst_pause"),
                    ("typing", "max_attempts"),
                    ("person_rest",),
                    ("error_alert", "error_pause", "canary_size"),
                    "keeps_off_holidays",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Campaign]:
        return super().get_queryset(request).select_related("owner", "session", "team", "approved_by")

    # --- The list ---------------------------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CampaignList]:
        return CampaignList

    @display(description=gettext_lazy("campaña"), ordering="name")
    def heading(self, campaign: Campaign) -> SafeString:
        return format_html('<span class="lm-two"><b>{}</b><small>{}</small></span>', campaign.name, campaign.team)

    @display(description=gettext_lazy("estado"), ordering="state")
    def standing(self, campaign: Campaign) -> SafeString:
        return screens.campaign_badge(campaign)

    @display(description=gettext_lazy("avance"))
    def advance(self, campaign: Campaign) -> SafeString:
        return CampaignList.advance(campaign)

    @display(description=gettext_lazy("respondieron"))
    def replies(self, campaign: Campaign) -> SafeString:
        return CampaignList.replies(campaign)

    @display(description=gettext_lazy("¿Por qué no ahora?"))
    def now(self, campaign: Campaign) -> SafeString:
        return CampaignList.why_not_now(campaign)

    @display(description=gettext_lazy("sesión"), ordering="session__name")
    def line(self, campaign: Campaign) -> SafeString:
        return session_dot(campaign.session, timezone.now())

    # --- The page ---------------------------------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """The page of one that ended is only read. Of one that lives, at least the schedules change."""
        if obj is None:
            return super().has_change_permission(request)
        return obj.state not in CAMPAIGN_ENDED and may(request.user, Act.EDIT, obj)

    def get_fieldsets(self, request: HttpRequest, obj: Campaign | None = None) -> Any:
        """Fields are for drafts; the page of any other tells them in words, and its form holds the schedules."""
        if obj is not None and obj.state != CampaignState.DRAFT:
            return []
        return super().get_fieldsets(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Campaign | None = None) -> list[str]:
        # What is frozen in the recipients' rows is changed by an operation, not by a form.
        frozen = obj is not None and obj.state == CampaignState.DRAFT and Envio.objects.filter(campaign=obj).exists()
        return ["session", "template"] if frozen else []

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = {**super().get_changeform_initial_data(request), "owner": request.user.pk}
        teams = list(teams_of(request.user)[:2])
        return {**initial, "team": teams[0].pk} if len(teams) == 1 else initial

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        choices: dict[str, Callable[[], models.QuerySet[Any]]] = {
            "owner": lambda: people_of(current_user(request)),
            "team": lambda: teams_of(request.user),
            "session": lambda: WhatsAppSession.objects.visible_to(request.user),
        }
        if db_field.name in choices:
            kwargs["queryset"] = choices[db_field.name]()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        campaign = kwargs.get("obj")
        if campaign is None:
            context["path"] = campaign_live.path(None)
        else:
            context.update(campaign_live.page(campaign, current_user(request), timezone.now()))
            context.update(campaign_afterwards.shown(campaign))
        return super().render_change_form(request, context, *args, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Refused as refusal:
            # It went on between the reading of the form and its writing.
            messages.error(request, str(refusal))
            return HttpResponseRedirect(request.path)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        if change and formset.has_changed():
            # Whoever decides about them meanwhile waits, and then sees that they changed.
            lifecycle.hold_schedules(form.instance, by=current_user(request))
        formset.save()
        before = {one.instance.pk: one.initial for one in formset.forms}
        for schedule, fields in formset.changed_objects:
            if schedule.state == ScheduleState.PENDING:
                continue
            changed = {name: (before[schedule.pk].get(name), getattr(schedule, name, None)) for name in fields}
            if lifecycle.schedule_changed(schedule, changed):
                messages.warning(request, self._waits(request, schedule))

    def _waits(self, request: HttpRequest, schedule: Schedule) -> str:
        """What to do next, for whoever just changed it."""
        if may(request.user, Act.APPROVE, schedule.campaign):
            return _("Cambió una programación: no envía hasta que se apruebe. Puedes aprobarla arriba, en esta página.")
        return _("Cambió una programación: no envía hasta que un supervisor la apruebe de nuevo.")

    def save_model(self, request: HttpRequest, obj: Campaign, form: ModelForm[Campaign], change: bool) -> None:  # noqa: FBT001
        if change and not form.changed_data:
            return
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Campaign, post_url_continue: str | None = None) -> HttpResponse:
        """After a new campaign come its recipients."""
        super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(self._url("change", obj))

    def response_change(self, request: HttpRequest, obj: Campaign) -> HttpResponse:
        super().response_change(request, obj)
        return HttpResponseRedirect(self._url("change", obj))

    # --- What is done to one ----------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        def at(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
            return path(f"<int:pk>/{route}", self.admin_site.admin_view(view), name=f"campaigns_campaign_{name}")

        def over_all(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
            return path(f"{route}/", self.admin_site.admin_view(view), name=f"campaigns_campaign_{name}")

        verbs = [at(f"{verb.value}/", self._verb_view(verb), verb.value) for verb in PAGES]
        return [
            *verbs,
            over_all("diagnose", self.diagnosis_view, "diagnose"),
            over_all("stats", self.stats_view, "stats"),
            over_all("stats/csv", statistics.download, "stats_csv"),
            at("live/", self.live_view, "live"),
            at("lift/", self.lift_view, "lift"),
            at("repeat/", self.repeat_view, "repeat"),
            at("retry/<str:code>/", self.retry_view, "retry"),
            at("replies/", self.replies_view, "replies"),
            at("export/", self.export_view, "export"),
            at("message/", self.message_view, "message"),
            at("variants/", self.variants_view, "variants"),
            at("pacing/", self.pacing_view, "pacing"),
            at("directory/", self.directory_view, "directory"),
            at("directory/found/", self.directory_live_view, "directory_live"),
            at("import/", self.upload_view, "upload"),
            at("import/<int:record>/", self.import_view, "import"),
            at("import/<int:record>/resume/", self.resume_view, "resume_import"),
            at("import/<int:record>/report/", self.report_view, "report"),
            at("schedules/<int:schedule>/<str:decision>/", self.schedule_view, "schedule"),
            *super().get_urls(),
        ]

    def diagnosis_view(self, request: HttpRequest) -> HttpResponse:
        return diagnosis.page(request, self.admin_site.each_context(request))

    def stats_view(self, request: HttpRequest) -> HttpResponse:
        return statistics.show(request, self.admin_site.each_context(request))

    def live_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The moving part of the page, for whoever may see the campaign."""
        campaign = self.find(request, str(pk))
        live = campaign_live.look(campaign, timezone.now())
        context = {
            "live": live,
            "buttons": campaign_live.buttons(campaign, current_user(request), live=live),
            **campaign_afterwards.shown(campaign),
            "may_decide": may(request.user, Act.DECIDE, campaign),
            "may_approve": may(request.user, Act.APPROVE, campaign),
        }
        return TemplateResponse(request, "admin/campaigns/campaign/live.html", context)

    def _verb_view(self, verb: Verb) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, pk: int) -> HttpResponse:
            campaign = self.find(request, str(pk))
            require_act(request, TABLE[verb][2], campaign)
            if request.method == "GET" and verb not in lifecycle.allowed_verbs(campaign):
                state = campaign.get_state_display().lower()
                messages.error(request, _("La campaña está %(state)s: ya no se puede hacer eso.") % {"state": state})
                return HttpResponseRedirect(self._url("change", campaign))
            now = timezone.now()

            def run(data: Mapping[str, Any]) -> str:
                PAGES[verb].run(campaign, current_user(request), now, data)
                return str(PAGES[verb].done) % {"name": campaign.name}

            return confirm_and_run(
                request,
                page=confirmation(campaign, verb, now),
                run=run,
                refusals=Refused,
                form_class=PAGES[verb].form,
                initial={"version": versions.of_campaign(campaign)},
                back=self._url("change", campaign),
                context=self._context(request, campaign),
            )

        view.__name__ = f"{verb.value}_view"
        return view

    def lift_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A supervisor lets go of the brake that holds it, and says why."""
        campaign = self.find(request, str(pk))
        require_act(request, Act.APPROVE, campaign)

        def run(data: Mapping[str, Any]) -> str:
            lift(campaign, by=current_user(request), reason=data["reason"], now=timezone.now())
            return _("Soltaste el freno de “%(name)s”.") % {"name": campaign.name}

        return confirm_and_run(
            request,
            page=brake_page(campaign, timezone.now()),
            run=run,
            refusals=Refused,
            form_class=ReasonForm,
            back=self._url("change", campaign),
            context=self._context(request, campaign),
        )

    def message_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Another message for a draft; the texts of those who are already in it are written anew."""
        campaign = self.find(request, str(pk))
        require_act(request, Act.EDIT, campaign)
        form = MessageForm(request.POST if request.method == "POST" else None, campaign=campaign)
        if request.method == "POST" and form.is_valid():
            try:
                count = edit_message(
                    campaign, form.cleaned_data["template"], by=current_user(request), now=timezone.now()
                )
            except Refused as refusal:
                form.add_error("template", str(refusal))
            else:
                sentence = ngettext(
                    "El mensaje cambió, también en %d texto.", "El mensaje cambió, también en %d textos.", count
                )
                messages.success(request, sentence % count)
                return HttpResponseRedirect(self._url("change", campaign))
        page = Confirmation(
            title=_("Editar mensaje · %(name)s") % {"name": campaign.name},
            question=_("El mensaje nuevo se escribe también para los destinatarios que ya importaste."),
            button=_("Guardar mensaje"),
        )
        context = {**self._context(request, campaign), "title": page.title, "page": page, "form": form}
        return TemplateResponse(request, "admin/confirm.html", {**context, "back": self._url("change", campaign)})

    def variants_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Other ways of saying it, proposed by a language model and accepted by a person."""
        campaign = self.find(request, str(pk))
        require_act(request, Act.EDIT, campaign)
        return variants_page(request, campaign, self._context(request, campaign))

    def repeat_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self.find(request, str(pk))
        return campaign_afterwards.repeat_page(request, campaign, self._context(request, campaign))

    def retry_view(self, request: HttpRequest, pk: int, code: str) -> HttpResponse:
        campaign = self.find(request, str(pk))
        return campaign_afterwards.retry_page(request, campaign, code, self._context(request, campaign))

    def replies_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self.find(request, str(pk))
        return campaign_afterwards.replies_page(request, campaign, self._context(request, campaign))

    def export_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        return campaign_afterwards.export_file(request, self.find(request, str(pk)))

    def pacing_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Another pace for one that was approved."""
        campaign = self.find(request, str(pk))
        return campaign_pacing.change(request, campaign, self._context(request, campaign))

    def directory_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self.find(request, str(pk))
        return campaign_directory.choose(request, campaign, self._context(request, campaign))

    def directory_live_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return campaign_directory.live(request, self.find(request, str(pk)))

    def upload_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = self.find(request, str(pk))
        return campaign_import.upload(request, campaign, self._context(request, campaign))

    def import_view(self, request: HttpRequest, pk: int, record: int) -> HttpResponse:
        campaign = self.find(request, str(pk))
        return campaign_import.show(request, campaign, record, self._context(request, campaign))

    @method_decorator(require_POST)
    def resume_view(self, request: HttpRequest, pk: int, record: int) -> HttpResponse:
        return campaign_import.go_on(request, self.find(request, str(pk)), record)

    def report_view(self, request: HttpRequest, pk: int, record: int) -> HttpResponseBase:
        return campaign_import.report(request, self.find(request, str(pk)), record)

    def schedule_view(self, request: HttpRequest, pk: int, schedule: int, decision: str) -> HttpResponse:
        """Approve or reject one schedule that was added or edited after the campaign."""
        campaign = self.find(request, str(pk))
        require_act(request, Act.APPROVE, campaign)
        row = campaign.schedules.prefetch_related("windows").filter(pk=schedule).first()
        if row is None or decision not in {"approve", "reject"}:
            return HttpResponseRedirect(self._url("change", campaign))
        approve = decision == "approve"

        def run(data: Mapping[str, Any]) -> str:
            lifecycle.decide_schedule(
                row, approve=approve, by=current_user(request), now=timezone.now(), version=data["version"]
            )
            return _("Programación aprobada.") if approve else _("Programación rechazada: no enviará.")

        return confirm_and_run(
            request,
            page=_schedule_page(campaign, row, approve=approve),
            run=run,
            refusals=Refused,
            form_class=SeenForm,
            initial={"version": versions.of_schedule(row)},
            back=self._url("change", campaign),
            context=self._context(request, campaign),
        )

    def _context(self, request: HttpRequest, campaign: Campaign) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, "original": campaign}

    def _url(self, name: str, campaign: Campaign) -> str:
        return reverse(f"admin:campaigns_campaign_{name}", args=[campaign.pk])


def _schedule_page(campaign: Campaign, schedule: Schedule, *, approve: bool) -> Confirmation:
    dates = _("desde %(start)s") % {"start": schedule.starts_on}
    if schedule.ends_on:
        dates = _("del %(start)s al %(end)s") % {"start": schedule.starts_on, "end": schedule.ends_on}
    return Confirmation(
        title=_("Aprobar programación") if approve else _("Rechazar programación"),
        question=_("La campaña “%(name)s” envía con esta programación.") % {"name": campaign.name}
        if approve
        else _("La campaña “%(name)s” no envía con esta programación.") % {"name": campaign.name},
        button=_("Aprobar") if approve else _("Rechazar"),
        facts=[
            (_("Zona horaria"), campaign.session.time_zone),
            (_("Días y cupo"), str(schedule)),
            (_("Ventanas"), ", ".join(str(window) for window in schedule.windows.all())),
            (_("Fechas"), dates),
        ],
        tone="primary" if approve else "danger",
    )
