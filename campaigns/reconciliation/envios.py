"""Envíos whose state says something that their attempts and their history don't."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from campaigns import envio_states, receipts
from campaigns.engine import reap
from campaigns.enums import Ack, AttemptOutcome, EnvioState, Evidence
from campaigns.models import Attempt, Envio, EnvioEvent, Lane
from campaigns.proofs import SENT_BY_ATTEMPT, unproven
from leadmaster.ops.reconciliation.check import Check, Finding

S = EnvioState

# A worker that is merely slow is the reaper's to judge.
STUCK_AFTER = dt.timedelta(minutes=5)


class EnvioCheck(Check[Envio]):
    """One envío at a time, locked; what somebody else holds is left to them."""

    area = "envios"

    def rows(self) -> QuerySet[Envio]:
        return Envio.objects.all()

    def locked(self, pk: int) -> Envio | None:
        return Envio.objects.select_for_update(skip_locked=True).filter(pk=pk).first()


class SendingWithoutLease(EnvioCheck):
    """`enviando` long after its lease ran out: nobody is sending it, and nobody took it back."""

    name = "envios.stuck"

    def rows(self) -> QuerySet[Envio]:
        return Envio.objects.filter(state=S.SENDING)

    def suspects(self, rows: QuerySet[Envio], *, now: dt.datetime) -> Iterable[int]:
        return rows.filter(lease_until__lt=now - STUCK_AFTER).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        # Lanes before envíos, as everybody does.
        list(Lane.objects.filter(envio=pk).select_for_update(skip_locked=True))
        envio = self.locked(pk)
        if envio is None or envio.state != S.SENDING or envio.lease_until is None:
            return None
        if envio.lease_until >= now - STUCK_AFTER:
            return None
        return self.found(
            pk,
            _("Dice «enviando» y nadie lo está enviando desde las %(since)s.")
            % {"since": envio.lease_until.strftime("%Y-%m-%d %H:%M UTC")},
            repair=_("Queda incierto: pudo haber salido.") if envio.dispatched_at else _("Vuelve a estar pendiente."),
            lease_until=envio.lease_until,
            dispatched_at=envio.dispatched_at,
            lane=envio.lane_id,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        reap.take_back(Envio.objects.get(pk=finding.subject), now=now, rng=random.Random())  # noqa: S311 - jitter


class Phantom(EnvioCheck):
    """`enviado` with nothing that says so: no attempt, no acknowledgement, no history. What the predecessor did 250 times."""

    name = "envios.phantom"

    def rows(self) -> QuerySet[Envio]:
        return Envio.objects.filter(state=S.SENT)

    def suspects(self, rows: QuerySet[Envio], *, now: dt.datetime) -> Iterable[int]:
        return rows.filter(unproven()).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        envio = self.locked(pk)
        if envio is None or not Envio.objects.filter(unproven(), pk=pk, state=S.SENT).exists():
            return None
        return self.found(
            pk,
            _("Dice «enviado» y nada lo prueba: ni un intento, ni un acuse, ni un cambio en su historial."),
            repair=_("Queda incierto hasta que una prueba o una persona lo decida."),
            message_id=envio.message_id,
            sent_at=envio.sent_at,
            attempts=envio.attempts,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        moved = envio_states.move(
            finding.subject,
            source=S.SENT,
            target=S.UNCERTAIN,
            now=now,
            message_id=None,
            sent_at=None,
            ack=Ack.NONE,
            ended_at=None,
        )
        if moved:
            _tell(finding, source=S.SENT, target=S.UNCERTAIN, now=now)


class SentButDenied(EnvioCheck):
    """The gateway gave a message id to one of its attempts, and the row says that it did not go out."""

    name = "envios.sent_denied"

    def rows(self) -> QuerySet[Envio]:
        return Envio.objects.filter(state__in=(S.PENDING, S.ERROR, S.UNCERTAIN, S.CANCELLED))

    def suspects(self, rows: QuerySet[Envio], *, now: dt.datetime) -> Iterable[int]:
        return rows.filter(self._denied()).values_list("pk", flat=True)

    def _denied(self) -> Q:
        # What was accepted and refused afterwards went from `enviado` to `error`, and kept its id.
        refused_later = EnvioEvent.objects.filter(envio=OuterRef("pk"), from_state=S.SENT, to_state=S.ERROR)
        same_id = SENT_BY_ATTEMPT.filter(message_id=OuterRef("message_id"))
        return Q(Exists(SENT_BY_ATTEMPT)) & ~Exists(refused_later) & ~(Q(state=S.ERROR) & Q(Exists(same_id)))

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        envio = self.locked(pk)
        if envio is None or not self.rows().filter(self._denied(), pk=pk).exists():
            return None
        attempt = self._proof(pk)
        return self.found(
            pk,
            _("Dice «%(state)s», pero el gateway le dio el id %(id)s a uno de sus intentos.")
            % {"state": envio.get_state_display().lower(), "id": attempt.message_id},
            repair=_("Queda enviado, con ese id."),
            attempt=attempt.pk,
            message_id=attempt.message_id,
            http_status=attempt.http_status,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        attempt = self._proof(finding.subject)
        receipts.prove_sent(
            finding.subject,
            message_id=attempt.message_id,
            evidence=Evidence.RECONCILED,
            at=attempt.finished_at or now,
            now=now,
        )

    def _proof(self, pk: int) -> Attempt:
        sent = Attempt.objects.filter(envio=pk, outcome=AttemptOutcome.SENT).exclude(message_id="")
        return sent.order_by("-id")[0]


class UnknownButPending(EnvioCheck):
    """Waiting to be sent again although nobody knows what became of its last try, and nobody decided it."""

    name = "envios.doubt_denied"

    def rows(self) -> QuerySet[Envio]:
        return Envio.objects.filter(state__in=(S.PENDING, S.CANCELLED), attempts__gt=0)

    def suspects(self, rows: QuerySet[Envio], *, now: dt.datetime) -> Iterable[int]:
        return rows.filter(self._denied()).values_list("pk", flat=True)

    def _denied(self) -> Q:
        decided = EnvioEvent.objects.filter(
            envio=OuterRef("envio"), from_state=S.UNCERTAIN, at__gte=OuterRef("claimed_at")
        )
        in_doubt = Attempt.objects.filter(~Exists(decided), envio=OuterRef("pk"), outcome=AttemptOutcome.UNKNOWN)
        withdrawn = EnvioEvent.objects.filter(envio=OuterRef("pk"), evidence=Evidence.WITHDRAWN)
        return Q(Exists(in_doubt), ~Exists(withdrawn))

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        envio = self.locked(pk)
        if envio is None or not self.rows().filter(self._denied(), pk=pk).exists():
            return None
        return self.found(
            pk,
            _("Dice «%(state)s» y uno de sus intentos pudo haber salido.")
            % {"state": envio.get_state_display().lower()},
            repair=_("Queda incierto.") if envio.state == S.PENDING else "",
            attempts=envio.attempts,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        if envio_states.move(finding.subject, source=S.PENDING, target=S.UNCERTAIN):
            _tell(finding, source=S.PENDING, target=S.UNCERTAIN, now=now)


class AttemptsMiscounted(EnvioCheck):
    """The row's count of tries is not that of its log (I10)."""

    name = "envios.attempts"

    def suspects(self, rows: QuerySet[Envio], *, now: dt.datetime) -> Iterable[int]:
        return self._counted(rows).exclude(attempts=F("counted")).values_list("pk", flat=True)

    def _counted(self, rows: QuerySet[Envio]) -> QuerySet[Envio]:
        return rows.annotate(counted=Count("attempt_log", filter=Q(attempt_log__counted=True))).order_by()

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        envio = self.locked(pk)
        if envio is None:
            return None
        counted = Attempt.objects.filter(envio=pk, counted=True).count()
        if envio.attempts == counted:
            return None
        return self.found(
            pk,
            _("Dice %(said)d intentos y su registro tiene %(counted)d.") % {"said": envio.attempts, "counted": counted},
            repair=_("Vale lo que dice el registro."),
            said=envio.attempts,
            counted=counted,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        Envio.objects.filter(pk=finding.subject).update(attempts=finding.evidence["counted"])


def _tell(finding: Finding, *, source: EnvioState, target: EnvioState, now: dt.datetime) -> None:
    envio_states.record(
        [finding.subject], source=source, target=target, evidence=Evidence.RECONCILED, now=now, reason=finding.what
    )
