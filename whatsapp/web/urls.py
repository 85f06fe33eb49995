"""Addresses of Mi WhatsApp."""

from __future__ import annotations

from django.urls import path

from whatsapp.web import pages

urlpatterns = [
    path("mi-whatsapp/", pages.line_list, name="my-lines"),
    path("mi-whatsapp/<int:session_id>/", pages.line, name="my-line"),
    path("mi-whatsapp/<int:session_id>/vivo/", pages.live, name="my-line-live"),
    path("mi-whatsapp/<int:session_id>/vincular/", pages.link, name="my-line-link"),
    path("mi-whatsapp/<int:session_id>/codigo/", pages.code, name="my-line-code"),
    path("mi-whatsapp/<int:session_id>/escribir/", pages.typed, name="my-line-typed"),
    path("mi-whatsapp/<int:session_id>/conectar/", pages.connect, name="my-line-connect"),
    path("mi-whatsapp/<int:session_id>/desconectar/", pages.disconnect, name="my-line-disconnect"),
    path("mi-whatsapp/<int:session_id>/comprobar/", pages.check, name="my-line-check"),
    path("mi-whatsapp/<int:session_id>/probar/", pages.test, name="my-line-test"),
]
