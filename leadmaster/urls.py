"""Every address of the product, composed from the apps."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from campaigns import health
from campaigns import metrics as sender_figures
from campaigns.webhooks import callback
from leadmaster import home
from leadmaster.accounts.client_address import client_address
from leadmaster.accounts.views import AccountView, end_tokens
from leadmaster.directory import health as directory_watch
from leadmaster.directory import metrics as directory_figures
from leadmaster.ops.metrics import installation
from leadmaster.ops.views import healthz, metrics, readyz
from opportunities import health as desk_watch
from opportunities import metrics as desk_figures

FIGURES = (*installation.SOURCES, *sender_figures.SOURCES, *desk_figures.SOURCES, *directory_figures.SOURCES)

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("cuenta/", AccountView.as_view(), name="account"),
    path("cuenta/accesos/", end_tokens, name="end-tokens"),
    path("admin/moving/", admin.site.admin_view(home.moving), name="admin-home-moving"),
    path("admin/", admin.site.urls),
    path("api/", include("leadmaster.api")),
    path("webhooks/<slug:gateway>/<path:tenant_id>/", callback, name="webhook"),
    path("healthz", healthz((*health.PROBES, *desk_watch.PROBES, *directory_watch.PROBES)), name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics(FIGURES, address_of=client_address), name="metrics"),
    path("", include("opportunities.web.urls")),
    path("", include("campaigns.web.urls")),
    path("", include("whatsapp.web.urls")),
]
