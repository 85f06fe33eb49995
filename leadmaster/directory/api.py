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


class ContactFilter(filters.CharFilter):
    """E.164 or a mail. In an address "+" reads as a space, so the plus sign may be left out."""

    def filter(self, rows: QuerySet[Client], value: str) -> QuerySet[Client]:
        text = value.strip().removeprefix("+").lower() if value else ""
        if not text:
            return rows
        wanted = text if "@" in text else f"+{text}"
        return rows.filter(pk__in=ContactPoint.objects.filter(normalised=wanted).values("client"))


class ClientFilter(django_filters.FilterSet):
    availability = filters.ChoiceFilter(choices=Availability.choices)
    province = filters.CharFilter(max_length=80)
    city = filters.CharFilter(max_length=80)
    agreement = filters.CharFilter(max_length=80)
    client_type = filters.CharFilter(max_length=40)
    source = filters.CharFilter(max_length=32)
    external_id = filters.CharFilter(max_length=64)
    contact = ContactFilter(max_length=160, help_text="Un teléfono en E.164 o un correo, completos.")

    class Meta:
        model = Client
        fields = ()


class ClientViewSet(ReadOnlyModelViewSet[Client]):
    """Clientes del directorio, con sus teléfonos y correos."""

    queryset = Client.objects.with_contacts()
    serializer_class = ClientSerializer
    permission_classes = (RolePermission,)
    filterset_class = ClientFilter
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = {"list": "directory.view_client", "retrieve": "directory.view_client"}
