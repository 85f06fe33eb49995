"""The admin site: the supervisors' desk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from csp.constants import UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite as ThemedSite
else:
    from unfold.sites import UnfoldAdminSite as ThemedSite

_OURS = frozenset({"accounts", "calendars", "directory", "ops", "whatsapp", "campaigns", "opportunities"})


class LeadMasterAdminSite(ThemedSite):
    site_header = _("LeadMaster")
    site_title = _("LeadMaster")
    index_title = _("Mesa de supervisión")

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        # unfold's menus are Alpine expressions, which it evaluates, and it writes the theme's colours as a style.
        # Scripts still come from our own files only. The rest of the product keeps the strict policy.
        loosen = csp_update({"script-src": [UNSAFE_EVAL], "style-src": [UNSAFE_INLINE]})
        return loosen(super().admin_view(view, cacheable))

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """What Ctrl+K finds. Named, because it knows models and this module is read before there are any."""
        return import_string("leadmaster.search.search")(request)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Our menu is written by hand: the list of all models, a hundred questions of permissions, is drawn nowhere."""
        return list(super().get_app_list(request, app_label)) if app_label else []

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only our own models: queue, lock-out and token tables of libraries are no screens for supervisors."""
        models: Iterable[type[Model]] = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        )
        kept = [model for model in models if model._meta.app_label in _OURS]
        super().register(kept, admin_class, **options)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One door for everybody: the product's own log-in page."""
        target = request.GET.get("next") or reverse("admin:index")
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        if request.user.is_authenticated:
            return HttpResponseRedirect(reverse("admin:index"))
        return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': target})}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        super().logout(request, extra_context)
        return HttpResponseRedirect(settings.LOGIN_URL)


class LeadMasterAdminConfig(AdminConfig):
    default_site = "leadmaster.site.LeadMasterAdminSite"
