"""What lines answer by themselves: the rules of a team, tried out before they are turned on, and what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.base import SessionFilter, TeamFilter
from campaigns.automatic import rules
from campaigns.errors import Refused
from campaigns.models import AutomaticAnswer, AutomaticRule
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.accounts.scope import teams_of
from leadmaster.lib.admin.modeladmins import NOTHING, ReadOnlyAdmin, ScopedAdmin, UncountedPaginator, moment
from leadmaster.lib.admin.widgets import TextareaWidget
from leadmaster.lib.screens import badge
from whatsapp.models import WhatsAppSession

if TYPE_CHECKING:
    RuleModelForm = forms.ModelForm[AutomaticRule]
else:
    RuleModelForm = forms.ModelForm


class AutomaticRuleForm(RuleModelForm):
    """`automatic.rules` has the rules; here they are told on the form."""

    by: User

    class Meta:
        model = AutomaticRule
        fields = ("team", "session", "kind", "keywords", "text", "enabled")
        widgets = {"text": TextareaWidget({"rows": 4}), "keywords": TextareaWidget({"rows": 3})}

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's own hook: from here on the instance is as it was typed
        if self.errors:
            return
        try:
            rules.check(self.instance, by=self.by)
        except Refused as refused:
            self.add_error(None, str(refused))


@admin.register(AutomaticRule)
class AutomaticRuleAdmin(ScopedAdmin[AutomaticRule]):
    form = AutomaticRuleForm
    list_display = ("name", "team", "line", "stands", "changed")
    list_filter = (TeamFilter, "kind", "enabled")
    list_select_related = ("team", "session")
    ordering = ("-id",)
    sortable_by = ()
    show_full_result_count = False
    readonly_fields = ("try_out", "changed", "changed_by")
    changed = moment("changed_at", gettext_lazy("cambió"))

    def get_fieldsets(self, request: HttpRequest, obj: AutomaticRule | None = None) -> Any:
        fields: list[Any] = [("team", "session"), "kind", "keywords", "text", "enabled"]
        if obj is not None:
            fields += ["try_out", ("changed", "changed_by")]
        return self.in_words(request, [(None, {"fields": fields})], fixed=("changed_by",))

    def get_form(self, request: HttpRequest, obj: AutomaticRule | None = None, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, *args, **kwargs)
        return type(form.__name__, (form,), {"by": current_user(request)})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "team":
            kwargs["queryset"] = teams_of(request.user)
        if db_field.name == "session":
            kwargs["queryset"] = WhatsAppSession.objects.filter(team__in=teams_of(request.user))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: AutomaticRule, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        by, now = current_user(request), timezone.now()
        if change:
            # What the person saw and left alone may have changed since.
            rules.change(obj, {name: form.cleaned_data[name] for name in form.changed_data}, by=by, now=now)
        else:
            rules.save(obj, by=by, now=now)

    def get_urls(self) -> list[URLPattern]:
        preview = self.admin_site.admin_view(self.preview_view)
        return [path("<int:pk>/preview/", preview, name="campaigns_automaticrule_preview"), *super().get_urls()]

    def preview_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What this rule would have answered lately. Nothing is sent."""
        rule = self.find(request, str(pk))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Probar la respuesta automática"),
            "rule": rule,
            "preview": rules.preview(rule),
            "back": reverse("admin:campaigns_automaticrule_change", args=[rule.pk]),
        }
        return TemplateResponse(request, "admin/campaigns/automaticrule/preview.html", context)

    @display(description=gettext_lazy("cuándo contesta"))
    def name(self, rule: AutomaticRule) -> str:
        return rule.get_kind_display()

    @display(description=gettext_lazy("línea"))
    def line(self, rule: AutomaticRule) -> str:
        return str(rule.session or _("Todas las del equipo"))

    @display(description=gettext_lazy("estado"))
    def stands(self, rule: AutomaticRule) -> SafeString:
        return badge(_("Encendida"), "good") if rule.enabled else badge(_("Apagada"))

    @display(description=gettext_lazy("antes de encenderla"))
    def try_out(self, rule: AutomaticRule) -> SafeString:
        href = reverse("admin:campaigns_automaticrule_preview", args=[rule.pk])
        return format_html('<a class="lm-button" href="{}">{}</a>', href, _("Ver qué habría contestado últimamente"))


@admin.register(AutomaticAnswer)
class AutomaticAnswerAdmin(ReadOnlyAdmin[AutomaticAnswer]):
    """What was answered by rule, and what was held back."""

    list_display = ("when", "session", "kind", "went", "rule")
    list_filter = (SessionFilter, "kind", "held_back")
    list_select_related = ("session", "rule__session", "rule__team", "envio")
    ordering = ("-id",)
    sortable_by = ()
    paginator = UncountedPaginator
    show_full_result_count = False
    fields = ("when", "session", "kind", "rule", "went", "text")
    readonly_fields = fields
    when = moment("at", gettext_lazy("cuándo"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[AutomaticAnswer]:
        return AutomaticAnswer.objects.visible_to(request.user).order_by("-id")

    @display(description=gettext_lazy("qué pasó"))
    def went(self, answer: AutomaticAnswer) -> SafeString:
        if answer.held_back:
            return badge(answer.get_held_back_display(), "warn")
        return badge(answer.envio.get_state_display()) if answer.envio is not None else NOTHING

    @display(description=gettext_lazy("mensaje"))
    def text(self, answer: AutomaticAnswer) -> str:
        return answer.envio.text if answer.envio is not None else ""
