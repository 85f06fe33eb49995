"""One verb over many opportunities, and taking it back."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.fields import ReasonSerializer, RequiredReasonSerializer
from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts
from opportunities.api.fields import PromoterField, SeenRowsField
from opportunities.api.filters import BulkFilter
from opportunities.api.pages import Subpages
from opportunities.enums import Concern
from opportunities.models import BulkAction, BulkItem, Promoter
from opportunities.policy import SUPERVISE
from opportunities.supervision import bulk, sharing
from opportunities.supervision.bulk import BulkReport
from opportunities.supervision.sharing import Share
from opportunities.supervision.undo import require_author, undo

# More people share nothing in one go, as on the page.
_MOST_RECEIVERS: Final = 80


class IdsSerializer(Serializer[Any]):
    """`ids` are the opportunities as you saw them, each as `id:version`: nothing joins them afterwards, and what somebody
    changed since stays; `refused` says who did what."""

    ids = SeenRowsField(most=bulk.MOST, min_length=1)


class BulkReasonSerializer(IdsSerializer, ReasonSerializer):
    pass


class BulkCloseSerializer(IdsSerializer, RequiredReasonSerializer):
    pass


class RefusedRowSerializer(Serializer[Any]):
    opportunity = serializers.IntegerField()
    reason = serializers.CharField()


class SharingQuestionSerializer(IdsSerializer):
    """`promoter` for one, or `promoters` who share evenly, as far as the quota and the room of each go. `leave_out`: what
    one of these speaks against, whoever of them would get it, stays where it is."""

    promoter = PromoterField(required=False)
    promoters = PromoterField(many=True, required=False)
    over_quota = serializers.BooleanField(default=False)
    leave_out = serializers.MultipleChoiceField(choices=Concern.choices, default=set)

    def validate_promoters(self, promoters: list[Promoter]) -> list[Promoter]:
        if len(promoters) > _MOST_RECEIVERS:
            raise serializers.ValidationError(_("Elige hasta %(most)d promotores.") % {"most": _MOST_RECEIVERS})
        return promoters

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        both = [*attrs.pop("promoters", []), *filter(None, [attrs.pop("promoter", None)])]
        if not both:
            raise serializers.ValidationError({"promoter": [_("Elige quién las recibe.")]})
        return {**attrs, "targets": list(dict.fromkeys(both))}


class BulkReassignSerializer(SharingQuestionSerializer, ReasonSerializer):
    """`over_quota` needs its own permission and a reason, and the ledger shows it."""


class ShareSerializer(Serializer[Any]):
    """What one promoter would get, of so many that they have room for; `limit` says why not more, where that ends it."""

    promoter = serializers.IntegerField(source="promoter.pk")
    opportunities = serializers.SerializerMethodField()
    room = serializers.IntegerField()
    limit = serializers.CharField()

    def get_opportunities(self, share: Share) -> list[int]:
        return [row.id for row in share.rows]


class ConcernSerializer(Serializer[Any]):
    """An opportunity of somebody's share, with what speaks against it."""

    opportunity = serializers.IntegerField()
    concerns = serializers.ListField(child=serializers.ChoiceField(choices=Concern.choices))


class SharingSerializer(Serializer[Any]):
    """Who would get what. `kept` stay where they are, each with its reason; `doubtful` are given all the same, unless
    `leave_out` names what speaks against them."""

    shares = ShareSerializer(many=True)
    kept = RefusedRowSerializer(many=True)
    doubtful = ConcernSerializer(many=True)


class BulkReportSerializer(Serializer[Any]):
    """What was done and what was refused, each with its reason. `action` is what to undo."""

    action = serializers.IntegerField()
    done = serializers.ListField(child=serializers.IntegerField())
    refused = RefusedRowSerializer(many=True)


class BulkActionSerializer(ModelSerializer[BulkAction]):
    class Meta:
        model = BulkAction
        fields = ("id", "kind", "by", "at", "reason", "undone_at")


class BulkItemSerializer(ModelSerializer[BulkItem]):
    """`refused` is empty for what was done."""

    class Meta:
        model = BulkItem
        fields = ("id", "opportunity", "refused", "undo_tried_at")


class BulkViewSet(
    IdempotentPosts, Subpages, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[BulkAction]
):
    """Acciones en bloque: una decisión sobre muchas oportunidades, que se puede deshacer por diez minutos."""

    queryset = BulkAction.objects.none()
    serializer_class = BulkActionSerializer
    permission_classes = (RolePermission,)
    filterset_class = BulkFilter
    lookup_value_regex = "[0-9]{1,18}"
    # Each row is its own transaction.
    undone_by_crash: ClassVar[frozenset[str]] = frozenset()
    needs: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("list", "retrieve", "items"), "opportunities.view_bulkaction"),
        **dict.fromkeys(("reassign", "rehearse_reassign", "return_to_pool", "close", "give_back", "undo"), SUPERVISE),
    }

    def get_queryset(self) -> QuerySet[BulkAction]:
        """One's own; administrators read everybody's."""
        user = current_user(self.request)
        return BulkAction.objects.all() if user.is_administrator else BulkAction.objects.filter(by=user)

    def require_allowed(self, row: BulkAction) -> None:
        if self.action == "undo":
            require_author(row, current_user(self.request))

    @extend_schema(request=BulkReassignSerializer, responses={201: BulkReportSerializer})
    @action(detail=False, methods=["post"])
    def reassign(self, request: Request) -> Response:
        """Las da a un promotor, o las reparte parejo entre varios, hasta donde llegan el cupo y el máximo de cada uno."""
        given = self._given(BulkReassignSerializer)
        return self._told(
            bulk.reassign(
                given["ids"],
                *given["targets"],
                by=current_user(request),
                now=timezone.now(),
                reason=given["reason"],
                over_quota=given["over_quota"],
                leave_out=given["leave_out"],
            )
        )

    @extend_schema(request=SharingQuestionSerializer, responses=SharingSerializer)
    @action(detail=False, methods=["post"], url_path="reassign/rehearse", url_name="rehearse-reassign")
    def rehearse_reassign(self, request: Request) -> Response:
        """Quién recibiría cuántas, por qué no más, y qué habla en contra. No escribe nada."""
        given = self._given(SharingQuestionSerializer)
        shared = sharing.share(
            given["ids"],
            given["targets"],
            by=current_user(request),
            now=timezone.now(),
            leave_out=given["leave_out"],
            over_quota=given["over_quota"],
        )
        told = {
            "shares": shared.shares,
            "kept": [{"opportunity": pk, "reason": why} for pk, why in shared.kept.items()],
            "doubtful": [
                {"opportunity": pk, "concerns": sorted(against)} for pk, against in shared.concerns.items() if against
            ],
        }
        return Response(SharingSerializer(told).data)

    @extend_schema(request=BulkReasonSerializer, responses={201: BulkReportSerializer})
    @action(detail=False, methods=["post"], url_path="return-to-pool")
    def return_to_pool(self, request: Request) -> Response:
        """Las devuelve al pool."""
        given = self._given(BulkReasonSerializer)
        return self._told(
            bulk.return_to_pool(given["ids"], by=current_user(request), now=timezone.now(), reason=given["reason"])
        )

    @extend_schema(request=BulkCloseSerializer, responses={201: BulkReportSerializer})
    @action(detail=False, methods=["post"])
    def close(self, request: Request) -> Response:
        """Las cierra como perdidas, con un motivo."""
        given = self._given(BulkCloseSerializer)
        return self._told(
            bulk.close(given["ids"], by=current_user(request), now=timezone.now(), reason=given["reason"])
        )

    @extend_schema(request=BulkReasonSerializer, responses={201: BulkReportSerializer})
    @action(detail=False, methods=["post"], url_path="give-back")
    def give_back(self, request: Request) -> Response:
        """De la bandeja, cada una a su promotor."""
        given = self._given(BulkReasonSerializer)
        return self._told(
            bulk.give_back(given["ids"], by=current_user(request), now=timezone.now(), reason=given["reason"])
        )

    @extend_schema(request=None, responses=BulkReportSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        """La deshace: promotores, etapas y el tiempo que quedaba vuelven. Lo que cambió desde entonces queda y se dice."""
        return self._told(undo(self.get_object(), by=current_user(request), now=timezone.now()), status=200)

    @extend_schema(responses=BulkItemSerializer(many=True), filters=False)
    @action(detail=True)
    def items(self, request: Request, pk: str) -> Response:
        """Las oportunidades de la acción, cada una con lo que pasó."""
        return self.page_of(BulkItem.objects.filter(action=self.get_object()), BulkItemSerializer)

    def _given(self, form: type[Serializer[Any]]) -> dict[str, Any]:
        given = form(data=self.request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)

    def _told(self, report: BulkReport, *, status: int = 201) -> Response:
        refused = [{"opportunity": pk, "reason": reason} for pk, reason in report.refused.items()]
        told = {"action": report.action_id, "done": report.done, "refused": refused}
        return Response(BulkReportSerializer(told).data, status=status)
