"""How many messages a line may send on a day: the one rule behind the claim, "why not now?", the forecast and the pages.

Three things bound a day, and the smallest counts: the line's own limit, its ramp (`whatsapp.warm_up`), and the cap of
the way back after an automatic stop (`campaigns.comeback`), which counts on top of what the day had used by then.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext as _

from campaigns.enums import WhyNot
from campaigns.models import SenderSwitch
from campaigns.switch import WATCHED, day_key
from whatsapp import warm_up
from whatsapp.models import WhatsAppSession

# Beyond so many days every ramp has ended.
_LONGEST: Final = 60


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """The cap of the way back: since when, how many a day and line, and what each line's days had used before."""

    at: dt.datetime
    cap: int
    base: Mapping[str, int]

    def limit(self, session_id: int, day: dt.date) -> int:
        return self.base.get(day_key(session_id, day), 0) + self.cap


@dataclasses.dataclass(frozen=True, kw_only=True)
class DayLimit:
    """`reason` and `detail` say why a day is full before the line's own limit is."""

    messages: int
    reason: WhyNot = WhyNot.SESSION_LIMIT
    detail: str = ""


def trial_of(turn: SenderSwitch | None) -> Trial | None:
    """The cap that this turn of the switch set, if it did; the last one counts."""
    if turn is None or not turn.on or turn.cap is None:
        return None
    return Trial(at=turn.at, cap=turn.cap, base=turn.used_before or {})


def limit_of(session: WhatsAppSession, day: dt.date, trial: Trial | None) -> DayLimit:
    """What this line may send on `day`, the one that counts for it now."""
    ramp = warm_up.limit(session)
    capped = session.daily_limit if trial is None else trial.limit(session.pk, day)
    if capped < min(ramp, session.daily_limit):
        return DayLimit(messages=capped, detail=_("a prueba después de un paro: pocos mensajes por día"))
    if ramp < session.daily_limit:
        detail = _("hoy hasta %(today)d de %(limit)d; sube cada día que sale bien") % {
            "today": ramp,
            "limit": session.daily_limit,
        }
        return DayLimit(messages=ramp, reason=WhyNot.WARM_UP, detail=detail)
    return DayLimit(messages=session.daily_limit)


def limits_ahead(session: WhatsAppSession, now: dt.datetime, trial: Trial | None) -> tuple[int, ...]:
    """Today's limit and those of the days after it as they will be if all goes well; the last one stays.

    When the cap ends the line earns its limit anew, as `switch.end_cap` has it.
    """
    today = session.day_at(now)
    limits: list[int] = []
    since_trial = 0
    for ahead in range(_LONGEST):
        day = today + dt.timedelta(days=ahead)
        if trial is None:
            messages = warm_up.limit(session, ahead=ahead)
        elif ahead == 0 or _begins(session, now, ahead) < trial.at + WATCHED:
            messages = min(warm_up.limit(session, ahead=ahead), trial.limit(session.pk, day))
        else:
            messages = min(warm_up.limit(session, ahead=ahead), warm_up.limit_after_stop(session, ahead=since_trial))
            since_trial += 1
        limits.append(messages)
        if messages >= session.daily_limit and (trial is None or since_trial):
            break
    return tuple(limits)


def _begins(session: WhatsAppSession, now: dt.datetime, ahead: int) -> dt.datetime:
    return session.next_day_at(now) + dt.timedelta(days=ahead - 1)
