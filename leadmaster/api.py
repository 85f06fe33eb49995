"""`/api/`: the routes of every app under one version, log-in for programs, the description, and how refusals are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.auth import authenticate
from django.http import HttpRequest, JsonResponse
from django.urls import include, path, re_path
from django.urls.resolvers import URLPattern, URLResolver
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.exceptions import Throttled, ValidationError
from rest_framework.permissions import AllowAny, BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.throttling import AnonRateThrottle, BaseThrottle, ScopedRateThrottle
from rest_framework.views import APIView

from campaigns.api.afterwards import AfterwardsViewSet
from campaigns.api.campaigns import CampaignViewSet
from campaigns.api.directory import DirectoryRecipientsViewSet
from campaigns.api.envios import EnvioViewSet
from campaigns.api.imports import ImportViewSet, RecipientsViewSet
from campaigns.api.schedules import ScheduleViewSet
from campaigns.api.stats import StatsViewSet
from campaigns.api.suppressions import SuppressionViewSet
from campaigns.api.switch import SwitchViewSet
from campaigns.audience import AudienceError
from campaigns.errors import Incomplete, NotAllowed, Refused, Stale, WrongState
from campaigns.replying import Unseen
from leadmaster.accounts import api_tokens
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.directory.api import ClientViewSet, SyncViewSet
from leadmaster.lib.api import errors
from leadmaster.lib.api.errors import Refusal
from leadmaster.lib.api.requests import DescribedRequests, describing
from leadmaster.lib.api.serializers import Serializer
from leadmaster.ops.idempotency import InProgressError, KeyReusedError, UnfinishedError
from opportunities import errors as desk
from opportunities.api.opportunities.bulk import BulkViewSet
from opportunities.api.opportunities.queues import InboxViewSet, PoolViewSet
from opportunities.api.opportunities.views import OpportunityViewSet
from opportunities.api.people.absences import AbsenceViewSet
from opportunities.api.people.captures import CaptureViewSet
from opportunities.api.people.contacts import ContactViewSet
from opportunities.api.people.conversations import ConversationViewSet
from opportunities.api.people.ledgers import CoolDownViewSet, QuotaEntryViewSet
from opportunities.api.people.lots import LotViewSet
from opportunities.api.people.own_campaigns import OwnCampaignViewSet
from opportunities.api.people.persons import PersonViewSet
from opportunities.api.people.promoters import PromoterViewSet, QuotaViewSet
from opportunities.api.people.radar import RadarViewSet
from opportunities.api.people.reminders import ReminderViewSet
from opportunities.api.people.results import ResultsViewSet
from opportunities.api.setup.calendars import CalendarViewSet
from opportunities.api.setup.desks import DeskViewSet
from opportunities.api.setup.holidays import HolidayViewSet
from opportunities.api.setup.recalculations import RetimingViewSet
from opportunities.api.setup.stages import StageRouteViewSet, StageViewSet
from whatsapp.api import SessionViewSet
from whatsapp.gateways.base import GatewayError
from whatsapp.linking import LinkingRefused
from whatsapp.sessions import NothingToLift

# How the domain's refusals are told. Their sentences are written for people and go out as they are.
REFUSALS: dict[type[Exception], Refusal] = {
    Unseen: Refusal(409, "unseen"),
    Stale: Refusal(409, "stale"),
    WrongState: Refusal(409, "wrong_state"),
    NotAllowed: Refusal(403, "not_allowed"),
    Incomplete: Refusal(422, "incomplete"),
    AudienceError: Refusal(422, "audience"),
    Refused: Refusal(422, "refused"),
    KeyReusedError: Refusal(422, "idempotency_key_reused"),
    InProgressError: Refusal(409, "idempotency_in_progress"),
    UnfinishedError: Refusal(409, "idempotency_unfinished"),
    GatewayError: Refusal(502, "gateway"),
    NothingToLift: Refusal(409, "wrong_state"),
    LinkingRefused: Refusal(409, "wrong_state"),
    desk.NotAllowed: Refusal(403, "not_allowed"),
    desk.WrongState: Refusal(409, "wrong_state"),
    desk.Stale: Refusal(409, "stale"),
    desk.AlreadySold: Refusal(409, "already_sold"),
    desk.Taken: Refusal(409, "taken"),
    desk.NoQuota: Refusal(409, "no_quota"),
    desk.Unavailable: Refusal(409, "unavailable"),
    desk.Incomplete: Refusal(422, "incomplete"),
    desk.Refused: Refusal(422, "refused"),
}


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response:
    return errors.respond(exc, context, refusals=REFUSALS)


class CredentialsSerializer(Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=128, trim_whitespace=False, style={"input_type": "password"})


class TokenSerializer(Serializer[Any]):
    """`token` is told this once."""

    token = serializers.CharField()
    expires_at = serializers.DateTimeField()


class TokenView(DescribedRequests, APIView):
    """El token con el que un programa habla por una persona: `Authorization: Token …`."""

    throttle_scope = "token"

    def get_permissions(self) -> list[BasePermission]:
        return [AllowAny() if self.request.method == "POST" else IsAuthenticated()]

    def get_authenticators(self) -> list[Any]:
        # Whoever asks for a token has no valid one, and a stale one must not stand in the way.
        return [] if self.request is not None and self.request.method == "POST" else super().get_authenticators()

    def get_throttles(self) -> list[BaseThrottle]:
        return [ScopedRateThrottle(), AnonRateThrottle()]

    @extend_schema(
        operation_id="token_create",
        auth=[],
        request=CredentialsSerializer,
        responses={200: TokenSerializer},
    )
    def post(self, request: Request) -> Response:
        """Cambia usuario y contraseña por un token nuevo. Vence, y termina antes con una contraseña nueva."""
        given = CredentialsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        http_request = request._request
        user = authenticate(http_request, **given.validated_data)
        if getattr(http_request, "axes_locked_out", False):
            http_request.axes_locked_out = False  # type: ignore[attr-defined]  # told here, in our shape
            raise Throttled(wait=None)
        if user is None:
            raise ValidationError(_("Usuario o contraseña incorrectos."))
        assert isinstance(user, User)  # noqa: S101 - the one user model
        if user.must_change_password:
            raise ValidationError(_("Elige antes una contraseña tuya: entra en la página y cámbiala."))
        key, row = api_tokens.issue(user, now=timezone.now())
        return Response({"token": key, "expires_at": row.expires_at})

    @extend_schema(operation_id="token_destroy", responses={204: OpenApiResponse(description="Ya no sirve.")})
    def delete(self, request: Request) -> Response:
        """Termina tus tokens: los programas que los usan dejan de entrar."""
        api_tokens.end(current_user(request))
        return Response(status=204)


class DescriptionView(SpectacularAPIView):
    """The OpenAPI description. Half a second of work for anybody who asks: not often."""

    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "schema"

    def _get_schema_response(self, request: Request) -> Response:
        with describing:
            response: Response = super()._get_schema_response(request)  # type: ignore[no-untyped-call]  # the library has no types
        return response


# Swagger UI writes style attributes; nothing else of the policy is loosened.
@method_decorator(csp_update({"style-src": [SELF, UNSAFE_INLINE]}), name="dispatch")
class DocsView(SpectacularSwaggerSplitView):
    """The description to read and try."""


def unknown_address(request: HttpRequest) -> JsonResponse:
    return errors.not_found()


sender_router = SimpleRouter()
sender_router.register("sessions", SessionViewSet, "session")
sender_router.register("campaigns", CampaignViewSet, "campaign")
sender_router.register("campaigns", AfterwardsViewSet, "afterwards")
sender_router.register("campaigns", RecipientsViewSet, "recipients")
sender_router.register("campaigns", DirectoryRecipientsViewSet, "directory-recipients")
sender_router.register("schedules", ScheduleViewSet, "schedule")
sender_router.register("imports", ImportViewSet, "import")
sender_router.register("envios", EnvioViewSet, "envio")
sender_router.register("suppressions", SuppressionViewSet, "suppression")
sender_router.register("stats", StatsViewSet, "stats")

desk_router = SimpleRouter()
desk_router.register("opportunities", OpportunityViewSet, "opportunity")
desk_router.register("inbox", InboxViewSet, "inbox")
desk_router.register("pool", PoolViewSet, "pool")
desk_router.register("bulk-actions", BulkViewSet, "bulk-action")
desk_router.register("lots", LotViewSet, "lot")
desk_router.register("quotas", QuotaViewSet, "quota")
desk_router.register("quota-entries", QuotaEntryViewSet, "quota-entry")
desk_router.register("captures", CaptureViewSet, "capture")
desk_router.register("conversations", ConversationViewSet, "conversation")
desk_router.register("contacts", ContactViewSet, "contact")
desk_router.register("reminders", ReminderViewSet, "reminder")
desk_router.register("own-campaigns", OwnCampaignViewSet, "own-campaign")
desk_router.register("people", PersonViewSet, "person")
desk_router.register("promoters", PromoterViewSet, "promoter")
desk_router.register("desks", DeskViewSet, "desk")
desk_router.register("absences", AbsenceViewSet, "absence")
desk_router.register("cool-downs", CoolDownViewSet, "cool-down")
desk_router.register("radar", RadarViewSet, "radar")
desk_router.register("results", ResultsViewSet, "results")
desk_router.register("stages", StageViewSet, "stage")
desk_router.register("stage-routes", StageRouteViewSet, "stage-route")
desk_router.register("calendars", CalendarViewSet, "calendar")
desk_router.register("holidays", HolidayViewSet, "holiday")
desk_router.register("retimings", RetimingViewSet, "retiming")
desk_router.register("clients", ClientViewSet, "client")
desk_router.register("syncs", SyncViewSet, "sync")

v1: list[URLPattern | URLResolver] = [
    path("token/", TokenView.as_view(), name="token"),
    path("sender-switch/", SwitchViewSet.as_view({"get": "retrieve", "post": "create"}), name="sender-switch"),
    *sender_router.urls,
    *desk_router.urls,
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", DescriptionView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(url_name="schema"), name="api-docs"),
    path("v1/", include(v1)),
    re_path(r"^.*$", unknown_address),
]
