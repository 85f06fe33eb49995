"""The whole answer: the incident's queries A to E, its two patterns, the three figures to watch, and what is wrong."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from django.db import DatabaseError
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.diagnosis import figures, marks
from campaigns.diagnosis.figures import ERROR_RATE, Broken, CampaignFigures
from campaigns.diagnosis.marks import SameSecond, TooMany, Unproven
from campaigns.diagnosis.phantoms import Run
from campaigns.diagnosis.scope import Scope
from campaigns.enums import EnvioState

MOST_DAYS: Final = 31
USUAL_DAYS: Final = 7
_IDS_TOLD = 20
_NOTHING = Broken(stuck=(), without_time=(), timeless_without_id=0)
T = TypeVar("T")

# By the name of a part, as people say it.
PARTS: Final = {
    "minutes": gettext_lazy("envíos por minuto"),
    "seconds": gettext_lazy("segundo del minuto"),
    "same_second": gettext_lazy("misma marca de tiempo"),
    "unproven": gettext_lazy("envíos sin prueba"),
    "runs": gettext_lazy("ritmo de las marcas"),
    "campaigns": gettext_lazy("cifras por campaña"),
    "broken": gettext_lazy("envíos colgados"),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, in a sentence. `campaign` None: of no single one."""

    kind: str
    what: str
    campaign: int | None = None
    evidence: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "campaign": self.campaign, "what": self.what, "evidence": dict(self.evidence)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """`failed` are the parts that could not be looked at, by name, with the reason; what they hold is empty then."""

    scope: Scope
    minutes: Mapping[dt.datetime, int]
    seconds: Sequence[int]
    same_second: Sequence[SameSecond]
    unproven: Sequence[Unproven]
    runs: Mapping[int, Sequence[Run]]
    campaigns: Sequence[CampaignFigures]
    broken: Broken
    failed: Mapping[str, str]

    @property
    def total(self) -> int:
        """How many claim to have gone out in the period."""
        return sum(self.minutes.values())

    @property
    def without_id(self) -> int:
        """Of those that say `enviado`, also without a time."""
        dated = sum(1 for one in self.unproven if not one.has_id and one.state == EnvioState.SENT)
        return dated + self.broken.timeless_without_id

    @property
    def in_error(self) -> list[CampaignFigures]:
        """The campaigns whose error rate is above the mark, the worst first."""
        over = [one for one in self.campaigns if one.error_rate > ERROR_RATE]
        return sorted(over, key=lambda one: -one.error_rate)

    @property
    def findings(self) -> list[Finding]:
        return list(_findings(self))

    @property
    def exit_status(self) -> int:
        """0 nothing wrong, 1 something is, 2 something could not be looked at."""
        return 2 if self.failed else int(bool(self.findings))

    def as_json(self) -> dict[str, Any]:
        period = self.scope.period
        return {
            "period": {
                "since": period.since.astimezone(period.zone).isoformat(),
                "until": period.until.astimezone(period.zone).isoformat(),
                "time_zone": str(period.zone),
            },
            "queries": {
                "A": {"sent": self.total, "unproven": len(self.unproven)},
                "B": [{"minute": _local(self, at), "count": number} for at, number in self.minutes.items()],
                "C": {"without_time": len(self.broken.without_time), "without_id": self.without_id},
                "D": [_campaign_json(one) for one in self.campaigns],
                "E": [
                    {
                        "second": _local(self, one.at),
                        "session": one.session,
                        "count": one.count,
                        "moments": one.moments,
                        "first_id": one.first_id,
                    }
                    for one in self.same_second
                ],
            },
            "patterns": {
                "seconds_of_the_minute": list(self.seconds),
                "one_per_minute": [
                    {"campaign": campaign, **run.as_json()} for campaign, found in self.runs.items() for run in found
                ],
            },
            "kpis": {
                "stuck": len(self.broken.stuck),
                "error_rate": [
                    {
                        "campaign": one.id,
                        "errors": one.errors,
                        "answered": one.sent + one.errors,
                        "rate": one.error_rate,
                    }
                    for one in self.in_error
                ],
                "sent_without_id": self.without_id,
            },
            "findings": [finding.as_json() for finding in self.findings],
            "failed": dict(self.failed),
        }


def diagnose(scope: Scope, *, now: dt.datetime) -> Diagnosis:
    """Look at everything. What cannot be looked at is told and stops nothing else."""
    failed: dict[str, str] = {}

    def look(part: str, ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except TooMany as error:
            failed[part] = str(error)
        except DatabaseError as error:
            failed[part] = type(error).__name__
        return otherwise

    nobody: list[Unproven] = []
    unproven = look("unproven", lambda: marks.without_proof(scope), nobody)
    return Diagnosis(
        scope=scope,
        minutes=look("minutes", lambda: marks.per_minute(scope), {}),
        seconds=look("seconds", lambda: marks.per_second_of_the_minute(scope), [0] * 60),
        same_second=look("same_second", lambda: marks.same_second(scope), []),
        unproven=unproven,
        runs=look("runs", lambda: marks.runs(scope, unproven), {}),
        campaigns=look("campaigns", lambda: figures.by_campaign(scope), []),
        broken=look("broken", lambda: figures.broken(scope, now=now), _NOTHING),
        failed=failed,
    )


# --- Private ---------------------------------------------------------------------------------------------------------


def _findings(found: Diagnosis) -> Iterator[Finding]:
    yield from _phantom_runs(found)
    yield from _unproven(found)
    yield from _crowded_seconds(found)
    yield from _without_time(found)
    yield from _stuck(found)
    yield from _error_rates(found)


def _phantom_runs(found: Diagnosis) -> Iterator[Finding]:
    for campaign, runs in found.runs.items():
        for run in runs:
            yield Finding(
                kind="phantom_run",
                campaign=campaign,
                what=_(
                    "%(campaign)s: %(count)d envíos sin prueba, uno por minuto y siempre cerca del segundo %(second)d, "
                    "de %(first)s a %(last)s. Los marcó un programa y no le llegaron a nadie."
                )
                % {
                    "campaign": _name(found, campaign),
                    "count": len(run.ids),
                    "second": run.second,
                    "first": f"{run.first:%d/%m/%Y %H:%M:%S}",
                    "last": f"{run.last:%d/%m/%Y %H:%M:%S}",
                },
                evidence=run.as_json(),
            )


def _unproven(found: Diagnosis) -> Iterator[Finding]:
    """What says `enviado` and stands in no run. That another system claims something is known and nothing new."""
    in_runs = {pk for runs in found.runs.values() for run in runs for pk in run.ids}
    left: dict[int | None, list[int]] = collections.defaultdict(list)
    for one in found.unproven:
        if one.id not in in_runs and one.state == EnvioState.SENT:
            left[one.campaign].append(one.id)
    for campaign, ids in sorted(left.items(), key=lambda one: one[0] or 0):
        yield Finding(
            kind="unproven",
            campaign=campaign,
            what=ngettext(
                "%(campaign)s: %(n)d envío dice «enviado» y nada lo prueba, ni un intento, ni un acuse, ni su historial.",
                "%(campaign)s: %(n)d envíos dicen «enviado» y nada lo prueba, ni un intento, ni un acuse, ni su historial.",
                len(ids),
            )
            % {"campaign": _name(found, campaign), "n": len(ids)},
            evidence={"count": len(ids), "ids": ids[:_IDS_TOLD]},
        )


def _crowded_seconds(found: Diagnosis) -> Iterator[Finding]:
    for one in found.same_second:
        yield Finding(
            kind="same_second",
            what=_("%(count)d envíos de una misma línea dicen haber salido en el mismo segundo, a las %(at)s.")
            % {"count": one.count, "at": f"{one.at.astimezone(found.scope.period.zone):%H:%M:%S (%d/%m/%Y)}"},
            evidence={"session": one.session, "count": one.count, "moments": one.moments, "first_id": one.first_id},
        )


def _without_time(found: Diagnosis) -> Iterator[Finding]:
    if ids := found.broken.without_time:
        yield Finding(
            kind="sent_without_time",
            what=ngettext(
                "%(n)d envío dice «enviado» y no dice cuándo.",
                "%(n)d envíos dicen «enviado» y no dicen cuándo.",
                len(ids),
            )
            % {"n": len(ids)},
            evidence={"ids": list(ids[:_IDS_TOLD])},
        )


def _stuck(found: Diagnosis) -> Iterator[Finding]:
    if ids := found.broken.stuck:
        yield Finding(
            kind="stuck",
            what=ngettext(
                "%(n)d envío lleva más de cinco minutos en «enviando».",
                "%(n)d envíos llevan más de cinco minutos en «enviando».",
                len(ids),
            )
            % {"n": len(ids)},
            evidence={"ids": list(ids[:_IDS_TOLD])},
        )


def _error_rates(found: Diagnosis) -> Iterator[Finding]:
    for one in found.in_error:
        yield Finding(
            kind="error_rate",
            campaign=one.id,
            what=_("%(campaign)s: %(errors)d errores de %(answered)d respuestas, %(percent)s %%.")
            % {
                "campaign": _name(found, one.id),
                "errors": one.errors,
                "answered": one.sent + one.errors,
                "percent": number_format(one.error_rate * 100, 1),
            },
            evidence={"errors": one.errors, "answered": one.sent + one.errors, "rate": round(one.error_rate, 4)},
        )


def _name(found: Diagnosis, campaign: int | None) -> str:
    if campaign is None:
        return _("Respuestas de personas")
    return next((f"«{one.name}»" for one in found.campaigns if one.id == campaign), f"#{campaign}")


def _campaign_json(one: CampaignFigures) -> dict[str, Any]:
    return {
        "campaign": one.id,
        "name": one.name,
        "team": one.team,
        "state": one.state,
        "sent": one.sent,
        "historical": one.historical,
        "errors": one.errors,
        "states": None if one.states is None else {state.value: number for state, number in one.states.items()},
    }


def _local(found: Diagnosis, at: dt.datetime) -> str:
    return at.astimezone(found.scope.period.zone).isoformat()
