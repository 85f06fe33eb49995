"""A promoter's own clients as the recipients of a draft campaign."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.fields import IdsField, VisibleField
from leadmaster.lib.api.serializers import Serializer
from opportunities.api.fields import KEY, StageField, key_of
from opportunities.api.people.asking import AskedByPromoters
from opportunities.own_campaigns import Choice, Drafted, NewCampaign, draft_campaign
from opportunities.policy import WORK, promoter_of
from whatsapp.models import WhatsAppSession

_MOST_IDS = 1_000
_LONGEST_MESSAGE = 4_000


class OwnSessionField(VisibleField):
    """A line that this person may write through."""

    queryset = WhatsAppSession.objects.all()

    def get_queryset(self) -> QuerySet[WhatsAppSession]:
        return WhatsAppSession.objects.visible_to(current_user(self.context["request"]))


class OwnCampaignSerializer(Serializer[Any]):
    """Without `stage` or `opportunities`: all that you are working. What is not yours, or not any more, is left out."""

    name = serializers.CharField(max_length=160)
    template = serializers.CharField(max_length=_LONGEST_MESSAGE, trim_whitespace=False)
    session = OwnSessionField()
    stage = StageField(required=False, allow_null=True)
    opportunities = IdsField(most=_MOST_IDS, required=False)

    def asked(self) -> NewCampaign:
        given = self.validated_data
        ids, stage = given.get("opportunities"), given.get("stage")
        return NewCampaign(
            name=given["name"],
            template=given["template"],
            session=given["session"],
            choice=Choice(ids=None if ids is None else frozenset(ids), stage=stage.pk if stage else None),
        )


class DraftedSerializer(Serializer[Any]):
    """The draft and what became of the chosen ones; who was left out has a line in the import's report."""

    campaign = serializers.IntegerField(source="campaign.pk")
    import_id = serializers.IntegerField(source="report.pk")
    rows = serializers.IntegerField(source="report.rows")
    accepted = serializers.IntegerField(source="report.accepted")
    duplicates = serializers.IntegerField(source="report.duplicates")
    invalid = serializers.IntegerField(source="report.invalid")
    opted_out = serializers.IntegerField(source="report.opted_out")


class OwnCampaignViewSet(AskedByPromoters, ViewSet):
    """Campañas de un promotor a sus propios clientes."""

    permission_classes = (RolePermission,)
    needs: ClassVar[dict[str, str]] = {"create": WORK}

    @extend_schema(request=OwnCampaignSerializer, parameters=[KEY], responses={201: DraftedSerializer})
    def create(self, request: Request) -> Response:
        """Prepara un borrador con tus oportunidades como destinatarios. Después se envía a aprobar como cualquier otra."""
        given = OwnCampaignSerializer(data=request.data, context={"request": request})
        given.is_valid(raise_exception=True)
        promoter = promoter_of(current_user(request))
        drafted: Drafted = draft_campaign(promoter, given.asked(), key=key_of(request), now=timezone.now())
        return Response(DraftedSerializer(drafted).data, status=201)
