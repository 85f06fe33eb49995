"""Addresses of the promoters' pages."""

from __future__ import annotations

from django.urls import path

from campaigns.web import views

urlpatterns = [
    path("mis-campanias/", views.campaign_list, name="my-campaigns"),
    path("mis-campanias/vivo/", views.campaign_cards, name="my-campaigns-live"),
    path("mis-campanias/<int:campaign_id>/pausar/", views.pause, name="my-campaign-pause"),
    path("mis-campanias/<int:campaign_id>/reanudar/", views.resume, name="my-campaign-resume"),
]
