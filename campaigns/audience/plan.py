"""Everything that can be refused about an import, found out before anything is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from django.utils.translation import gettext as _

from campaigns.audience.errors import AudienceError
from campaigns.audience.mapping import ColumnMapping, known_fields
from campaigns.audience.preview import FilePreview, check_computed, preview_of
from campaigns.enums import CampaignState
from campaigns.models import Campaign
from campaigns.parsing import parse
from campaigns.policy import Act, require
from campaigns.rendering import NAME_FIELDS, Template, TemplateError, UnknownPlaceholdersError
from campaigns.template_checks import check_foreign
from leadmaster.accounts.models import User
from leadmaster.lib.tables.tabular import Table


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    campaign: Campaign
    preview: FilePreview
    mapping: ColumnMapping
    template: Template


def make_plan(campaign: Campaign, table: Table, *, mapping: ColumnMapping | None, by: User | None) -> Plan:
    """Everything that can be refused is refused here: person, state, unreadable rows, columns, placeholders."""
    campaign.refresh_from_db()
    require(by, Act.IMPORT, campaign)
    check_editable(campaign)
    preview = preview_of(table, region=campaign.session.region, mapping=mapping, whole=True)
    if not preview.layout.filled:
        raise AudienceError("no_rows", _("El archivo solo tiene el encabezado: agrega los destinatarios."))
    if preview.guess is None:
        raise AudienceError(
            "no_phone_column",
            _("Ninguna columna parece tener teléfonos. Columnas del archivo: %(headers)s. Elige cuál los tiene.")
            % {"headers": ", ".join(preview.headers)},
        )
    template = fillable_template(campaign, known_fields(preview.fields, mapping=preview.guess))
    used = {at for at, field in enumerate(preview.fields) if field in template.fields}
    check_computed(used, headers=preview.headers, uncomputed=preview.uncomputed)
    return Plan(campaign=campaign, preview=preview, mapping=preview.guess, template=template)


def problem_of(campaign: Campaign, preview: FilePreview, *, mapping: ColumnMapping | None) -> str:
    """What is wrong between this message and the columns of this file, in a sentence; empty when they fit.

    With another header row than the preview's its columns are called otherwise: then only the import knows.
    """
    if mapping is None or (preview.guess is not None and mapping.header_row != preview.guess.header_row):
        return ""
    try:
        fillable_template(campaign, known_fields(preview.fields, mapping=mapping))
    except AudienceError as refusal:
        return str(refusal)
    return ""


def check_editable(campaign: Campaign) -> None:
    """Raise AudienceError unless people may still be added: whoever approves decides about everybody who gets it."""
    if campaign.state == CampaignState.DRAFT:
        return
    if campaign.state == CampaignState.AWAITING_APPROVAL:
        raise AudienceError(
            "campaign_state",
            _(
                "La campaña espera aprobación y se aprueba tal como está. Para agregar destinatarios, pide antes que la "
                "rechacen: vuelve a borrador."
            ),
        )
    raise AudienceError(
        "campaign_state",
        _("La campaña está %(state)s: solo se agregan destinatarios mientras es borrador.")
        % {"state": campaign.get_state_display().lower()},
    )


def fillable_template(campaign: Campaign, known: Sequence[str]) -> Template:
    """The template, if everybody who has the `known` fields can be asked for what it needs. Raises AudienceError."""
    try:
        check_foreign(campaign.template, known=known)
        template = parse(campaign.template)
        # A file without names is fine where the message says what to call people.
        given = {place.field for place in template.placeholders if place.default is not None} & set(NAME_FIELDS)
        unknown = template.unknown([*known, *given])
        if unknown:
            raise UnknownPlaceholdersError(unknown, known=known)
    except TemplateError as error:
        raise AudienceError(
            "placeholders" if isinstance(error, UnknownPlaceholdersError) else "template", str(error)
        ) from error
    return template
