"""The directory over the API: read-only, with every phone and mail of each client."""

from __future__ import annotations

from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.viewsets import ReadOnlyModelViewSet

from leadmaster.accounts.api import RolePermission
from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client, ContactPoint, SyncState
from leadmaster.directory.searching import MOST, found_by
from leadmaster.directory.sync.report import COUNTS, SyncReport


class ContactPointSerializer(serializers.ModelSerializer[ContactPoint]):
    """`raw` as the source wrote it; `normalised` as it is used, empty when it is neither phone nor mail."""

    class Meta:
        model = ContactPoint
        fields = ("kind", "label", "raw", "normalised", "is_primary", "is_valid", "position")


class ClientSerializer(serializers.ModelSerializer[Client]):
    """`gone_at`: when the source no longer had it. `contacts` in the order in which to try them."""

    contacts = ContactPointSerializer(many=True, read_only=True)

    class Meta:
        model = Client
        fields = (
            "id", "source", "external_id", "name", "last_names", "tax_id", "agreement", "province", "city",
            "client_type", "capacity", "registered_on", "availability", "gone_at", "external_updated_at", "created_at",
            "updated_at", "contacts",
        )  # fmt: skip


class SyncReportSerializer(serializers.Serializer[Any]):
    """Counts of clients; contacts and what is wrong are of new and changed ones."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name: serializers.IntegerField(min_value=0) for name in COUNTS}


class SyncSerializer(serializers.ModelSerializer[SyncState]):
    """`finished_at` is of the last whole run; while one is unfinished, `done` of `total` clients of it are read."""

    report = serializers.SerializerMethodField()
    running = serializers.SerializerMethodField(help_text="Si hay una corrida en marcha o sin terminar.")
    done = serializers.SerializerMethodField()
    total = serializers.SerializerMethodField()

    class Meta:
        model = SyncState
        fields = ("id", "source", "started_at", "finished_at", "running", "done", "total", "report")

    @extend_schema_field(SyncReportSerializer)
    def get_report(self, state: SyncState) -> Any:
        return SyncReportSerializer(SyncReport.of(state.report)).data

    def get_running(self, state: SyncState) -> bool:
        return state.progress is not None

    def get_done(self, state: SyncState) -> int:
        return int((state.progress or {}).get("done", 0))

    def get_total(self, state: SyncState) -> int:
        return int((state.progress or {}).get("total", 0))


class ClientFilter(django_filters.FilterSet):
    availability = filters.ChoiceFilter(choices=Availability.choices)
    province = filters.CharFilter(max_length=80)
    city = filters.CharFilter(max_length=80)
    agreement = filters.CharFilter(max_length=80)
    client_type = filters.CharFilter(max_length=40)
    source = filters.CharFilter(max_length=32)
    external_id = filters.CharFilter(max_length=64)
    search = filters.CharFilter(
        method="meant",
        max_length=160,
        help_text=f"Teléfono, correo, id externo o comienzo del nombre; hasta {MOST} clientes.",
    )

    class Meta:
        model = Client
        fields = ()

    def meant(self, rows: QuerySet[Client], _name: str, value: str) -> QuerySet[Client]:
        return rows.filter(pk__in=found_by(value)) if value.strip() else rows


class ClientViewSet(ReadOnlyModelViewSet[Client]):
    """Clientes del directorio, con sus teléfonos y correos."""

    queryset = Client.objects.with_contacts()
    serializer_class = ClientSerializer
    permission_classes = (RolePermission,)
    filterset_class = ClientFilter
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = {"list": "directory.view_client", "retrieve": "directory.view_client"}


class SyncViewSet(ReadOnlyModelViewSet[SyncState]):
    """Sincronizaciones: hasta dónde se leyó cada origen de clientes y qué se encontró."""

    queryset = SyncState.objects.all()
    serializer_class = SyncSerializer
    permission_classes = (RolePermission,)
    filter_backends = ()
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = {"list": "directory.view_syncstate", "retrieve": "directory.view_syncstate"}
