"""Alerts on the desk, as the app that knows whose they are registers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.contrib.admin import display
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.lib import screens
from leadmaster.lib.admin.confirm import Confirmation, confirm_and_run
from leadmaster.lib.admin.modeladmins import ReadOnlyAdmin, moment
from leadmaster.lib.screens import Tone
from leadmaster.ops.alerts import resolve_alert
from leadmaster.ops.models import Alert

_TONE: dict[str, Tone] = {
    Alert.Severity.INFO: "info",
    Alert.Severity.WARNING: "warn",
    Alert.Severity.CRITICAL: "bad",
}


class NothingToResolveError(Exception):
    """The alert was resolved in the meantime; `str()` says so to the person."""


class AlertAdmin(ReadOnlyAdmin[Alert]):
    """Registered above, by the app that knows whose trouble an alert is."""

    nothing_yet = gettext_lazy(
        "Ninguna alerta: todo anda bien. Si algo se detiene o falla, aparece aquí y en el inicio."
    )
    list_display: tuple[str, ...] = ("heading", "gravity", "standing", "count", "since", "last", "by")
    list_filter = ("severity", ("resolved_at", admin.EmptyFieldListFilter))
    list_select_related = ("resolved_by",)
    ordering = ("-open_key", "-id")
    change_form_template = "admin/ops/alert/change_form.html"
    since = moment("opened_at", gettext_lazy("desde"))
    last = moment("last_seen_at", gettext_lazy("última vez"))
    fields = ()

    @display(description=gettext_lazy("alerta"))
    def heading(self, alert: Alert) -> SafeString:
        return format_html('<span class="lm-two lm-alert"><b>{}</b><small>{}</small></span>', alert.title, alert.body)

    @display(description=gettext_lazy("gravedad"), ordering="severity")
    def gravity(self, alert: Alert) -> SafeString:
        return screens.badge(alert.get_severity_display(), _TONE[alert.severity])

    @display(description=gettext_lazy("estado"))
    def standing(self, alert: Alert) -> SafeString:
        return screens.badge(_("Abierta"), "bad") if alert.resolved_at is None else screens.badge(_("Resuelta"), "good")

    @display(description=gettext_lazy("resolvió"))
    def by(self, alert: Alert) -> str:
        if alert.resolved_at is None:
            return "—"
        return str(alert.resolved_by) if alert.resolved_by else _("se resolvió sola")

    def get_urls(self) -> list[URLPattern]:
        resolve = self.admin_site.admin_view(self.resolve_view)
        return [path("<int:pk>/resolve/", resolve, name="ops_alert_resolve"), *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        alert = kwargs["obj"]
        context["may_resolve"] = alert.resolved_at is None and request.user.has_perm("ops.resolve_alert")
        return super().render_change_form(request, context, *args, **kwargs)

    def visible_alerts(self, request: HttpRequest) -> QuerySet[Alert]:
        """All of them here; whoever knows what keys speak of narrows it."""
        return Alert.objects.all()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        return self.visible_alerts(request).select_related("resolved_by").order_by(*self.ordering)

    def resolve_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A person says that it is over. The same trouble again opens another alert."""
        user = request.user
        if not request.user.has_perm("ops.resolve_alert") or not isinstance(user, AbstractBaseUser):
            raise PermissionDenied
        alert = get_object_or_404(self.visible_alerts(request), pk=pk)

        def run(_data: Mapping[str, Any]) -> str:
            if alert.resolved_at is not None or not resolve_alert(alert.key, now=timezone.now(), by=user):
                raise NothingToResolveError(_("Esta alerta ya estaba resuelta."))
            return _("Alerta resuelta.")

        return confirm_and_run(
            request,
            page=Confirmation(
                title=_("Resolver alerta"),
                question=alert.title,
                button=_("Darla por resuelta"),
                facts=[(_("Veces"), alert.count), (_("Desde"), screens.when(alert.opened_at, timezone.now()))],
                sample=[alert.body] if alert.body else [],
                warning=_("Si el problema sigue, la alerta vuelve a abrirse."),
            ),
            run=run,
            refusals=NothingToResolveError,
            back=reverse("admin:ops_alert_changelist"),
            context={**self.admin_site.each_context(request), "opts": self.opts},
        )
