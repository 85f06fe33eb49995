"""A promoter registers a client of their own."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle, UserRateThrottle
from rest_framework.viewsets import ViewSet

from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.serializers import Serializer
from leadmaster.lib.phones.parsing import Phone, normalise
from opportunities.api.fields import KEY, key_of
from opportunities.api.opportunities.serializers import PlaceSerializer
from opportunities.api.people.asking import AskedByPromoters
from opportunities.assignment import capture as capturing
from opportunities.models import Desk, Promoter
from opportunities.policy import SUPERVISE, WORK, promoter_of
from opportunities.queries.regions import region_of, region_of_zone
from opportunities.scope import own_desk, team_ids_of

_LONGEST_PHONE = 40
_MOST_PHONES = 10


class PhoneChecks(UserRateThrottle):
    """Whoever types one number asks a few times; whoever asks more is looking the directory through.

    A capture that is refused tells as much as a check, so both count together.
    """

    scope = "phone_checks"
    rate = "40/min"


class CaptureSerializer(Serializer[Any]):
    """`phones` as people of the desk's country write them, or international with the plus sign."""

    name = serializers.CharField(max_length=160)
    phones = serializers.ListField(
        child=serializers.CharField(max_length=_LONGEST_PHONE), min_length=1, max_length=_MOST_PHONES
    )
    # No default: an empty text is no e-mail address, and a description that says so is not valid.
    email = serializers.EmailField(max_length=160, required=False, allow_blank=True)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class PhoneQuerySerializer(Serializer[Any]):
    phone = serializers.CharField(max_length=_LONGEST_PHONE)


class PhoneCheckSerializer(Serializer[Any]):
    """`sentence` says why not, without telling whose it is; empty when the number is free to capture."""

    free = serializers.BooleanField()
    sentence = serializers.CharField(allow_blank=True)
    e164 = serializers.CharField(allow_blank=True)


class CaptureViewSet(AskedByPromoters, ViewSet):
    """Captaciones: un cliente que trae el promotor."""

    permission_classes = (RolePermission,)
    needs: ClassVar[dict[str, str]] = {"create": WORK, "phone_check": WORK}

    def get_throttles(self) -> list[BaseThrottle]:
        return [*super().get_throttles(), PhoneChecks()]

    @extend_schema(request=CaptureSerializer, parameters=[KEY], responses={201: PlaceSerializer})
    def create(self, request: Request) -> Response:
        """Registra a la persona y empieza a trabajarla. Si alguien ya la trabaja, 409 `taken` dice desde cuándo, no quién."""
        given = CaptureSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        promoter, now = promoter_of(current_user(request)), timezone.now()
        row = capturing.capture(
            promoter,
            capturing.NewClient(region=region_of(promoter), **given.validated_data),
            key=key_of(request),
            now=now,
        )
        return Response(PlaceSerializer(row, context={"now": now}).data, status=201)

    @extend_schema(parameters=[PhoneQuerySerializer], responses=PhoneCheckSerializer)
    @action(detail=False, url_path="phone-check")
    def phone_check(self, request: Request) -> Response:
        """Si un teléfono está libre para captar, también para supervisores. Hasta 40 por minuto, con las captaciones."""
        given = PhoneQuerySerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        promoter, habits = _asking(current_user(request))
        raw = given.validated_data["phone"]
        sentence = capturing.check_phone(raw, region=habits, promoter=promoter)
        phone = normalise(raw, habits)
        e164 = phone.e164 if isinstance(phone, Phone) else ""
        return Response(PhoneCheckSerializer({"free": not sentence, "sentence": sentence, "e164": e164}).data)


def _asking(user: User) -> tuple[Promoter | None, str]:
    """Who asks, as a promoter, and with which country's habits they write phones.

    Whoever decides about a team checks numbers for it and needs no desk. Raises NotAllowed for anybody else without one.
    """
    desks = Desk.objects.select_related("calendar").filter(team__in=team_ids_of(user)).order_by("pk")
    desk = desks.first() if user.has_perm(SUPERVISE) and own_desk(user) is None else None
    if desk is not None:
        return None, region_of_zone(desk.calendar.time_zone)
    promoter = promoter_of(user)
    return promoter, region_of(promoter)
