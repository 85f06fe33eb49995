"""Fields that campaigns, schedules and envíos share."""

from __future__ import annotations

from django.db.models import QuerySet

from campaigns.models import Campaign
from leadmaster.accounts.current_user import current_user
from leadmaster.lib.api.fields import VisibleField
from whatsapp.models import WhatsAppSession


class VisibleSession(VisibleField):
    queryset = WhatsAppSession.objects.all()

    def get_queryset(self) -> QuerySet[WhatsAppSession]:
        return WhatsAppSession.objects.visible_to(current_user(self.context["request"]))


class VisibleCampaign(VisibleField):
    queryset = Campaign.objects.all()

    def get_queryset(self) -> QuerySet[Campaign]:
        return Campaign.objects.visible_to(current_user(self.context["request"])).select_related("session")
