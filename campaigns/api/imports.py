"""Recipients over the API: look at a file, import it, read what became of its rows."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import FileResponse, Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.viewsets import GenericViewSet

from campaigns.api.audience import AudienceViewSet, QuerySerializer
from campaigns.api.filters import ImportFilter
from campaigns.audience import AudienceError, ColumnMapping, FilePreview, SheetChoice, import_file, inspect
from campaigns.audience.import_record import kept_report
from campaigns.audience.one_file import one_file_at_a_time
from campaigns.audience.plan import problem_of
from campaigns.models import Campaign, RecipientImport
from campaigns.policy import Act
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.accounts.scope import scope
from leadmaster.lib.api.requests import DescribedRequests
from leadmaster.lib.api.serializers import ModelSerializer, Serializer

# Bigger ones come in by the command, which shows its progress and needs no open connection.
MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED = 100 * 1024 * 1024


class FileSerializer(Serializer[Any]):
    file = serializers.FileField(help_text="CSV o XLSX.")
    sheet = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        trim_whitespace=False,
        max_length=255,
        help_text="La hoja del libro, por su nombre. Vacía: la que se propone.",
    )

    def validate_file(self, file: UploadedFile[Any]) -> UploadedFile[Any]:
        if file.size is not None and file.size > MAX_BYTES:
            raise serializers.ValidationError(
                _("El archivo pasa de %(limit)d MB: impórtalo con el comando import_recipients.")
                % {"limit": MAX_BYTES // 1024 // 1024}
            )
        return file


class UploadSerializer(FileSerializer):
    """Columns count from 0 and rows from 1. Without `phone_column` what the preview proposes is taken."""

    phone_column = serializers.IntegerField(required=False, min_value=0, max_value=10_000)
    name_column = serializers.IntegerField(required=False, min_value=0, max_value=10_000)
    header_row = serializers.IntegerField(
        required=False, min_value=0, max_value=1_000, default=1, help_text="0: el archivo no tiene encabezado."
    )
    hidden_rows = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Importa también las filas que la hoja oculta, por un filtro por ejemplo.",
    )

    def choice(self) -> SheetChoice:
        return SheetChoice(sheet=self.validated_data["sheet"], hidden_rows=self.validated_data["hidden_rows"])

    def mapping(self) -> ColumnMapping | None:
        given = self.validated_data
        if "phone_column" not in given:
            return None
        return ColumnMapping(
            phone=given["phone_column"], name=given.get("name_column"), header_row=given["header_row"] or None
        )


class MappingSerializer(Serializer[Any]):
    phone = serializers.IntegerField()
    name = serializers.IntegerField(allow_null=True)
    header_row = serializers.IntegerField(allow_null=True)


class PreviewSerializer(Serializer[Any]):
    """`guess` is null when no column looks like phones: somebody has to choose. `problem` is what the message asks for and
    this file does not bring, in a sentence; empty when they fit.
    """

    kind = serializers.CharField()
    encoding = serializers.CharField(allow_blank=True)
    delimiter = serializers.CharField(allow_blank=True, trim_whitespace=False)
    sheet = serializers.CharField(allow_blank=True, help_text="La hoja que se leyó.")
    other_sheets = serializers.ListField(child=serializers.CharField(), help_text="Las que no, y se pueden elegir.")
    hidden_rows = serializers.IntegerField(help_text="Filas ocultas con datos; o más, si `all_seen` es falso.")
    all_seen = serializers.BooleanField(help_text="Si se miró la hoja hasta el final.")
    headers = serializers.ListField(child=serializers.CharField(allow_blank=True))
    placeholders = serializers.ListField(child=serializers.CharField())
    guess = MappingSerializer(allow_null=True)
    sample = serializers.ListField(child=serializers.ListField(child=serializers.CharField(allow_blank=True)))
    problem = serializers.SerializerMethodField()

    def get_problem(self, preview: FilePreview) -> str:
        return problem_of(self.context["campaign"], preview, mapping=preview.guess)


class ImportReportSerializer(Serializer[Any]):
    """`reasons` counts the rows left out by stable code; `import_id` and `report` are null on a dry run."""

    import_id = serializers.IntegerField(allow_null=True)
    dry_run = serializers.BooleanField()
    rows = serializers.IntegerField()
    accepted = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    invalid = serializers.IntegerField()
    opted_out = serializers.IntegerField()
    already_there = serializers.IntegerField()
    reasons = serializers.DictField(child=serializers.IntegerField())
    encoding = serializers.CharField(allow_blank=True)
    delimiter = serializers.CharField(allow_blank=True, trim_whitespace=False)
    sheet = serializers.CharField(allow_blank=True, help_text="La hoja que se leyó.")
    other_sheets = serializers.ListField(child=serializers.CharField(), help_text="Las que no.")
    hidden_rows = serializers.IntegerField(
        help_text="Filas ocultas; sin `hidden_rows` quedaron afuera, con razón hidden."
    )
    mapping = MappingSerializer()
    report = serializers.SerializerMethodField(help_text="El informe fila por fila, en CSV.")

    def get_report(self, report: Any) -> str | None:
        return _report_link(report.import_id, self.context["request"]) if report.import_id else None


class ImportSerializer(ModelSerializer[RecipientImport]):
    report = serializers.SerializerMethodField(help_text="El informe fila por fila, en CSV.")

    class Meta:
        model = RecipientImport
        fields = (
            "id", "campaign", "by", "file_name", "mapping", "state", "started_at", "finished_at", "rows", "accepted",
            "duplicates", "invalid", "opted_out", "already_there", "error", "report",
        )  # fmt: skip
        read_only_fields = fields

    def get_report(self, row: RecipientImport) -> str | None:
        return _report_link(row.pk, self.context["request"]) if row.report else None


class ImportViewSet(
    DescribedRequests, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[RecipientImport]
):
    """Importaciones: los archivos que alguien trajo y qué fue de sus filas."""

    queryset = RecipientImport.objects.none()
    serializer_class = ImportSerializer
    permission_classes = (RolePermission,)
    filterset_class = ImportFilter
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = dict.fromkeys(("list", "retrieve", "report"), "campaigns.view_recipientimport")

    def get_queryset(self) -> QuerySet[RecipientImport]:
        return RecipientImport.objects.filter(scope(self.request.user, owner="campaign__owner", team="campaign__team"))

    @extend_schema(responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.BINARY, "Una línea por fila.")})
    @action(detail=True)
    def report(self, request: Request, pk: str) -> FileResponse:
        """El informe fila por fila."""
        row: RecipientImport = self.get_object()
        if not row.report:
            raise Http404
        try:
            kept = kept_report(row)
        except AudienceError as error:
            raise NotFound(str(error)) from error
        return FileResponse(kept, as_attachment=True, filename=f"informe-{row.pk}.csv", content_type="text/csv")


class RecipientsViewSet(AudienceViewSet):
    """Destinatarios de una campaña que se está preparando."""

    serializer_class = UploadSerializer
    parser_classes = (MultiPartParser,)
    needs: ClassVar[dict[str, str]] = dict.fromkeys(("recipients", "preview"), Act.IMPORT)

    @extend_schema(
        operation_id="campaigns_recipients_import",
        parameters=[QuerySerializer],
        request=UploadSerializer,
        responses={200: ImportReportSerializer, 201: ImportReportSerializer},
    )
    @action(detail=True, methods=["post"])
    def recipients(self, request: Request, pk: str) -> Response:
        """Importa un archivo: agrega lo nuevo y cuenta por qué quedó afuera lo demás."""
        campaign: Campaign = self.get_object()
        dry_run = self.dry_run(request)
        given = UploadSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        upload: UploadedFile[Any] = given.validated_data["file"]
        with one_file_at_a_time(current_user(request)):
            report = import_file(
                campaign,
                upload,
                now=timezone.now(),
                by=current_user(request),
                mapping=given.mapping(),
                choice=given.choice(),
                dry_run=dry_run,
                file_name=upload.name or "",
                max_size=MAX_UNPACKED,
            )
        told = ImportReportSerializer(report, context=self.get_serializer_context())
        return Response(told.data, status=200 if dry_run else 201)

    @extend_schema(operation_id="campaigns_recipients_preview", request=FileSerializer, responses=PreviewSerializer)
    @action(detail=True, methods=["post"], url_path="recipients/preview")
    def preview(self, request: Request, pk: str) -> Response:
        """Cómo se lee un archivo y qué columna parece cuál, antes de importar nada."""
        campaign: Campaign = self.get_object()
        given = FileSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        with one_file_at_a_time(current_user(request)):
            choice = SheetChoice(sheet=given.validated_data["sheet"])
            preview = inspect(given.validated_data["file"], region=campaign.session.region, choice=choice)
        return Response(PreviewSerializer(preview, context={"campaign": campaign}).data)


def _report_link(import_id: int, request: Request) -> str:
    return reverse("import-report", args=[import_id], request=request)
