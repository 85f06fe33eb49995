"""The stage in which work begins."""

from __future__ import annotations

from typing import Final

from django.db import DEFAULT_DB_ALIAS
from django.utils.translation import gettext as _

from leadmaster.lib.db.compiled import PreparedRow
from opportunities.enums import StageType
from opportunities.errors import Incomplete
from opportunities.models import Stage

_STAGE: Final = [field.attname for field in Stage._meta.concrete_fields]
_first_stage = PreparedRow(
    lambda: Stage.objects.filter(type=StageType.INITIAL, active=True).order_by("order", "id").values_list(*_STAGE)[:1]
)


def first_stage() -> Stage:
    """The stage in which work begins. Raises Incomplete for a funnel without one."""
    row = _first_stage()
    if row is None:
        raise Incomplete(_("El embudo no tiene una etapa inicial. Pide a un administrador que la cree."))
    return Stage.from_db(DEFAULT_DB_ALIAS, _STAGE, row)
