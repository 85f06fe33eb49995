"""Every address of the product, composed from the apps."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.views import LoginView
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from campaigns import health
from campaigns import metrics as sender_figures
from campaigns.webhooks import callback
from leadmaster import home
from leadmaster.accounts.client_address import client_address
from leadmaster.accounts.own_language import choose_language
from leadmaster.accounts.views import AccountView, LeaveView, end_other_devices, end_tokens
from leadmaster.directory import health as directory_watch
from leadmaster.directory import metrics as directory_figures
from leadmaster.ops.metrics import installation
from leadmaster.ops.views import healthz, metrics, readyz
from leadmaster.shell import notices
from leadmaster.shell import views as shell
from opportunities import health as desk_watch
from opportunities import metrics as desk_figures

FIGURES = (*installation.SOURCES, *sender_figures.SOURCES, *desk_figures.SOURCES, *directory_figures.SOURCES)

urlpatterns: list[URLPattern | URLResolver] = [
    path("sw.js", shell.worker, name="worker"),
    path("app.webmanifest", shell.manifest, name="manifest"),
    path("sin-conexion/", shell.offline, name="offline"),
    path("sesion/", shell.presence, name="presence"),
    path("login/", LoginView.as_view(), name="login"),
    path("logout/", LeaveView.as_view(), name="logout"),
    path("cuenta/", AccountView.as_view(), name="account"),
    path("cuenta/idioma/", choose_language, name="choose-language"),
    path("cuenta/accesos/", end_tokens, name="end-tokens"),
    path("cuenta/avisos/", notices.subscribe, name="notices"),
    path("cuenta/avisos/terminar/", notices.unsubscribe, name="end-notices"),
    path("cuenta/dispositivos/", end_other_devices, name="end-devices"),
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
