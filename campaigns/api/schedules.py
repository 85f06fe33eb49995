"""Schedules over the API. Whatever is changed waits for approval again."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import transaction
from django.db.models import ProtectedError, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import ModelViewSet

from campaigns import lifecycle, versions
from campaigns.api.fields import SeenSerializer, VisibleCampaign
from campaigns.api.filters import ScheduleFilter
from campaigns.errors import WrongState
from campaigns.models import Campaign, Schedule, ScheduleWindow
from campaigns.policy import Act, require
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.accounts.scope import scope
from leadmaster.lib.api.fields import WallTimeField
from leadmaster.lib.api.serializers import ModelSerializer
from leadmaster.lib.windows import is_empty, overlap
from leadmaster.ops.idempotent_posts import IdempotentPosts


class WeekdaysField(serializers.ListField):
    """Days of the week, Monday is 0; kept as a string of digits."""

    def to_internal_value(self, data: Any) -> Any:
        return "".join(str(day) for day in sorted(set(super().to_internal_value(data))))

    def to_representation(self, value: Any) -> list[int]:
        return [int(digit) for digit in value]


class WindowSerializer(ModelSerializer[ScheduleWindow]):
    """From `opens` up to, not including, `closes`; closing at 00:00 means the end of the day, and one that closes before it
    opens goes on after midnight: `22:00`–`02:00`.
    """

    opens = WallTimeField()
    closes = WallTimeField(help_text="00:00 es el final del día; antes de `opens`, sigue después de medianoche.")

    class Meta:
        model = ScheduleWindow
        fields = ("opens", "closes")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if is_empty(attrs["opens"], attrs["closes"]):
            raise serializers.ValidationError({"closes": _("La ventana abre y cierra a la misma hora.")})
        return attrs


class ScheduleSerializer(ModelSerializer[Schedule]):
    """When a campaign may send, in the time zone of its session."""

    campaign = VisibleCampaign()
    weekdays = WeekdaysField(child=serializers.IntegerField(min_value=0, max_value=6), min_length=1, max_length=7)
    windows = WindowSerializer(many=True, min_length=1, max_length=24)  # type: ignore[call-arg]  # the list's own
    in_force = serializers.SerializerMethodField(
        help_text="Si está aprobada para la zona horaria de la línea. Si la línea cambió de zona, espera otra vez."
    )
    version = serializers.SerializerMethodField(help_text="Lo que leíste: va con `approve` y `reject`.")

    class Meta:
        model = Schedule
        fields = (
            "id", "campaign", "weekdays", "starts_on", "ends_on", "daily_cap", "windows", "state", "decided_by",
            "decided_at", "zone", "in_force", "version",
        )  # fmt: skip
        read_only_fields = ("state", "decided_by", "decided_at", "zone")
        extra_kwargs = {"daily_cap": {"min_value": 1, "max_value": 1_000_000}}

    def get_in_force(self, schedule: Schedule) -> bool:
        return schedule.is_in_force(schedule.campaign.session.time_zone)

    def get_version(self, schedule: Schedule) -> str:
        return versions.of_schedule(schedule)

    def validate_campaign(self, campaign: Campaign) -> Campaign:
        if self.instance is not None and self.instance.campaign_id != campaign.pk:
            raise serializers.ValidationError(_("Una programación no cambia de campaña: crea otra."))
        return campaign

    def validate_windows(self, windows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        windows = sorted(windows, key=lambda window: window["opens"])
        if overlap([(window["opens"], window["closes"]) for window in windows], every_day=True):
            raise serializers.ValidationError(_("Hay ventanas que se pisan: únelas o sepáralas."))
        return windows

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        starts_on = attrs.get("starts_on") or getattr(self.instance, "starts_on", None)
        ends_on = attrs["ends_on"] if "ends_on" in attrs else getattr(self.instance, "ends_on", None)
        if starts_on is not None and ends_on is not None and ends_on < starts_on:
            raise serializers.ValidationError({"ends_on": _("Tiene que terminar el día en que empieza o después.")})
        return attrs

    def create(self, validated_data: dict[str, Any]) -> Schedule:
        windows = validated_data.pop("windows")
        schedule = Schedule.objects.create(**validated_data)
        _write_windows(schedule, windows)
        return schedule

    def update(self, instance: Schedule, validated_data: dict[str, Any]) -> Schedule:
        windows = validated_data.pop("windows", None)
        changed = {
            name: (getattr(instance, name), value)
            for name, value in validated_data.items()
            if getattr(instance, name) != value
        }
        if windows is not None:
            before = sorted((window.opens, window.closes) for window in instance.windows.all())
            after = sorted((window["opens"], window["closes"]) for window in windows)
            changed |= {"windows": (before, after)} if before != after else {}
        for name, value in validated_data.items():
            setattr(instance, name, value)
        instance.save(update_fields=[*validated_data])
        if windows is not None:
            instance.windows.all().delete()
            _write_windows(instance, windows)
        lifecycle.schedule_changed(instance, changed)
        return Schedule.objects.prefetch_related("windows").get(pk=instance.pk)


_DECISIONS = ("approve", "reject")


class ScheduleViewSet(IdempotentPosts, ModelViewSet[Schedule]):
    """Programaciones: días, ventanas, fechas y cupo diario de una campaña."""

    queryset = Schedule.objects.none()
    serializer_class = ScheduleSerializer
    permission_classes = (RolePermission,)
    filterset_class = ScheduleFilter
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    needs: ClassVar[dict[str, str]] = {
        "list": "campaigns.view_schedule",
        "retrieve": "campaigns.view_schedule",
        "create": "campaigns.add_schedule",
        "partial_update": "campaigns.change_schedule",
        "destroy": "campaigns.delete_schedule",
        **dict.fromkeys(_DECISIONS, Act.APPROVE),
    }

    def get_queryset(self) -> QuerySet[Schedule]:
        mine = scope(self.request.user, owner="campaign__owner", team="campaign__team")
        return Schedule.objects.filter(mine).select_related("campaign__session").prefetch_related("windows")

    def require_allowed(self, row: Schedule) -> None:
        require(current_user(self.request), Act.APPROVE if self.action in _DECISIONS else Act.EDIT, row.campaign)

    def perform_create(self, serializer: BaseSerializer[Schedule]) -> None:
        with transaction.atomic():
            self._hold(serializer.validated_data["campaign"])
            serializer.save()

    def perform_update(self, serializer: BaseSerializer[Schedule]) -> None:
        with transaction.atomic():
            self._hold(self.get_object().campaign)
            serializer.save()

    def perform_destroy(self, instance: Schedule) -> None:
        try:
            with transaction.atomic():
                self._hold(instance.campaign)
                instance.delete()
        except ProtectedError:
            raise WrongState(
                _("Con esta programación ya salieron mensajes: ponle una fecha de fin en vez de borrarla.")
            ) from None

    @extend_schema(request=SeenSerializer, responses=ScheduleSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Aprueba una programación agregada o cambiada después de aprobar la campaña."""
        return self._decide(approve=True)

    @extend_schema(request=SeenSerializer, responses=ScheduleSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str) -> Response:
        """La rechaza: no envía nada por ella."""
        return self._decide(approve=False)

    def _decide(self, *, approve: bool) -> Response:
        given = SeenSerializer(data=self.request.data)
        given.is_valid(raise_exception=True)
        schedule = lifecycle.decide_schedule(
            self.get_object(),
            approve=approve,
            by=current_user(self.request),
            now=timezone.now(),
            version=given.validated_data["version"],
        )
        return Response(self.get_serializer(schedule).data)

    def _hold(self, campaign: Campaign) -> None:
        lifecycle.hold_schedules(campaign, by=current_user(self.request))


def _write_windows(schedule: Schedule, windows: list[dict[str, Any]]) -> None:
    ScheduleWindow.objects.bulk_create([ScheduleWindow(schedule=schedule, **window) for window in windows])
