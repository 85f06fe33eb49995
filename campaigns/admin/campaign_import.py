"""Recipients from a file: upload, confirm what the columns mean, import, read the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.base import require_act
from campaigns.audience import AudienceError, ColumnMapping, FilePreview, SheetChoice, inspect, run_import
from campaigns.audience.import_record import kept_report, stored_file
from campaigns.audience.one_file import one_file_at_a_time
from campaigns.audience.plan import check_editable, problem_of
from campaigns.audience.queued import can_resume, confirm, resume
from campaigns.errors import Refused
from campaigns.models import Campaign, RecipientImport
from campaigns.overlap import overlap
from campaigns.policy import Act, may
from leadmaster.accounts.current_user import current_user
from leadmaster.lib.admin.widgets import BaseFileWidget, SelectWidget, TextWidget

State = RecipientImport.State
# About 20 000 rows, when it is unpacked. A bigger file would keep the person waiting for more than a few seconds: it
# goes to the background.
_BIG_WORKBOOK = 10_000_000
_BIG_TEXT = 1_200_000
_LARGEST = 200 * 1024 * 1024


class UploadForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Archivo de destinatarios"),
        widget=BaseFileWidget,
        help_text=gettext_lazy("CSV o XLSX, tal como sale de la planilla. Hace falta una columna con el teléfono."),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > _LARGEST:
            raise forms.ValidationError(_("El archivo pesa más de 200 MB: divídelo en varios."))
        return file


class SheetForm(forms.Form):
    """The other sheets of the workbook: to look at one of them."""

    sheet = forms.ChoiceField(label=gettext_lazy("Leer otra hoja"), widget=SelectWidget)

    def __init__(self, *, names: Sequence[str]) -> None:
        super().__init__(auto_id="other-%s")
        sheet = self.fields["sheet"]
        assert isinstance(sheet, forms.ChoiceField)  # noqa: S101 - tells mypy what the class body says
        sheet.choices = [(name, name) for name in names]


class MappingForm(forms.Form):
    """What the columns mean. Choices are positions, shown by their header."""

    phone = forms.TypedChoiceField(label=gettext_lazy("Columna del teléfono"), coerce=int, widget=SelectWidget)
    name = forms.TypedChoiceField(
        label=gettext_lazy("Columna del nombre"), coerce=int, required=False, empty_value=None, widget=SelectWidget
    )
    header_row = forms.IntegerField(
        label=gettext_lazy("Fila de los encabezados"),
        min_value=1,
        required=False,
        widget=TextWidget({"type": "number", "min": 1}),
        help_text=gettext_lazy("Vacía si el archivo empieza directamente con los datos."),
    )

    hidden_rows = forms.ChoiceField(
        label=gettext_lazy("Filas ocultas"),
        choices=[("", gettext_lazy("Dejarlas afuera")), ("with", gettext_lazy("Importarlas también"))],
        required=False,
        widget=SelectWidget,
    )
    sheet = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def __init__(self, data: Any, *, preview: FilePreview) -> None:
        super().__init__(data, initial=preview.guess.as_json() if preview.guess else {"header_row": 1})
        columns = [(number, header) for number, header in enumerate(preview.headers)]
        phone, name = self.fields["phone"], self.fields["name"]
        assert isinstance(phone, forms.ChoiceField)  # noqa: S101 - tells mypy what the class body says
        assert isinstance(name, forms.ChoiceField)  # noqa: S101
        phone.choices = columns
        name.choices = [("", _("El archivo no trae nombres")), *columns]

        if not preview.hidden_rows:
            del self.fields["hidden_rows"]
        if preview.other_sheets:
            self.fields["sheet"].initial = preview.sheet
        else:
            del self.fields["sheet"]

    def mapping(self) -> ColumnMapping:
        names = ("phone", "name", "header_row")
        return ColumnMapping(**{name: self.cleaned_data[name] for name in names})

    def choice(self) -> SheetChoice:
        given = self.cleaned_data
        return SheetChoice(sheet=given.get("sheet", ""), hidden_rows=given.get("hidden_rows") == "with")


def upload(request: HttpRequest, campaign: Campaign, context: dict[str, Any]) -> HttpResponse:
    """GET asks for the file; POST keeps it, if it is one, and goes on to its columns."""
    require_act(request, Act.IMPORT, campaign)
    if (closed := closed_door(request, campaign)) is not None:
        return closed
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        record = RecipientImport.objects.create(
            campaign=campaign,
            by=current_user(request),
            file_name=Path(form.cleaned_data["file"].name).name[:255],
            file=form.cleaned_data["file"],
            state=State.UPLOADED,
            started_at=timezone.now(),
        )
        try:
            with one_file_at_a_time(current_user(request)):
                _look(record)
        except AudienceError as error:
            record.file.delete(save=False)
            record.delete()
            form.add_error("file", str(error))
        else:
            return HttpResponseRedirect(url("import", campaign, record.pk))
    title = _("Importar destinatarios · %(name)s") % {"name": campaign.name}
    return TemplateResponse(
        request,
        "admin/campaigns/campaign/upload.html",
        {**context, "title": title, "form": form, "campaign": campaign, "back": url("change", campaign)},
    )


def show(request: HttpRequest, campaign: Campaign, record_id: int, context: dict[str, Any]) -> HttpResponse:
    """The columns to confirm while the file waits for that; its result, or its progress, afterwards."""
    record = _record(campaign, record_id)
    if record.state == State.UPLOADED:
        require_act(request, Act.IMPORT, campaign)
        try:
            with one_file_at_a_time(current_user(request)):
                return _confirm_columns(request, campaign, record, context)
        except AudienceError as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(url("upload", campaign))
    template = "import_live.html" if request.headers.get("HX-Request") else "import_result.html"
    return TemplateResponse(
        request,
        f"admin/campaigns/campaign/{template}",
        {
            **context,
            "title": _("Importación · %(name)s") % {"name": campaign.name},
            "record": record,
            "campaign": campaign,
            "moving": record.state in {State.QUEUED, State.RUNNING},
            "overlap": _overlap(campaign) if record.state == State.DONE else [],
            "can_resume": can_resume(record) and may(request.user, Act.IMPORT, campaign),
            "back": url("change", campaign),
        },
    )


def _overlap(campaign: Campaign) -> list[str]:
    now = timezone.now()
    return overlap(campaign, now).sentences(now)


def go_on(request: HttpRequest, campaign: Campaign, record_id: int) -> HttpResponse:
    """Go on with an interrupted import; whoever comes second sees what the first one started."""
    record = _record(campaign, record_id)
    try:
        resume(record, by=current_user(request))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return HttpResponseRedirect(url("import", campaign, record.pk))


def report(request: HttpRequest, campaign: Campaign, record_id: int) -> HttpResponseBase:
    """The row-by-row report, for whoever may see the campaign."""
    record = _record(campaign, record_id)
    if not record.report:
        raise Http404
    try:
        kept = kept_report(record)
    except AudienceError as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(url("import", campaign, record.pk))
    name = f"informe-{Path(record.file_name).stem}.csv"
    return FileResponse(kept, as_attachment=True, filename=name, content_type="text/csv")


def closed_door(request: HttpRequest, campaign: Campaign) -> HttpResponse | None:
    """Back to the campaign, with the reason, when nobody can be added to it any more. Asked before any work is done."""
    try:
        check_editable(campaign)
    except AudienceError as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(url("change", campaign))
    return None


def url(name: str, campaign: Campaign, *args: object) -> str:
    return reverse(f"admin:campaigns_campaign_{name}", args=[campaign.pk, *args])


def _record(campaign: Campaign, record_id: int) -> RecipientImport:
    return get_object_or_404(campaign.imports.select_related("campaign__session", "by"), pk=record_id)


def _look(record: RecipientImport, *, sheet: str = "") -> FilePreview:
    with stored_file(record) as stored:
        return inspect(stored, region=record.campaign.session.region, choice=SheetChoice(sheet=sheet))


def _confirm_columns(
    request: HttpRequest, campaign: Campaign, record: RecipientImport, context: dict[str, Any]
) -> HttpResponse:
    preview = _look(record, sheet=request.POST.get("sheet", "") or request.GET.get("sheet", ""))
    form = MappingForm(request.POST if request.method == "POST" else None, preview=preview)
    mapping = preview.guess
    if request.method == "POST" and form.is_valid():
        mapping = form.mapping()
        if not problem_of(campaign, preview, mapping=mapping):
            return _import(request, campaign, record, form, big=_is_big(preview))
    title = _("Revisar columnas · %(name)s") % {"name": record.file_name}
    return TemplateResponse(
        request,
        "admin/campaigns/campaign/columns.html",
        {
            **context,
            "title": title,
            "form": form,
            "preview": preview,
            "sheet_form": SheetForm(names=preview.other_sheets) if preview.other_sheets else None,
            "problem": problem_of(campaign, preview, mapping=mapping),
            "record": record,
            "campaign": campaign,
            "back": url("upload", campaign),
        },
    )


def _import(
    request: HttpRequest, campaign: Campaign, record: RecipientImport, form: MappingForm, *, big: bool
) -> HttpResponseRedirect:
    now = timezone.now()
    columns = {**form.mapping().as_json(), **form.choice().as_json()}
    here = HttpResponseRedirect(url("import", campaign, record.pk))
    # Whoever loses (a double click, another tab) sees what the first one started.
    if not confirm(record, mapping=columns, state=State.QUEUED if big else State.RUNNING, now=now):
        return here
    if not big:
        _tell(request, lambda: run_import(record, now=now))
    return here


def _tell(request: HttpRequest, run: Callable[[], object]) -> None:
    try:
        run()
    except AudienceError as error:
        messages.error(request, str(error))


def _is_big(preview: FilePreview) -> bool:
    return preview.size > (_BIG_WORKBOOK if preview.kind == "xlsx" else _BIG_TEXT)
