"""The directory over the API: read-only, with every phone and mail of each client."""

from __future__ import annotations

from typing import ClassVar

import django_filters
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.viewsets import ReadOnlyModelViewSet

from leadmaster.accounts.api import RolePermission
from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client, ContactPoint
from leadmaster.directory.searching import MOST, found_by


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
