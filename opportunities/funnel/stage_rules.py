"""What may be written on a stage, whoever writes it: each refusal is a Spanish sentence for the person who asked."""

from __future__ import annotations

import datetime as dt
import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from leadmaster.lib.placeholders import foreign
from opportunities.enums import WORKING, StageType
from opportunities.models import Stage
from opportunities.timers import agreement, preview

PLACEHOLDERS = ("{nombre}", "{promotor}")
LONGEST_MESSAGE = 1000
_BRACES = re.compile(r"\{[^{}]*\}|[{}]")


def check_message(text: str) -> None:
    """Raises ValidationError for what nothing replaces, and for what no link carries."""
    strange = foreign(text)
    if strange:
        raise ValidationError(
            _("“%(what)s” saldría tal cual: usa {nombre} o {promotor}, con una sola llave de cada lado."),
            params={"what": strange[0]},
        )
    unknown = [found for found in _BRACES.findall(text) if found not in PLACEHOLDERS]
    if unknown:
        raise ValidationError(
            _("%(what)s no se reemplaza por nada: usa {nombre} o {promotor}."), params={"what": unknown[0]}
        )
    if len(text) > LONGEST_MESSAGE:
        raise ValidationError(
            _("El mensaje es demasiado largo para un enlace: hasta %(most)d caracteres."),
            params={"most": LONGEST_MESSAGE},
        )


def check_beginning(stage: Stage, *, active: bool) -> None:
    """Raises ValidationError where nobody could receive opportunities any more."""
    if active or not stage.pk or stage.type != StageType.INITIAL:
        return
    if not Stage.objects.filter(type=StageType.INITIAL, active=True).exclude(pk=stage.pk).exists():
        raise ValidationError(_("Es la única etapa inicial en uso: sin ella nadie puede recibir oportunidades."))


def check_leads_on(stage_type: str) -> None:
    """Raises ValidationError for a stage out of which nothing goes by itself."""
    if stage_type not in WORKING:
        raise ValidationError(_("De una etapa que no es de trabajo no se pasa a ninguna otra."))


def require_rehearsed(stage: Stage, minutes: int | None, *, rehearsed: str, now: dt.datetime) -> None:
    """Raise Stale unless this very change of the timer was looked at, or touches no clock."""
    if minutes != stage.timer_minutes:
        agreement.require(
            agreement.of_timer(stage, minutes),
            agreed=rehearsed,
            touched=lambda: preview.rehearse_stage(stage, timer_minutes=minutes, now=now).touches,
        )
