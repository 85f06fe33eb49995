"""Doubts: each has its reason, is asked about, and does not wait for ever."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from campaigns.engine.timing import LOOKUP_AFTER
from campaigns.enums import AttemptOutcome, EnvioState
from campaigns.models import Attempt, Envio, EnvioEvent
from campaigns.reconciliation.envios import EnvioCheck
from leadmaster.ops.reconciliation.check import Finding
from whatsapp import sessions
from whatsapp.gateways.base import Capability

_OVERDUE = dt.timedelta(hours=1)
# A line whose secrets can't be read has its own check.
_SEALED = ("session__token", "session__webhook_secret", "session__verify_token")


class DoubtCheck(EnvioCheck):
    area = "inciertos"

    def rows(self) -> QuerySet[Envio]:
        return Envio.objects.filter(state=EnvioState.UNCERTAIN)

    def locked(self, pk: int) -> Envio | None:
        envio = super().locked(pk)
        return envio if envio is not None and envio.state == EnvioState.UNCERTAIN else None


class DoubtWithoutReason(DoubtCheck):
    """`incierto`, and neither an attempt nor a line of history says why (I4)."""

    name = "inciertos.no_reason"

    def suspects(self, rows: QuerySet[Envio], *, now: dt.datetime) -> Iterable[int]:
        doubted = Attempt.objects.filter(envio=OuterRef("pk"), outcome=AttemptOutcome.UNKNOWN)
        told = EnvioEvent.objects.filter(envio=OuterRef("pk"), to_state=EnvioState.UNCERTAIN)
        return rows.exclude(Exists(doubted)).exclude(Exists(told)).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        envio = self.locked(pk)
        if envio is None or not list(self.suspects(Envio.objects.filter(pk=pk), now=now)):
            return None
        return self.found(
            pk,
            _("Es incierto y ningún intento ni cambio dice por qué: hay que preguntar a la persona o al gateway."),
            attempts=envio.attempts,
        )


class DoubtUndecided(DoubtCheck):
    """Nobody has decided it for days, and the gateway will not be asked again."""

    name = "inciertos.undecided"

    def suspects(self, rows: QuerySet[Envio], *, now: dt.datetime) -> Iterable[int]:
        limit = now - dt.timedelta(hours=settings.RECONCILE_UNCERTAIN_HOURS)
        since = rows.annotate(since=Coalesce("dispatched_at", "created_at"))
        return since.filter(since__lt=limit, lookup_due__isnull=True).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        envio = self.locked(pk)
        if envio is None or not list(self.suspects(Envio.objects.filter(pk=pk), now=now)):
            return None
        since = envio.dispatched_at or envio.created_at
        return self.found(
            pk,
            _("Espera una decisión desde hace %(days)d días: está en la lista de inciertos.")
            % {"days": (now - since).days},
            since=since,
        )


class LookupForgotten(DoubtCheck):
    """The gateway can be asked about it, and nobody is going to."""

    name = "inciertos.not_asked"

    def suspects(self, rows: QuerySet[Envio], *, now: dt.datetime) -> Iterable[int]:
        waiting = Q(lookup_due__isnull=True) | Q(lookup_due__lt=now - _OVERDUE)
        in_doubt = Count("attempt_log", filter=Q(attempt_log__outcome=AttemptOutcome.UNKNOWN))
        # Of several tries in doubt one answer proves nothing: that one waits for a person.
        open_ones = rows.annotate(in_doubt=in_doubt).filter(waiting, lookups__lt=len(LOOKUP_AFTER), in_doubt__lte=1)
        return [
            envio.pk
            for envio in open_ones.select_related("session").defer(*_SEALED).order_by()
            if sessions.has_capability(envio.session, Capability.LOOKUP)
        ]

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        envio = self.locked(pk)
        if envio is None or not list(self.suspects(Envio.objects.filter(pk=pk), now=now)):
            return None
        return self.found(
            pk,
            _("Al gateway se le puede preguntar por él, y nadie lo hace."),
            repair=_("Se pregunta ahora."),
            lookups=envio.lookups,
            lookup_due=envio.lookup_due,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        Envio.objects.filter(pk=finding.subject, state=EnvioState.UNCERTAIN).update(lookup_due=now)
