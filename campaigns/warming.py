"""Whether a line earned more: what became of its last day's messages decides the next step of its ramp.

The criteria are those of the checklist for raising a cap: few errors, nothing in doubt, no try on a line that was not
ready, what it sent reached the server, and hardly anybody asked to be left alone. When they hold the limit is raised;
when it went badly it is lowered; otherwise it stays, and is asked again as answers come in.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Final

from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils.translation import gettext as _

from campaigns.diagnosis import figures
from campaigns.enums import Ack, EnvioState
from campaigns.models import Attempt, SessionDay
from leadmaster.directory.models import Suppression
from leadmaster.lib.language import in_project_language
from whatsapp import sessions, warm_up
from whatsapp.gateways.answers import NOT_READY
from whatsapp.models import WhatsAppSession

# Of those whom it wrote to: so many may ask to be left alone, and one may always.
OPT_OUTS: Final = 0.03
ARRIVED: Final = 0.9
# What goes as badly as this takes a step back.
BAD_ERRORS: Final = 0.10
BAD_OPT_OUTS: Final = 0.06
# Of the day's limit, what has to be sent to prove anything.
ENOUGH: Final = 0.5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seen:
    """What became of a line's messages of one day."""

    limit: int
    sent: int
    errors: int
    uncertain: int
    arrived: int | None  # None: its gateway tells no acknowledgements
    not_ready: int
    opted_out: int

    @property
    def answered(self) -> int:
        return self.sent + self.errors

    @property
    def error_rate(self) -> float:
        return self.errors / self.answered if self.answered else 0.0

    @property
    def opt_out_rate(self) -> float:
        return self.opted_out / self.sent if self.sent else 0.0

    @property
    def is_bad(self) -> bool:
        few = self.answered < 10
        return not few and (self.error_rate >= BAD_ERRORS or (self.opted_out > 1 and self.opt_out_rate >= BAD_OPT_OUTS))

    def against(self) -> list[str]:
        """Why its limit is not raised, in words; empty when every criterion holds."""
        told = []
        if self.error_rate >= figures.ERROR_RATE:
            told.append(_("fallaron %(n)d de %(all)d") % {"n": self.errors, "all": self.answered})
        if self.uncertain:
            told.append(_("sin certeza: %(n)d") % {"n": self.uncertain})
        if self.not_ready:
            told.append(_("intentos con la línea sin conectar: %(n)d") % {"n": self.not_ready})
        if self.arrived is not None and self.arrived < ARRIVED * self.sent:
            told.append(_("llegaron al servidor %(n)d de %(all)d") % {"n": self.arrived, "all": self.sent})
        if self.opted_out > 1 and self.opt_out_rate >= OPT_OUTS:
            told.append(_("bajas pedidas: %(n)d") % {"n": self.opted_out})
        if self.sent < ENOUGH * self.limit:
            told.append(_("envió %(n)d de %(limit)d: muy pocos para juzgar") % {"n": self.sent, "limit": self.limit})
        return told


@in_project_language
def review(now: dt.datetime) -> int:
    """Take the step of each warming line whose day is over. Returns how many moved. One query while none warms up."""
    return sum(_review(line, now) for line in WhatsAppSession.objects.filter(warm_up_step__isnull=False).order_by("id"))


def _review(line: WhatsAppSession, now: dt.datetime) -> bool:
    today = line.day_at(now)
    if line.warm_up_day is None:
        warm_up.note_first_day(line, today)
        return False
    past = SessionDay.objects.filter(session=line, day__gte=line.warm_up_day, day__lt=today, used__gt=0)
    day = past.order_by("-day").first()
    if day is None:
        return False
    seen = seen_on(line, day)
    reasons = "; ".join(seen.against())
    if seen.is_bad:
        return warm_up.move(line, by_steps=-1, day=today, reason=reasons, now=now)
    if reasons:
        warm_up.note_held(line, reason=reasons, now=now)
        return False
    return warm_up.move(line, by_steps=1, day=today, reason="", now=now)


def seen_on(line: WhatsAppSession, day: SessionDay) -> Seen:
    """By the day's own index; each message once, whatever its tries."""
    quiet = Suppression.objects.filter(phone=OuterRef("envio__phone"), created_at__gte=OuterRef("claimed_at"))
    tries = Attempt.objects.filter(session_day=day).order_by()

    def of(**states: object) -> Count:
        return Count("envio", distinct=True, filter=Q(**states))

    found = tries.aggregate(
        sent=of(envio__state=EnvioState.SENT),
        errors=of(envio__state=EnvioState.ERROR),
        uncertain=of(envio__state=EnvioState.UNCERTAIN),
        arrived=of(envio__state=EnvioState.SENT, envio__ack__gte=Ack.SERVER),
        not_ready=Count("id", filter=Q(code=NOT_READY.code)),
    )
    asked = tries.filter(Exists(quiet.exclude(source=Suppression.Source.FILE)), envio__state=EnvioState.SENT)
    found["opted_out"] = asked.aggregate(n=Count(F("envio"), distinct=True))["n"]
    if not sessions.tells_acks(line):
        found["arrived"] = None
    return Seen(limit=warm_up.limit(line), **found)
