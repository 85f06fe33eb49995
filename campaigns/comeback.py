"""The way back after an automatic stop: a small cap for each line, the criteria to watch, and the cap's end when they hold.

The switch goes on with `switch.COMEBACK_CAP` messages a day and line. What is counted since then decides: after two days
in which every criterion held the cap ends by itself (`review`); a person may end it before, with a reason. Nothing jumps
to its full pace: each line goes on by its ramp (`whatsapp.warm_up`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import zoneinfo
from typing import Final

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from campaigns import switch
from campaigns.diagnosis import figures, marks
from campaigns.diagnosis.marks import TooMany
from campaigns.diagnosis.scope import Scope
from campaigns.enums import Ack, EnvioState
from campaigns.models import Attempt, SenderSwitch, SessionDay
from leadmaster.lib.language import in_project_language
from leadmaster.lib.periods import Period
from whatsapp.gateways.answers import NOT_READY
from whatsapp.models import WhatsAppSession
from whatsapp.standing import Standing, standing

WATCHED: Final = switch.WATCHED
# So many have to reach the server or better: what nobody received proves nothing.
ENOUGH: Final = 5
# Of a trial that goes on for longer the last month is looked at.
_MOST: Final = dt.timedelta(days=31)
# Nobody waits for these.
_UNUSED: Final = frozenset({Standing.PAUSED, Standing.UNPAIRED})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Criterion:
    """One line of the checklist. `holds` None: a person has to look."""

    name: str
    figure: str
    holds: bool | None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """The way back that is under way: since when, with what cap, and how its criteria stand."""

    turn: SenderSwitch
    until: dt.datetime
    criteria: list[Criterion]

    @property
    def is_over(self) -> bool:
        return all(criterion.holds for criterion in self.criteria)


def before(now: dt.datetime) -> list[Criterion]:
    """What to look at before the switch goes on again."""
    lines = [standing(session, now) for session in WhatsAppSession.objects.all()]
    used = [line for line in lines if line not in _UNUSED]
    ready = used.count(Standing.READY)
    found = _seen(now - dt.timedelta(hours=24), now)
    return [
        Criterion(name=_("Líneas conectadas"), figure=f"{ready} / {len(used)}", holds=0 < ready == len(used)),
        *_of_the_messages(found),
        Criterion(name=_("Alguien de guardia las próximas 48 horas"), figure="", holds=None),
        Criterion(name=_("Respaldo de la base al día"), figure="", holds=None),
    ]


def trial(now: dt.datetime) -> Trial | None:
    """None when no cap holds."""
    turn = switch.capped()
    if turn is None:
        return None
    found = _seen(max(turn.at, now - _MOST), now)
    until = turn.at + WATCHED
    criteria = [
        Criterion(
            name=_("48 horas a prueba"),
            figure=_("%(hours)d h") % {"hours": (now - turn.at) // dt.timedelta(hours=1)},
            holds=now >= until,
        ),
        Criterion(
            name=_("Al menos %(n)d mensajes llegaron al servidor") % {"n": ENOUGH},
            figure=str(found.arrived),
            holds=found.arrived >= ENOUGH,
        ),
        *_of_the_messages(found),
        Criterion(
            name=_("Ningún intento con la línea sin conectar"), figure=str(found.not_ready), holds=not found.not_ready
        ),
    ]
    return Trial(turn=turn, until=until, criteria=criteria)


@in_project_language
def review(now: dt.datetime) -> bool:
    """Raise the cap if its time is over and every criterion holds; one query while none is under way."""
    turn = switch.capped()
    if turn is None or now < turn.at + WATCHED or not switch.is_on():
        return False
    under_way = trial(now)
    if under_way is None or not under_way.is_over:
        return False
    switch.end_cap(
        turn, by=None, reason=_("Se cumplieron los criterios: cada línea vuelve a subir hasta su límite."), now=now
    )
    return True


# --- Private ---------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Seen:
    """What the messages of a stretch of time say. None: it could not be looked at."""

    unproven: int | None
    sent: int
    errors: int
    arrived: int
    stuck: int
    not_ready: int

    @property
    def error_rate(self) -> float:
        answered = self.sent + self.errors
        return self.errors / answered if answered else 0.0


def _of_the_messages(found: _Seen) -> list[Criterion]:
    """The same before and during: what the checklist calls the criteria of success."""
    unproven = "?" if found.unproven is None else str(found.unproven)
    return [
        Criterion(name=_("Ningún enviado sin prueba"), figure=unproven, holds=found.unproven == 0),
        Criterion(
            name=_("Errores por debajo del 5 %"),
            figure=f"{number_format(found.error_rate * 100, 1)} % ({found.errors} / {found.sent + found.errors})",
            holds=found.error_rate < figures.ERROR_RATE,
        ),
        Criterion(name=_("Ninguno colgado en «enviando»"), figure=str(found.stuck), holds=not found.stuck),
    ]


def _seen(since: dt.datetime, now: dt.datetime) -> _Seen:
    scope = Scope(period=Period(since=since, until=now, zone=zoneinfo.ZoneInfo(settings.TIME_ZONE)))
    sent = scope.within("sent_at", EnvioState.SENT)
    try:
        unproven: int | None = sum(one.state == EnvioState.SENT for one in marks.without_proof(scope))
    except TooMany:
        unproven = None
    # A day earlier, for whoever lives behind us; what was claimed before is left out below.
    days = SessionDay.objects.filter(day__gte=(since - dt.timedelta(days=1)).date())
    not_ready = Attempt.objects.filter(session_day__in=days, claimed_at__gte=since, code=NOT_READY.code)
    return _Seen(
        unproven=unproven,
        sent=sent.count(),
        errors=scope.within("ended_at", EnvioState.ERROR).count(),
        arrived=sent.filter(ack__gte=Ack.SERVER).count(),
        stuck=len(figures.broken(scope, now=now).stuck),
        not_ready=not_ready.count(),
    )
