"""Lines that stand in a state, or behind a moment, that nothing will ever change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from leadmaster.ops import heartbeat
from leadmaster.ops.reconciliation.check import Check, Finding
from whatsapp import line_tests, sessions
from whatsapp.health import HEARTBEAT
from whatsapp.models import LineTest, State, WhatsAppSession

# A connected line is asked every minute, where anybody asks at all: if nobody does, the watchdog says so before this.
_UNASKED = dt.timedelta(hours=1)
_UNASKED_BY_ANYBODY = dt.timedelta(days=2)
# No gateway asks for a longer pause, and no rest from first contacts is as long.
_LONGEST = dt.timedelta(days=7)
_TEST_LOST = dt.timedelta(minutes=30)


class LineCheck(Check[WhatsAppSession]):
    area = "sessions"

    def rows(self) -> QuerySet[WhatsAppSession]:
        # A secret that can't be read has its own check, and must not keep these from looking.
        return WhatsAppSession.objects.defer("token", "webhook_secret", "verify_token")

    def locked(self, pk: int) -> WhatsAppSession | None:
        return self.rows().select_for_update(skip_locked=True).filter(pk=pk).first()


class ReadyUnasked(LineCheck):
    """It says that it is connected, and nobody has asked it for long: what it says is old."""

    name = "sessions.unasked"

    def suspects(self, rows: QuerySet[WhatsAppSession], *, now: dt.datetime) -> Iterable[int]:
        age = heartbeat.age(HEARTBEAT, now=now)
        patience = _UNASKED if age is not None and age < _UNASKED else _UNASKED_BY_ANYBODY
        old = Q(last_seen_at__lt=now - patience) | Q(unreachable_since__isnull=False)
        return rows.filter(old, state=State.READY, paused_at__isnull=True).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        line = self.locked(pk)
        if line is None or not list(self.suspects(self.rows().filter(pk=pk), now=now)):
            return None
        return self.found(
            pk,
            _("Dice «conectada» y el gateway no lo confirma desde hace horas."),
            repair=_("Se le pregunta antes de que envíe nada más."),
            last_seen_at=line.last_seen_at,
            unreachable_since=line.unreachable_since,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        sessions.doubt(finding.subject, now=now)


class HeldForYears(LineCheck):
    """Held back until a moment that no rule gives: written by a clock that ran ahead."""

    name = "sessions.held"

    def suspects(self, rows: QuerySet[WhatsAppSession], *, now: dt.datetime) -> Iterable[int]:
        far = now + _LONGEST
        return rows.filter(Q(blocked_until__gt=far) | Q(cold_until__gt=far)).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        line = self.locked(pk)
        if line is None or not list(self.suspects(self.rows().filter(pk=pk), now=now)):
            return None
        return self.found(
            pk,
            _("Está frenada hasta un momento que ninguna regla da."),
            repair=_("Deja de estarlo; si el gateway la frena, lo volverá a decir."),
            blocked_until=line.blocked_until,
            cold_until=line.cold_until,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        sessions.let_go(finding.subject, later_than=now + _LONGEST)


class TestLost(Check[LineTest]):
    """Asked for or begun long ago, and not ended: no other test of that line can be asked for."""

    __test__ = False
    area = "sessions"
    name = "sessions.test"

    def rows(self) -> QuerySet[LineTest]:
        return LineTest.objects.filter(open_for__isnull=False)

    def suspects(self, rows: QuerySet[LineTest], *, now: dt.datetime) -> Iterable[int]:
        return rows.filter(asked_at__lt=now - _TEST_LOST).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        test = self.rows().select_for_update(skip_locked=True).filter(pk=pk, asked_at__lt=now - _TEST_LOST).first()
        if test is None or not line_tests.is_lost(test, now=now):
            return None
        return self.found(
            pk,
            _("Un mensaje de prueba de la línea #%(id)d no termina: no se puede pedir otro.") % {"id": test.session_id},
            repair=_("Se da por terminado."),
            state=test.state,
            asked_at=test.asked_at,
            started_at=test.started_at,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        line_tests.end_lost(LineTest.objects.get(pk=finding.subject), now=now)
