"""Apply what the gateway says later: idempotent and monotonic, whatever the order and however often.

`apply` takes one acknowledgement. `prove_sent` is the one way by which evidence (a callback, a look-up, a late
answer) makes an envío `enviado`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from campaigns import conversation_states, envio_states, totals
from campaigns.enums import Ack, AttemptOutcome, EnvioState, Evidence
from campaigns.models import Attempt, EarlyReceipt, Envio
from leadmaster.lib.db.retry import retrying
from leadmaster.ops import rollups
from leadmaster.ops.alerts import raise_alert
from leadmaster.ops.models import Alert
from whatsapp.models import WhatsAppSession
from whatsapp.receipts import Receipt, ReceiptKind

_SCALE = {ReceiptKind.SERVER: Ack.SERVER, ReceiptKind.DELIVERED: Ack.DELIVERED, ReceiptKind.READ: Ack.READ}
_TIME_FIELD = {Ack.SERVER: "server_at", Ack.DELIVERED: "delivered_at", Ack.READ: "read_at"}
# States in which a proof of sending is no surprise; from any other it contradicts what was decided.
_EXPECTED = (EnvioState.SENDING, EnvioState.UNCERTAIN, EnvioState.SENT_BY_HAND, EnvioState.HISTORICAL)
_EARLY_KEPT = dt.timedelta(days=7)
# Two clocks are seldom closer, and nobody looks for a reason in less.
_CLOCKS_DIFFER = dt.timedelta(minutes=2)


def apply(receipt: Receipt, *, session: WhatsAppSession, now: dt.datetime) -> Envio | None:
    """Apply one receipt to the envío it speaks of; returns it, or None when nobody knows it yet (then it is kept)."""
    return retrying(lambda: _apply(receipt, session, now))


def was_refused(receipt: Receipt, *, session: WhatsAppSession) -> bool:
    """Whether the refusal that this receipt tells of was told before."""
    envio = Envio.objects.filter(session=session, message_id=receipt.message_id, state=EnvioState.ERROR)
    early = EarlyReceipt.objects.filter(session=session, message_id=receipt.message_id, kind=ReceiptKind.FAILED.value)
    return envio.exists() or early.exists()


def apply_early(session_id: int, message_id: str, *, envio_id: int, now: dt.datetime) -> None:
    """Apply what came for this message id before we knew it. Runs in the caller's transaction."""
    early = list(EarlyReceipt.objects.filter(session_id=session_id, message_id=message_id).order_by("id"))
    if not early:
        return
    envio = Envio.objects.select_for_update().get(pk=envio_id)
    for row in early:
        receipt = Receipt(
            kind=ReceiptKind(row.kind),
            message_id=row.message_id,
            client_message_id=None,
            at=row.at,
            error_code=row.error_code,
            error_text=row.error_text,
        )
        _apply_to(envio, receipt, now)
    EarlyReceipt.objects.filter(id__in=[row.pk for row in early]).delete()


def apply_orphans(now: dt.datetime, *, limit: int = 500) -> int:
    """Apply kept acknowledgements whose message got known in the very moment they were kept. Returns how many.

    Those that nobody claims for a week are dropped: people also write through the same line by themselves.
    """
    oldest = list(EarlyReceipt.objects.order_by("id").values_list("id", "received_at")[:limit])
    EarlyReceipt.objects.filter(id__in=[pk for pk, at in oldest if at < now - _EARLY_KEPT]).delete()
    known = Envio.objects.filter(session_id=OuterRef("session_id"), message_id=OuterRef("message_id"))
    orphans = EarlyReceipt.objects.annotate(envio=Subquery(known.values("id")[:1])).filter(envio__isnull=False)
    found = list(orphans.order_by("id").values_list("session_id", "message_id", "envio")[:limit])
    for session_id, message_id, envio_id in found:
        retrying(functools.partial(_apply_early_alone, session_id, message_id, envio_id, now))
    return len(found)


@transaction.atomic(durable=True)
def _apply_early_alone(session_id: int, message_id: str, envio_id: int, now: dt.datetime) -> None:
    apply_early(session_id, message_id, envio_id=envio_id, now=now)


def prove_sent(envio_id: int, *, message_id: str, evidence: Evidence, at: dt.datetime, now: dt.datetime) -> EnvioState:
    """Make an envío `enviado` on evidence, from whatever state; returns the state it was in.

    A proof that contradicts what was decided meanwhile is applied all the same and raises an alert: it is never
    dropped. Runs in the caller's transaction. Raises IntegrityError when the id belongs to another envío.
    """
    envio = Envio.objects.select_for_update().get(pk=envio_id)
    before = EnvioState(envio.state)
    if before is EnvioState.SENT:
        if envio.message_id != message_id:
            _alert_conflict(envio, before, now)
        return before
    if evidence is not Evidence.CALLBACK and _refused_already(envio, message_id):
        return before
    envio_states.move(
        envio_id,
        source=before,
        target=EnvioState.SENT,
        now=now,
        message_id=message_id,
        sent_at=at,
        ended_at=None,
        error_code="",
        error_text="",
        lookup_due=None,
    )
    envio_states.record([envio_id], source=before, target=EnvioState.SENT, evidence=evidence, now=now)
    if envio.is_reply:
        conversation_states.answered(envio_id, now=now)
    if before not in _EXPECTED:
        _alert_conflict(envio, before, now)
    return before


@transaction.atomic(durable=True)
def _apply(receipt: Receipt, session: WhatsAppSession, now: dt.datetime) -> Envio | None:
    envio = _find(receipt, session)
    if envio is None:
        EarlyReceipt.objects.bulk_create(
            [
                EarlyReceipt(
                    session=session,
                    message_id=receipt.message_id,
                    kind=receipt.kind.value,
                    at=receipt.at,
                    error_code=receipt.error_code[:64],
                    error_text=receipt.error_text[:300],
                    received_at=now,
                )
            ],
            ignore_conflicts=True,
        )
        return None
    try:
        with transaction.atomic():
            _apply_to(envio, receipt, now)
    except IntegrityError:
        # The id that it proves belongs to another envío of this session: one of the two is not true.
        _alert_conflict(envio, EnvioState(envio.state), now)
    return envio


def _find(receipt: Receipt, session: WhatsAppSession) -> Envio | None:
    """Our own id decides: a gateway may give one message id to two messages, and we never give one of ours twice."""
    mine = Envio.objects.select_for_update().filter(session=session)
    if receipt.client_message_id is not None:
        envio = mine.filter(client_message_id=receipt.client_message_id).first()
        if envio is not None:
            return envio
    return mine.filter(message_id=receipt.message_id).first()


def _apply_to(envio: Envio, receipt: Receipt, now: dt.datetime) -> None:
    """One receipt on the row that it speaks of, which is locked."""
    receipt = _within_its_life(envio, receipt, now)
    if receipt.kind is ReceiptKind.FAILED:
        _refuse_late(envio, receipt, now)
        return
    late = receipt.kind is ReceiptKind.SERVER and _refused_already(envio, receipt.message_id)
    if not late:
        before = prove_sent(envio.pk, message_id=receipt.message_id, evidence=Evidence.CALLBACK, at=receipt.at, now=now)
        if before is EnvioState.SENT and envio.message_id != receipt.message_id:
            return  # of another message to the same person: told, and no step of this one
        envio.refresh_from_db()
    _advance(envio, receipt, now)


def _within_its_life(envio: Envio, receipt: Receipt, now: dt.datetime) -> Receipt:
    """The receipt dated between the dispatch and now. What a gateway's clock said instead is kept in the history.

    A clock that is ahead of ours by less than _CLOCKS_DIFFER is believed.
    """
    at = receipt.at if receipt.at <= now + _CLOCKS_DIFFER else now
    if envio.dispatched_at is not None:
        at = max(at, min(envio.dispatched_at, now))
    if abs(receipt.at - at) > _CLOCKS_DIFFER and _is_news(envio, receipt):
        state = EnvioState(envio.state)
        reason = _("El gateway fechó su aviso (%(kind)s) en %(at)s; se anotó %(noted)s.") % {
            "kind": receipt.kind.value,
            "at": receipt.at.isoformat(timespec="seconds"),
            "noted": at.isoformat(timespec="seconds"),
        }
        # A mark moves nothing: it goes from a state to the same.
        envio_states.record([envio.pk], source=state, target=state, evidence=Evidence.CALLBACK, now=now, reason=reason)
    return dataclasses.replace(receipt, at=at)


def _is_news(envio: Envio, receipt: Receipt) -> bool:
    """A repetition says nothing that was not noted the first time."""
    if receipt.kind is ReceiptKind.FAILED:
        return envio.state != EnvioState.ERROR
    return getattr(envio, _TIME_FIELD[_SCALE[receipt.kind]]) is None


def _refused_already(envio: Envio, message_id: str) -> bool:
    """Accepted, or in the server, says nothing new of a message that was refused afterwards. Delivered does."""
    return envio.state == EnvioState.ERROR and envio.message_id == message_id


def _advance(envio: Envio, receipt: Receipt, now: dt.datetime) -> None:
    """One step on the acknowledgement scale."""
    ack = _SCALE[receipt.kind]
    fields: dict[str, object] = {}
    if getattr(envio, _TIME_FIELD[ack]) is None:
        fields[_TIME_FIELD[ack]] = receipt.at
    if ack > envio.ack:
        fields["ack"] = ack
    if fields:
        Envio.objects.filter(pk=envio.pk).update(**fields)
        if "ack" in fields:
            totals.drop_groups_of(envio.campaign_id)
            rollups.changed([envio.sent_at], now=now)
        for name, value in fields.items():
            setattr(envio, name, value)


def _refuse_late(envio: Envio, receipt: Receipt, now: dt.datetime) -> None:
    """The gateway accepted it and WhatsApp refused it afterwards. Legal until it was delivered."""
    source = EnvioState(envio.state)
    if envio.ack >= Ack.DELIVERED or not _is_the_one(envio, receipt.message_id):
        return
    envio_states.move(
        envio.pk,
        source=source,
        target=EnvioState.ERROR,
        now=now,
        message_id=receipt.message_id,
        ended_at=now,
        lookup_due=None,
        error_code=(receipt.error_code or "LATE_REFUSAL")[:64],
        error_text=(receipt.error_text or _("WhatsApp lo rechazó después de aceptarlo."))[:300],
    )
    envio_states.record(
        [envio.pk],
        source=source,
        target=EnvioState.ERROR,
        evidence=Evidence.CALLBACK,
        now=now,
        reason=receipt.error_code,
    )
    if envio.is_reply and source == EnvioState.SENT:
        conversation_states.refused(envio.pk, now=now)
    envio.refresh_from_db()


def _is_the_one(envio: Envio, message_id: str) -> bool:
    """Whether the refusal of this message ends the envío: it is the one that was accepted, or the only one that may
    have left. Of several tries in doubt, another one may have arrived."""
    if envio.state == EnvioState.SENT:
        return envio.message_id == message_id
    if envio.state not in (EnvioState.SENDING, EnvioState.UNCERTAIN) or envio.dispatched_at is None:
        return False
    in_doubt = (AttemptOutcome.OPEN, AttemptOutcome.UNKNOWN)
    return Attempt.objects.filter(envio=envio, outcome__in=in_doubt).count() <= 1


def _alert_conflict(envio: Envio, before: EnvioState, now: dt.datetime) -> None:
    raise_alert(
        f"envio-conflict:{envio.pk}",
        title=_("Un envío que estaba %(state)s salió") % {"state": before.label.lower()},
        body=_(
            "El gateway probó que el envío #%(id)s llegó a salir. Revisa su historial: la persona pudo recibirlo "
            "dos veces."
        )
        % {"id": envio.pk},
        severity=Alert.Severity.WARNING,
        now=now,
    )
