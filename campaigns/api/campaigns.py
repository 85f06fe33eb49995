"""Campaigns over the API: the form while it is a draft, one POST per verb, and what people ask about them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from campaigns import lifecycle, pacing
from campaigns.api.campaign_serializers import (
    CampaignEventSerializer,
    CampaignSerializer,
    ForecastSerializer,
    MessageSerializer,
    OverlapSerializer,
    PacingSerializer,
    ProgressSerializer,
    VarietySerializer,
    WhyNotSerializer,
)
from campaigns.api.fields import ApprovalSerializer, RejectionSerializer
from campaigns.api.filters import CampaignFilter
from campaigns.brakes.lifting import lift
from campaigns.engine.why_not import why_not
from campaigns.enums import CampaignState
from campaigns.errors import WrongState
from campaigns.forecast import forecast
from campaigns.message_editing import edit_message
from campaigns.models import Campaign
from campaigns.overlap import overlap
from campaigns.pacing import Pacing
from campaigns.parsing import variety
from campaigns.policy import Act, require
from campaigns.progress import Progress, progress, progress_of
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.fields import ReasonSerializer, RequiredReasonSerializer
from leadmaster.lib.api.serializers import Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts


class CampaignViewSet(
    IdempotentPosts,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet[Campaign],
):
    """Campañas: el mensaje, la sesión por la que sale y su estado."""

    queryset = Campaign.objects.none()
    serializer_class = CampaignSerializer
    permission_classes = (RolePermission,)
    filterset_class = CampaignFilter
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    needs: ClassVar[dict[str, str]] = {
        **dict.fromkeys(
            ("list", "retrieve", "progress", "forecast", "why_not", "overlap", "variations", "events"), Act.VIEW
        ),
        "create": "campaigns.add_campaign",
        **dict.fromkeys(("partial_update", "destroy", "message"), Act.EDIT),
        **dict.fromkeys(("submit", "launch", "pause", "resume", "cancel", "pacing"), Act.OPERATE),
        **dict.fromkeys(("approve", "reject", "lift"), Act.APPROVE),
    }

    _progress: dict[int, Progress]

    def get_queryset(self) -> QuerySet[Campaign]:
        return (
            Campaign.objects.visible_to(self.request.user)
            .select_related("session")
            .prefetch_related("schedules__windows")
        )

    def require_allowed(self, row: Campaign) -> None:
        require(current_user(self.request), Act(self.needs[self.action]), row)

    def paginate_queryset(self, queryset: Any) -> list[Any] | None:
        """The page, with the progress of all of its campaigns in one query."""
        page: list[Campaign] | None = super().paginate_queryset(queryset)
        self._progress = progress_of([campaign.pk for campaign in page or []])
        return page

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "progress": getattr(self, "_progress", {})}

    def perform_create(self, serializer: BaseSerializer[Campaign]) -> None:
        session = serializer.validated_data["session"]
        serializer.save(owner=current_user(self.request), team=session.team)

    def perform_update(self, serializer: BaseSerializer[Campaign]) -> None:
        campaign = serializer.instance
        assert isinstance(campaign, Campaign)  # noqa: S101 - an update has its row
        with transaction.atomic():
            self._lock_draft(campaign)
            self._keep_frozen(campaign, serializer.validated_data)
            serializer.save()

    def perform_destroy(self, instance: Campaign) -> None:
        with transaction.atomic():
            self._lock_draft(instance)
            if instance.envios.exists():
                raise WrongState(_("La campaña ya tiene destinatarios: cancélala en vez de borrarla."))
            instance.delete()

    def _lock_draft(self, campaign: Campaign) -> None:
        """What somebody approved or is reading to approve must not change under them."""
        require(current_user(self.request), Act.EDIT, campaign)
        state = Campaign.objects.select_for_update().values_list("state", flat=True).get(pk=campaign.pk)
        if state != CampaignState.DRAFT:
            raise WrongState(_("Solo se edita un borrador. Pide que rechacen la campaña para volver a cambiarla."))

    def _keep_frozen(self, campaign: Campaign, changes: Mapping[str, Any]) -> None:
        """Each envío carries its text and its session since it was imported."""
        frozen = {name: getattr(campaign, name) for name in ("template", "session")}
        changed = [name for name, value in frozen.items() if changes.get(name, value) != value]
        if not changed or not campaign.envios.exists():
            return
        if "session" in changed:
            raise WrongState(
                _("Los destinatarios ya están en su sesión. Para usar otra, cancela esta campaña y crea una nueva.")
            )
        raise WrongState(_("Los destinatarios ya tienen su mensaje escrito: cámbialo con POST …/message/."))

    # --- Verbs ----------------------------------------------------------------------------------------------------

    @extend_schema(request=None, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        """Manda el borrador a aprobar."""
        return self._act(lifecycle.submit)

    @extend_schema(request=RejectionSerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        """La devuelve a borrador, con el motivo."""
        return self._act(lifecycle.reject, **self._words(RejectionSerializer))

    @extend_schema(request=ApprovalSerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Aprueba la campaña y las programaciones que esperan con ella."""
        return self._act(lifecycle.approve, **self._words(ApprovalSerializer))

    @extend_schema(request=None, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def launch(self, request: Request, pk: str) -> Response:
        """La pone en marcha: desde acá mandan sus ventanas."""
        return self._act(lifecycle.launch)

    @extend_schema(request=ReasonSerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Deja de enviar; a lo sumo sale el mensaje que ya está en vuelo."""
        return self._act(lifecycle.pause, **self._words(ReasonSerializer))

    @extend_schema(request=ReasonSerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Sigue donde quedó."""
        return self._act(lifecycle.resume, **self._words(ReasonSerializer))

    @extend_schema(request=RequiredReasonSerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def lift(self, request: Request, pk: str) -> Response:
        """Suelta el freno que la detiene: lo que pasó hasta ahora deja de contar."""
        return self._act(lift, **self._words(RequiredReasonSerializer))

    @extend_schema(request=RequiredReasonSerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """La termina: lo pendiente queda cancelado."""
        return self._act(lifecycle.cancel, **self._words(RequiredReasonSerializer))

    @extend_schema(request=MessageSerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def message(self, request: Request, pk: str) -> Response:
        """Cambia el mensaje de un borrador y vuelve a escribir el texto de cada destinatario, o de ninguno."""
        given = MessageSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        campaign: Campaign = self.get_object()
        edit_message(campaign, given.validated_data["template"], by=current_user(request), now=timezone.now())
        return Response(self.get_serializer(campaign).data)

    @extend_schema(request=PacingSerializer, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def pacing(self, request: Request, pk: str) -> Response:
        """Cambia el ritmo de una campaña ya aprobada, desde el próximo mensaje. Más rápido lo decide quien aprueba."""
        given = PacingSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        campaign: Campaign = self.get_object()
        words = dict(given.validated_data)
        version, reason = words.pop("version"), words.pop("reason")
        wanted = dataclasses.replace(Pacing.of(campaign), **words)
        return self._act(pacing.change, pacing=wanted, version=version, reason=reason)

    # --- Questions ------------------------------------------------------------------------------------------------

    @extend_schema(responses=ProgressSerializer)
    @action(detail=True)
    def progress(self, request: Request, pk: str) -> Response:
        """Cuántos hay en cada estado y hasta dónde llegaron."""
        return Response(ProgressSerializer(progress(self.get_object())).data)

    @extend_schema(responses=ForecastSerializer)
    @action(detail=True)
    def forecast(self, request: Request, pk: str) -> Response:
        """Cuántos salen cada día y cuándo termina."""
        return Response(ForecastSerializer(forecast(self.get_object(), timezone.now())).data)

    @extend_schema(responses=WhyNotSerializer)
    @action(detail=True, url_path="why-not")
    def why_not(self, request: Request, pk: str) -> Response:
        """Por qué ahora no sale nada, si es que no sale."""
        return Response(WhyNotSerializer(why_not(self.get_object(), timezone.now())).data)

    @extend_schema(responses=OverlapSerializer)
    @action(detail=True)
    def overlap(self, request: Request, pk: str) -> Response:
        """Cuántos de los que esperan aquí esperan también en otra campaña en curso, y cuántos descansan de una."""
        return Response(OverlapSerializer(overlap(self.get_object(), timezone.now())).data)

    @extend_schema(responses=VarietySerializer)
    @action(detail=True)
    def variations(self, request: Request, pk: str) -> Response:
        """Cuántos textos distintos salen del mensaje, antes de los datos de cada uno, y algunos de ellos."""
        return Response(VarietySerializer(variety(self.get_object().template)).data)

    @extend_schema(responses=CampaignEventSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None)
    def events(self, request: Request, pk: str) -> Response:
        """El historial de sus estados: quién, cuándo, por qué."""
        return Response(CampaignEventSerializer(self.get_object().events.all(), many=True).data)

    # --- Private --------------------------------------------------------------------------------------------------

    def _act(self, verb: Callable[..., Campaign], **words: object) -> Response:
        verb(self.get_object(), by=current_user(self.request), now=timezone.now(), **words)
        return Response(self.get_serializer(self.get_object()).data)

    def _words(self, kind: type[Serializer[Any]]) -> dict[str, str]:
        given = kind(data=self.request.data)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)
