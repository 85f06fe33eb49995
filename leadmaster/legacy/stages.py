"""Stages become the funnel. What the old one let through (a timer of zero hours) is put right, and said."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Sequence

from django.utils.translation import gettext as _

from leadmaster.legacy import values
from leadmaster.legacy.source import Row
from leadmaster.legacy.work import Work
from opportunities.enums import WORKING, StageType
from opportunities.models import Stage, StageRoute
from opportunities.models.stage import MOST_TIMER_MINUTES

TABLE = "etapas"
_TYPES = {
    "INICIAL": StageType.INITIAL,
    "AVANCE": StageType.PROGRESS,
    "SALIDA": StageType.EXIT,
    "VENTA": StageType.SALE,
    "PERDIDA": StageType.LOST,
}
_LAST_TYPE = "FINAL"


@dataclasses.dataclass(frozen=True)
class _Stage:
    row: Row
    name: str
    type: StageType
    order: int
    timer: int | None


def take(work: Work) -> dict[int, StageType]:
    """Returns what each old stage is, also of those that came in before."""
    selling = _selling(work)
    types = {row.id: _type_of(row, selling) for row in work.source.rows(TABLE)}
    for batch in work.batches(TABLE):
        stages = [stage for row in batch if (stage := _decided(row, types, work)) is not None]
        work.write([stage.row for stage in stages], functools.partial(_write, stages))
    return {row_id: kind for row_id, kind in types.items() if kind is not None and row_id in work.links.get(TABLE, {})}


def _selling(work: Work) -> set[int]:
    """The stages in which something was sold: a last stage is a sale or a loss, and the old type tells only that it is
    the last."""
    sold = work.source.distinct("ventas", "oportunidad_id")
    rows = work.source.rows("oportunidades", columns=["etapa_id"])
    return {stage for row in rows if row.id in sold and (stage := values.reference(row["etapa_id"])) is not None}


def _type_of(row: Row, selling: set[int]) -> StageType | None:
    said = values.text(row["tipo"]).upper()
    if said == _LAST_TYPE:
        sells = row.id in selling or "venta" in values.text(row["nombre"]).lower()
        return StageType.SALE if sells else StageType.LOST
    return _TYPES.get(said)


def _decided(row: Row, types: dict[int, StageType | None], work: Work) -> _Stage | None:
    name, kind = values.text(row["nombre"])[:80], types[row.id]
    if not name or kind is None:
        sentence = _("No se conoce el tipo de etapa “%(type)s”.") % {"type": values.text(row["tipo"])}
        work.refuse(row, "unknown_type", sentence if name else _("La etapa no tiene nombre."))
        return None
    try:
        order = values.number(row["orden"]) or 0
    except values.Unreadable:
        order = 0
    return _Stage(row, name, kind, min(max(order, 0), 32_767), _timer(row, kind, work))


def _timer(row: Row, kind: StageType, work: Work) -> int | None:
    """In minutes; None without one."""
    try:
        hours = values.amount(row["timer_horas"])
    except values.Unreadable:
        hours = None
    if hours is None:
        return None
    if hours <= 0 or kind not in WORKING:
        work.correct(
            row,
            "timer",
            _("Su plazo era de %(hours)s horas, que vence en el acto: queda sin plazo.") % {"hours": hours},
        )
        return None
    minutes = max(1, int(hours * 60))
    if minutes > MOST_TIMER_MINUTES:
        work.correct(row, "timer", _("Su plazo de %(hours)s horas pasa de un año: queda en uno.") % {"hours": hours})
    return min(minutes, MOST_TIMER_MINUTES)


# --- Writing ----------------------------------------------------------------------------------------------------------


def _write(stages: Sequence[_Stage]) -> dict[int, int]:
    made = {stage.row.id: _stage(stage) for stage in stages}
    _connect(list(made.values()))
    return {row_id: stage.pk for row_id, stage in made.items()}


def _stage(wanted: _Stage) -> Stage:
    """The funnel's own stage of this name and kind, if it has one."""
    found = Stage.objects.filter(name=wanted.name).first()
    if found is not None and found.type == wanted.type:
        return found
    name = wanted.name if found is None else f"{wanted.name[:60]} ({wanted.row.id})"
    return Stage.objects.create(name=name, type=wanted.type, order=wanted.order, timer_minutes=wanted.timer)


def _connect(stages: Sequence[Stage]) -> None:
    """The old funnel knew no routes: from each stage of work everywhere else, but to the first one."""
    pairs = [
        (source, target)
        for source, target in itertools.permutations(stages, 2)
        if source.type in WORKING and target.type != StageType.INITIAL
    ]
    StageRoute.objects.bulk_create(
        [StageRoute(from_stage=source, to_stage=target) for source, target in pairs], ignore_conflicts=True
    )
