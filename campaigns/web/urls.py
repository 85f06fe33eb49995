"""Addresses of the promoters' pages."""

from __future__ import annotations

from django.urls import path

from campaigns.web import detail, pace, statistics, views

urlpatterns = [
    path("mis-campanias/", views.campaign_list, name="my-campaigns"),
    path("mis-campanias/vivo/", views.campaign_cards, name="my-campaigns-live"),
    path("mis-campanias/estadisticas/", statistics.show, name="my-statistics"),
    path("mis-campanias/estadisticas/csv/", statistics.download, name="my-statistics-csv"),
    path("mis-campanias/<int:campaign_id>/", detail.page, name="my-campaign"),
    path("mis-campanias/<int:campaign_id>/paso/<slug:verb>/", detail.act, name="my-campaign-act"),
    path("mis-campanias/<int:campaign_id>/informe/<int:record_id>/", detail.report, name="my-campaign-report"),
    path("mis-campanias/<int:campaign_id>/soltar/", detail.lift_brake, name="my-campaign-lift"),
    path("mis-campanias/<int:campaign_id>/ritmo/", pace.change, name="my-campaign-pacing"),
    path("mis-campanias/<int:campaign_id>/pausar/", views.pause, name="my-campaign-pause"),
    path("mis-campanias/<int:campaign_id>/reanudar/", views.resume, name="my-campaign-resume"),
]
