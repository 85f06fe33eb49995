"""Fields that campaigns, schedules and envíos share."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from campaigns.models import Campaign
from leadmaster.accounts.current_user import current_user
from leadmaster.lib.api.fields import ReasonSerializer, RequiredReasonSerializer, VisibleField
from leadmaster.lib.api.serializers import Serializer
from whatsapp.models import WhatsAppSession


class VisibleSession(VisibleField):
    queryset = WhatsAppSession.objects.all()

    def get_queryset(self) -> QuerySet[WhatsAppSession]:
        return WhatsAppSession.objects.visible_to(current_user(self.context["request"]))


class VisibleCampaign(VisibleField):
    queryset = Campaign.objects.all()

    def get_queryset(self) -> QuerySet[Campaign]:
        return Campaign.objects.visible_to(current_user(self.context["request"])).select_related("session")


class SeenSerializer(Serializer[Any]):
    """`version` is the one that you looked at: if somebody changed it meanwhile, or its schedules, nothing is decided."""

    version = serializers.CharField(max_length=64)


class ApprovalSerializer(SeenSerializer, ReasonSerializer):
    pass


class RejectionSerializer(SeenSerializer, RequiredReasonSerializer):
    pass
