"""Addresses of the desk's pages."""

from __future__ import annotations

from django.urls import path

from opportunities.web import (
    campaign,
    capture,
    conversations,
    listing,
    lots,
    my_day,
    opportunity,
    reminders,
    request,
    saved,
)

urlpatterns = [
    path("", my_day.home, name="home"),
    path("oportunidades/", listing.opportunities, name="desk-opportunities"),
    path("oportunidades/lista/", listing.rows, name="desk-opportunity-rows"),
    path("oportunidades/filtros/", saved.save, name="desk-filter-save"),
    path("oportunidades/filtros/<int:filter_id>/renombrar/", saved.rename, name="desk-filter-rename"),
    path("oportunidades/filtros/<int:filter_id>/borrar/", saved.delete, name="desk-filter-delete"),
    path("oportunidades/escribir/", campaign.write, name="desk-write"),
    path("oportunidades/escribir/personas/", campaign.people, name="desk-write-people"),
    path("oportunidades/escribir/vista/", campaign.preview, name="desk-write-preview"),
    path("oportunidades/<int:opportunity_id>/", opportunity.page, name="desk-opportunity"),
    path("oportunidades/<int:opportunity_id>/mover/<int:stage_id>/", opportunity.move, name="desk-move"),
    path("oportunidades/<int:opportunity_id>/datos/", opportunity.correct_client, name="desk-client-data"),
    path("oportunidades/<int:opportunity_id>/deshacer/", opportunity.undo_step, name="desk-undo"),
    path("oportunidades/<int:opportunity_id>/nota/", opportunity.note, name="desk-note"),
    path("oportunidades/<int:opportunity_id>/prorroga/", opportunity.extend, name="desk-extend"),
    path("oportunidades/<int:opportunity_id>/contacto/", opportunity.attempt, name="desk-attempt"),
    path("oportunidades/<int:opportunity_id>/resultado/", opportunity.result, name="desk-result"),
    path(
        "oportunidades/<int:opportunity_id>/resultado/<int:attempt_id>/",
        opportunity.correct_result,
        name="desk-result-correct",
    ),
    path("oportunidades/<int:opportunity_id>/recordar/", opportunity.remind, name="desk-remind"),
    path("recordatorios/<int:reminder_id>/hecho/", reminders.done, name="desk-reminder-done"),
    path("recordatorios/<int:reminder_id>/posponer/", reminders.postpone, name="desk-reminder-postpone"),
    path("recordatorios/<int:reminder_id>/cancelar/", reminders.cancel, name="desk-reminder-cancel"),
    path("pedir/", request.ask, name="desk-request"),
    path("pedir/opciones/", request.options, name="desk-request-options"),
    path("lotes/<int:lot_id>/", lots.lot, name="desk-lot"),
    path("captar/", capture.capture, name="desk-capture"),
    path("captar/telefono/", capture.phone, name="desk-capture-phone"),
    path("conversaciones/", conversations.conversation_list, name="desk-conversations"),
    path("conversaciones/<int:conversation_id>/", conversations.page, name="desk-conversation"),
    path("conversaciones/<int:conversation_id>/leer/", conversations.read, name="desk-conversation-read"),
    path("conversaciones/<int:conversation_id>/responder/", conversations.reply, name="desk-conversation-reply"),
    path("conversaciones/<int:conversation_id>/decidir/", conversations.decide, name="desk-conversation-decide"),
    path("conversaciones/<int:conversation_id>/atender/", conversations.handle, name="desk-conversation-handle"),
    path("conversaciones/<int:conversation_id>/posponer/", conversations.snooze, name="desk-conversation-snooze"),
    path("conversaciones/<int:conversation_id>/asignar/", conversations.assign, name="desk-conversation-assign"),
    path("conversaciones/<int:conversation_id>/cerrar/", conversations.close, name="desk-conversation-close"),
    path("conversaciones/<int:conversation_id>/recordar/", conversations.remind, name="desk-conversation-remind"),
    path("conversaciones/<int:conversation_id>/captar/", conversations.take_client, name="desk-conversation-take"),
]
