"""Recipients from the client directory over the API: counted, rehearsed, added."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from campaigns.api.audience import AudienceViewSet, QuerySerializer
from campaigns.audience.directory import (
    NOBODYS,
    Selection,
    add_from_directory,
    queue_selection,
    require_directory,
)
from campaigns.audience.directory_counts import EXACT_UP_TO, count
from campaigns.audience.errors import AudienceError
from campaigns.models import Campaign
from campaigns.policy import Act
from leadmaster.accounts.current_user import current_user
from leadmaster.directory.enums import Availability
from leadmaster.directory.facets import FACETS
from leadmaster.lib.api.serializers import Serializer

_LONGEST_FACET = 80


class SelectionSerializer(Serializer[Any]):
    """Exact values; empty means any, and a city goes with its province. Without `availability`, who is nobody's."""

    province = serializers.CharField(max_length=_LONGEST_FACET, required=False, allow_blank=True)
    city = serializers.CharField(max_length=_LONGEST_FACET, required=False, allow_blank=True)
    agreement = serializers.CharField(max_length=_LONGEST_FACET, required=False, allow_blank=True)
    client_type = serializers.CharField(max_length=_LONGEST_FACET, required=False, allow_blank=True)
    availability = serializers.MultipleChoiceField(choices=Availability.choices, required=False)
    limit = serializers.IntegerField(min_value=1, required=False, allow_null=True)

    def selection(self) -> Selection:
        given = self.validated_data
        asked = {name: given.get(name, "") for name in FACETS}
        # In the order of the walk, whatever order they were named in.
        named = given.get("availability")
        chosen = NOBODYS if named is None else [one for one in Availability if one.value in named]
        return Selection.of({**asked, "availability": chosen, "limit": given.get("limit")})


class CountSerializer(Serializer[Any]):
    """`more`: at least so many; nobody counted further."""

    number = serializers.IntegerField(min_value=0, max_value=EXACT_UP_TO)
    more = serializers.BooleanField()


class AddReportSerializer(Serializer[Any]):
    """`reasons` counts the clients left out by stable code; `import_id` and `report` are null on a dry run.

    While `queued`, everything is nought: the import's address tells how far it is.
    """

    import_id = serializers.IntegerField(allow_null=True)
    queued = serializers.BooleanField()
    dry_run = serializers.BooleanField()
    rows = serializers.IntegerField()
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    invalid = serializers.IntegerField()
    opted_out = serializers.IntegerField()
    already_there = serializers.IntegerField()
    reasons = serializers.DictField(child=serializers.IntegerField())
    report = serializers.SerializerMethodField(help_text="El informe cliente por cliente, en CSV.")

    def get_report(self, told: dict[str, Any]) -> str | None:
        if told["import_id"] is None or told["queued"]:
            return None
        return reverse("import-report", args=[told["import_id"]], request=self.context["request"])


class DirectoryRecipientsViewSet(AudienceViewSet):
    """Destinatarios del directorio de clientes, para supervisores."""

    serializer_class = SelectionSerializer
    needs: ClassVar[dict[str, str]] = dict.fromkeys(("from_directory", "how_many"), Act.IMPORT)

    def require_allowed(self, row: Campaign) -> None:
        super().require_allowed(row)
        require_directory(current_user(self.request))

    @extend_schema(
        operation_id="campaigns_recipients_from_directory",
        parameters=[QuerySerializer],
        request=SelectionSerializer,
        responses={200: AddReportSerializer, 201: AddReportSerializer, 202: AddReportSerializer},
    )
    @action(detail=True, methods=["post"], url_path="recipients/from-directory")
    def from_directory(self, request: Request, pk: str) -> Response:
        """Agrega los clientes que cumplen lo elegido. Los que son muchos se agregan en segundo plano (202)."""
        campaign: Campaign = self.get_object()
        selection = self._selection(request)
        dry_run = self.dry_run(request)
        now, by = timezone.now(), current_user(request)
        big = count(selection).more
        if big and dry_run:
            raise AudienceError("too_many", _("Son demasiados para simular: elige con más filtros."))
        if big:
            record = queue_selection(campaign, selection, by=by, now=now)
            return self._told({"import_id": record.pk, "queued": True}, status=202)
        report = add_from_directory(campaign, selection, by=by, now=now, dry_run=dry_run)
        fields = {name: getattr(report, name) for name in _COUNTED}
        return self._told({**fields, "dry_run": dry_run}, status=200 if dry_run else 201)

    @extend_schema(
        operation_id="campaigns_recipients_from_directory_count", request=SelectionSerializer, responses=CountSerializer
    )
    @action(detail=True, methods=["post"], url_path="recipients/from-directory/count")
    def how_many(self, request: Request, pk: str) -> Response:
        """Cuántos clientes cumplen lo elegido, antes de quitar repetidos y excluidos."""
        return Response(CountSerializer(count(self._selection(request))).data)

    def _selection(self, request: Request) -> Selection:
        given = SelectionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return given.selection()

    def _told(self, facts: dict[str, Any], *, status: int) -> Response:
        nothing = {**dict.fromkeys(_COUNTED, 0), "reasons": {}, "queued": False, "dry_run": False}
        told = AddReportSerializer({**nothing, **facts}, context=self.get_serializer_context())
        return Response(told.data, status=status)


_COUNTED = (
    "import_id", "rows", "accepted", "duplicates", "invalid", "opted_out", "already_there", "reasons",
)  # fmt: skip
