"""What a campaign says through the official API to whoever has not written in the last 24 hours: a template that Meta
approved, by its name and language, and what its variables say. Written while the campaign is a draft, frozen with it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from campaigns.models import Campaign, Reply
from campaigns.parsing import parse
from campaigns.rendering import Template, values_of
from campaigns.template_checks import check_template
from campaigns.variations import TemplateError
from whatsapp import sessions
from whatsapp.gateways.base import ApprovedTemplate, Capability
from whatsapp.models import WhatsAppSession

# WhatsApp counts 24 hours from their last message to the arrival of ours, by its own clock.
WINDOW = dt.timedelta(hours=24) - dt.timedelta(minutes=5)
MAX_PARAMETER = 1024
_NAME = re.compile(r"[a-z0-9_]{1,512}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?", re.ASCII)


def is_needed(session: WhatsAppSession) -> bool:
    """Whether this line takes free text only from whoever answers somebody."""
    return sessions.has_capability(session, Capability.TEMPLATES)


def takes_free_text(session: WhatsAppSession, phone: str, now: dt.datetime) -> bool:
    """Whether a free text may leave now: always, but for lines that take one only in answer. One query there."""
    if not is_needed(session):
        return True
    return Reply.objects.filter(session=session, phone=phone, at__gt=now - WINDOW).exists()


def parameters(written: str) -> list[Template]:
    """What each variable says, one a line. Raises TemplateError."""
    return [parse(line.strip()) for line in written.splitlines() if line.strip()]


def problems(name: str, language: str, written: str, *, columns: Iterable[str] = ()) -> dict[str, str]:
    """What is wrong with a template as it was written, by field. An empty one is right: it may never be needed."""
    found: dict[str, str] = {}
    if not name:
        if language or written.strip():
            found["official_name"] = _("Escribe el nombre de la plantilla, o vacía también los otros dos campos.")
        return found
    if not _NAME.fullmatch(name):
        found["official_name"] = _("El nombre va como en Meta: minúsculas, números y guiones bajos.")
    if not _LANGUAGE.fullmatch(language):
        found["official_language"] = _("Escribe el idioma como en Meta: es, es_AR, es_MX o pt_BR.")
    try:
        for line in filter(str.strip, written.splitlines()):
            if columns:
                check_template(line, columns=columns)
            else:
                parse(line)
    except TemplateError as error:
        found["official_parameters"] = str(error)
    return found


def missing(campaign: Campaign) -> str:
    """What has to be written before it goes out through its line; empty when nothing has."""
    found = problems(
        campaign.official_name, campaign.official_language, campaign.official_parameters, columns=campaign.columns
    )
    if found:
        return next(iter(found.values()))
    if is_needed(campaign.session) and not campaign.official_name:
        return _(
            "escribe la plantilla aprobada: por esta línea, la API oficial de WhatsApp, nadie escribe primero sin una"
        )
    return ""


def for_person(campaign: Campaign, *, phone: str, name: str, variables: Mapping[str, str]) -> ApprovedTemplate:
    """The campaign's template as it goes to this person. Raises MissingValuesError or UnsendableTextError."""
    values = values_of(name, variables)
    said = (template.render(values, seed=phone) for template in parameters(campaign.official_parameters))
    # A parameter with line ends, tabs or many blanks is refused.
    texts = tuple(" ".join(text.split())[:MAX_PARAMETER] for text in said)
    return ApprovedTemplate(name=campaign.official_name, language=campaign.official_language, parameters=texts)
