"""The directory over the API: read-only, with every phone and mail of each client."""

from __future__ import annotations

from typing import Any, ClassVar, Final

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.viewsets import ReadOnlyModelViewSet

from leadmaster.accounts.permissions import RolePermission
from leadmaster.directory.enums import Availability
from leadmaster.directory.facets import FACETS, Facets
from leadmaster.directory.models import Client, ContactPoint, SyncState
from leadmaster.directory.search import MOST, found_by, sources
from leadmaster.directory.sync.report import COUNTS, SyncReport
from leadmaster.lib.api.requests import DescribedRequests
from leadmaster.lib.api.serializers import ModelSerializer, Serializer

# Of five million clients, the newest fifty of more than these are found within some hundred thousand rows.
_FEW: Final = 2_000


class ContactPointSerializer(ModelSerializer[ContactPoint]):
    """`raw` as the source wrote it; `normalised` as it is used, empty when it is neither phone nor mail."""

    class Meta:
        model = ContactPoint
        fields = ("kind", "label", "raw", "normalised", "is_primary", "is_valid", "position")


class ClientSerializer(ModelSerializer[Client]):
    """`gone_at`: when the source no longer had it. `contacts` in the order in which to try them."""

    contacts = ContactPointSerializer(many=True, read_only=True)

    class Meta:
        model = Client
        fields = (
            "id", "source", "external_id", "name", "last_names", "tax_id", "agreement", "province", "city",
            "client_type", "capacity", "registered_on", "availability", "gone_at", "external_updated_at", "created_at",
            "updated_at", "contacts",
        )  # fmt: skip


class SyncReportSerializer(Serializer[Any]):
    """Counts of clients; contacts and what is wrong are of new and changed ones."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name: serializers.IntegerField(min_value=0) for name in COUNTS}


class SyncSerializer(ModelSerializer[SyncState]):
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

    def filter_queryset(self, queryset: QuerySet[Client]) -> QuerySet[Client]:
        """Newest first is the order of the rows: where few of millions fit, an index tells which before they are read."""
        asked = {name: value for name, value in self.form.cleaned_data.items() if value}
        if asked.get("city") and not asked.get("province"):
            raise ValidationError({"city": [_("Elige también la provincia de la ciudad.")]})
        rows: QuerySet[Client] = super().filter_queryset(queryset)
        if "external_id" in asked and "source" not in asked:
            rows = rows.filter(source__in=sources())
        facets = Facets(**{name: asked.get(name, "") for name in FACETS})
        few = _few(facets, asked.get("availability")) if facets.as_dict() else None
        return rows if few is None else rows.filter(pk__in=few)

    def meant(self, rows: QuerySet[Client], _name: str, value: str) -> QuerySet[Client]:
        return rows.filter(pk__in=found_by(value)) if value.strip() else rows


def _few(facets: Facets, availability: str | None) -> list[int] | None:
    """Who has the facets that one index carries, if they are few; None when the newest of them are soon found anyway."""
    found: list[int] = []
    for word in [availability] if availability else Availability.values:
        rows = Client.objects.order_by().filter(facets.indexed().condition(), availability=word)
        found += rows.values_list("pk", flat=True)[: _FEW + 1 - len(found)]
        if len(found) > _FEW:
            return None
    return found


class ClientViewSet(DescribedRequests, ReadOnlyModelViewSet[Client]):
    """Clientes del directorio, con sus teléfonos y correos."""

    queryset = Client.objects.with_contacts()
    serializer_class = ClientSerializer
    permission_classes = (RolePermission,)
    filterset_class = ClientFilter
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = {"list": "directory.view_client", "retrieve": "directory.view_client"}


class SyncViewSet(DescribedRequests, ReadOnlyModelViewSet[SyncState]):
    """Sincronizaciones: hasta dónde se leyó cada origen de clientes y qué se encontró."""

    queryset = SyncState.objects.all()
    serializer_class = SyncSerializer
    permission_classes = (RolePermission,)
    filter_backends = ()
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = {"list": "directory.view_syncstate", "retrieve": "directory.view_syncstate"}
