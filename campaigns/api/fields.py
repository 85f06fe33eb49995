"""Fields that campaigns, schedules and envíos share."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from campaigns.models import Campaign
from leadmaster.accounts.api import person
from whatsapp.models import WhatsAppSession


class _Visible(serializers.PrimaryKeyRelatedField[Any]):
    """A row that this person may see. Any other does not exist for them."""

    default_error_messages = {
        "does_not_exist": _("No existe, o no está entre lo que puedes ver."),
        "incorrect_type": _("Escribe el número de la fila."),
    }

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, int | str):
            self.fail("incorrect_type")
        return super().to_internal_value(data)


class VisibleSession(_Visible):
    queryset = WhatsAppSession.objects.all()

    def get_queryset(self) -> QuerySet[WhatsAppSession]:
        return WhatsAppSession.objects.visible_to(person(self.context["request"]))


class VisibleCampaign(_Visible):
    queryset = Campaign.objects.all()

    def get_queryset(self) -> QuerySet[Campaign]:
        return Campaign.objects.visible_to(person(self.context["request"])).select_related("session")


class ReasonSerializer(serializers.Serializer[Any]):
    """Why, for the history."""

    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class RequiredReasonSerializer(serializers.Serializer[Any]):
    """Why, for the history. Somebody will want to know."""

    reason = serializers.CharField(max_length=300)
