"""Lanes and attempts that are held by nobody."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from campaigns.engine import reap
from campaigns.engine.timing import lease
from campaigns.enums import AttemptOutcome
from campaigns.models import Attempt, Envio, Lane
from campaigns.reconciliation.envios import STUCK_AFTER
from leadmaster.ops.reconciliation.check import Check, Finding


class BusyForNobody(Check[Lane]):
    """Taken, and its lease ran out long ago, or no attempt is open in it: nothing goes out through it."""

    area = "lanes"
    name = "lanes.stuck"

    def rows(self) -> QuerySet[Lane]:
        return Lane.objects.filter(busy=True)

    def suspects(self, rows: QuerySet[Lane], *, now: dt.datetime) -> Iterable[int]:
        return list(rows.values_list("pk", flat=True))

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        lane = Lane.objects.select_for_update(skip_locked=True).filter(pk=pk, busy=True).first()
        if lane is None or lane.lease_until is None:
            return None
        attempt = Attempt.objects.filter(token=str(lane.token), outcome=AttemptOutcome.OPEN).first()
        # An attempt is opened with its lane and closed with it, in one transaction each.
        if attempt is not None and lane.lease_until >= now - STUCK_AFTER:
            return None
        return self.found(
            pk,
            _("El carril está ocupado y nadie lo usa: por él no sale nada."),
            repair=_("Se libera; lo que llevaba vuelve a pendiente, o queda incierto si pudo haber salido."),
            session=lane.session_id,
            lease_until=lane.lease_until,
            attempt=attempt.pk if attempt else None,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        reap.free_lost(Lane.objects.get(pk=finding.subject), now=now, rng=random.Random())  # noqa: S311 - jitter


class OpenForNobody(Check[Attempt]):
    """An attempt that is open, and neither a lane nor an envío holds it any more."""

    area = "lanes"
    name = "lanes.open_attempt"

    def rows(self) -> QuerySet[Attempt]:
        return Attempt.objects.filter(outcome=AttemptOutcome.OPEN)

    def suspects(self, rows: QuerySet[Attempt], *, now: dt.datetime) -> Iterable[int]:
        late = rows.filter(claimed_at__lt=now - lease() - STUCK_AFTER)
        return late.filter(~self._held()).values_list("pk", flat=True)

    def _held(self) -> Exists:
        return Exists(Lane.objects.filter(token=OuterRef("token")))

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        attempt = Attempt.objects.filter(~self._held(), pk=pk, outcome=AttemptOutcome.OPEN).first()
        if attempt is None:
            return None
        envio = Envio.objects.select_for_update(skip_locked=True).filter(pk=attempt.envio_id).first()
        if envio is None or envio.token == attempt.token:
            return None
        left_at = reap.left_at(attempt, envio)
        return self.found(
            pk,
            _("El intento del envío #%(envio)d sigue abierto y nadie lo tiene.") % {"envio": envio.pk},
            repair=_("Se cierra sin certeza.") if left_at else _("Se cierra como no salido y se devuelve al cupo."),
            envio=envio.pk,
            claimed_at=attempt.claimed_at,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        attempt = Attempt.objects.get(pk=finding.subject)
        reap.close_lost(attempt, reap.left_at(attempt, attempt.envio), now=now)
