"""Every address of the product, composed from the apps."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from campaigns import health
from campaigns.webhooks import callback
from leadmaster.accounts.views import AccountView, end_tokens
from leadmaster.directory import health as directory_watch
from leadmaster.ops.views import healthz, readyz
from opportunities import health as desk_watch

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("cuenta/", AccountView.as_view(), name="account"),
    path("cuenta/accesos/", end_tokens, name="end-tokens"),
    path("admin/", admin.site.urls),
    path("api/", include("leadmaster.api")),
    path("webhooks/<slug:gateway>/<path:tenant_id>/", callback, name="webhook"),
    path("healthz", healthz((*health.PROBES, *desk_watch.PROBES, *directory_watch.PROBES)), name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("", include("opportunities.web.urls")),
    path("", include("campaigns.web.urls")),
]
