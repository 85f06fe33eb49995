"""What is done with a campaign afterwards, over the API: repeat, retry, reasons, replies, everybody as a file."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from campaigns.afterwards import export, replies
from campaigns.afterwards.reasons import reasons
from campaigns.afterwards.repeat import Whom, repeat
from campaigns.afterwards.retry import retry
from campaigns.api.campaign_serializers import CampaignSerializer
from campaigns.models import Campaign
from campaigns.policy import Act, require
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.fields import RequiredReasonSerializer
from leadmaster.lib.api.serializers import Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts


class RepeatSerializer(Serializer[Any]):
    """Without a name, that of the campaign with «otra vez»; `missing` are those whom it provably did not reach."""

    name = serializers.CharField(max_length=160, required=False, allow_blank=True, default="")
    whom = serializers.ChoiceField(choices=[whom.value for whom in Whom], default=Whom.NOBODY.value)


class RetrySerializer(RequiredReasonSerializer):
    """Of one `code` of `reasons`; without it, all that can be."""

    code = serializers.CharField(max_length=64, required=False, allow_null=True, default=None)


class RetriedSerializer(Serializer[Any]):
    retried = serializers.IntegerField()


class ErrorReasonSerializer(Serializer[Any]):
    """`retriable` provably did not leave; `advice` is what to do."""

    code = serializers.CharField()
    text = serializers.CharField()
    number = serializers.IntegerField()
    retriable = serializers.IntegerField()
    advice = serializers.CharField()


class CampaignReplySerializer(Serializer[Any]):
    """The last words of one person. `waiting`: nobody has attended to them."""

    conversation = serializers.IntegerField(source="pk")
    phone = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField(source="last_at")
    text = serializers.CharField(source="last_reply.text", default="")
    waiting = serializers.SerializerMethodField()

    def get_waiting(self, row: Any) -> bool:
        return row.waiting_since is not None


class CampaignRepliesSerializer(Serializer[Any]):
    """`people` answered, `waiting` of them nobody attended to; `newest` are the last of them."""

    people = serializers.IntegerField()
    waiting = serializers.IntegerField()
    newest = CampaignReplySerializer(many=True)


class AfterwardsViewSet(IdempotentPosts, GenericViewSet[Campaign]):
    """Campañas, después: repetir, reintentar, quién respondió, exportar."""

    queryset = Campaign.objects.none()
    serializer_class = CampaignSerializer
    permission_classes = (RolePermission,)
    pagination_class = None
    filter_backends = ()
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("reasons", "replies", "export"), Act.VIEW),
        "repeat": Act.EDIT,
        "retry": Act.OPERATE,
    }

    def get_queryset(self) -> QuerySet[Campaign]:
        return Campaign.objects.visible_to(self.request.user).select_related("session")

    def require_allowed(self, row: Campaign) -> None:
        require(current_user(self.request), Act(self.needs[self.action]), row)

    @extend_schema(request=RepeatSerializer, responses={201: CampaignSerializer})
    @action(detail=True, methods=["post"])
    def repeat(self, request: Request, pk: str) -> Response:
        """Un borrador nuevo con el mismo mensaje, las programaciones desde hoy y el ritmo."""
        campaign = self.get_object()
        given = RepeatSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        draft = repeat(
            campaign,
            by=current_user(request),
            now=timezone.now(),
            name=given.validated_data["name"],
            whom=Whom(given.validated_data["whom"]),
        )
        return Response(self.get_serializer(draft).data, status=201)

    @extend_schema(request=RetrySerializer, responses=RetriedSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Los errores que con seguridad no salieron vuelven a esperar su turno. Los inciertos, nunca."""
        campaign = self.get_object()
        given = RetrySerializer(data=request.data)
        given.is_valid(raise_exception=True)
        number = retry(campaign, by=current_user(request), now=timezone.now(), **given.validated_data)
        return Response({"retried": number})

    @extend_schema(responses=ErrorReasonSerializer(many=True))
    @action(detail=True)
    def reasons(self, request: Request, pk: str) -> Response:
        """Por qué fallaron, contado, con qué hacer en cada caso."""
        return Response(ErrorReasonSerializer(reasons(self.get_object()), many=True).data)

    @extend_schema(responses=CampaignRepliesSerializer)
    @action(detail=True)
    def replies(self, request: Request, pk: str) -> Response:
        """Cuántos respondieron, cuántos esperan, y lo último que dijeron."""
        campaign = self.get_object()
        counted = replies.answered([campaign.pk])[campaign.pk]
        newest = list(replies.conversations(campaign)[: replies.MOST])
        told = {"people": counted.people, "waiting": counted.waiting, "newest": newest}
        return Response(CampaignRepliesSerializer(told).data)

    @extend_schema(
        responses={(200, "text/csv"): OpenApiResponse(response=OpenApiTypes.STR, description="Una fila por persona.")}
    )
    @action(detail=True)
    def export(self, request: Request, pk: str) -> HttpResponseBase:
        """Todos sus destinatarios, con estado, errores y respuestas."""
        return export.answer(self.get_object())
