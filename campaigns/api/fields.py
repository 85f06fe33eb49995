"""Fields that campaigns, schedules and envíos share."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from campaigns.models import Campaign
from leadmaster.accounts.api import person
from leadmaster.lib.api.fields import VisibleField
from leadmaster.lib.api.serializers import Serializer
from whatsapp.models import WhatsAppSession


class VisibleSession(VisibleField):
    queryset = WhatsAppSession.objects.all()

    def get_queryset(self) -> QuerySet[WhatsAppSession]:
        return WhatsAppSession.objects.visible_to(person(self.context["request"]))


class VisibleCampaign(VisibleField):
    queryset = Campaign.objects.all()

    def get_queryset(self) -> QuerySet[Campaign]:
        return Campaign.objects.visible_to(person(self.context["request"])).select_related("session")


class ReasonSerializer(Serializer[Any]):
    """Why, for the history."""

    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class RequiredReasonSerializer(Serializer[Any]):
    """Why, for the history. Somebody will want to know."""

    reason = serializers.CharField(max_length=300)
