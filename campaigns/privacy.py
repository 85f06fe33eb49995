"""Messages to and from a person, and the files that named them: told, or emptied with the ledger as it was.

States, times, acknowledgements and tries stay: what was sent was sent, and every count is the same afterwards.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import attempt_guard, envio_states
from campaigns.enums import ENVIO_OPEN, EnvioState, Evidence
from campaigns.models import (
    Attempt,
    Conversation,
    EarlyReceipt,
    Envio,
    EnvioEvent,
    PersonRest,
    RecipientImport,
    RefusedEvent,
    Reply,
)
from campaigns.querysets import EnvioQuerySet
from campaigns.withdrawals import withdraw_pending_of
from leadmaster.accounts.models import User
from leadmaster.directory.models import ErasedPhone, lid_keys
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.language import kept
from leadmaster.ops import rollups
from leadmaster.ops.privacy.part import TAKEN_OUT, NotNow, Part, Person, naming, scrub, told

_REASON = gettext_lazy("Se borraron los datos de la persona.")
_AT_WORK = (RecipientImport.State.UPLOADED, RecipientImport.State.QUEUED, RecipientImport.State.RUNNING)


class Messages(Part):
    columns: ClassVar = {
        "campaigns.envio": ("phone", "name", "variables", "text", "message_id", "error_text", "settled_reason"),
        "campaigns.envioevent": ("reason",),
        "campaigns.attempt": ("message_id", "detail"),
        "campaigns.reply": ("phone", "lid", "text", "message_id"),
        "campaigns.conversation": ("phone", "lid"),
        "campaigns.personrest": ("phone",),
        "campaigns.refusedevent": ("reason", "content"),
        "campaigns.earlyreceipt": ("message_id", "error_text"),
        "campaigns.recipientimport": ("file", "report"),
    }

    def export(self, person: Person) -> dict[str, list[dict[str, Any]]]:
        envios = _envios(person)
        return {
            "messages": told(envios, without=("token", "lease_until", "lane_id")),
            "message_history": told(EnvioEvent.objects.filter(envio__in=envios.values("pk"))),
            "attempts": told(Attempt.objects.filter(envio__in=envios.values("pk")), without=("token", "lane_id")),
            "replies": told(Reply.objects.filter(phone__in=person.phones)),
            "conversations": told(Conversation.objects.filter(phone__in=person.phones)),
            "rests": told(PersonRest.objects.filter(phone__in=person.phones)),
            "early_receipts": told(_early(person)),
            "refused_events": told(naming(RefusedEvent.objects.all(), person, "content", "reason")),
            "files": told(_files(person)),
        }

    def prepare(self, person: Person, *, by_id: int | None, now: dt.datetime) -> None:
        """What is pending is cancelled; what is going out at this moment is waited for."""
        _refuse_in_flight(person)
        by = User.objects.get(pk=by_id) if by_id else None

        def once() -> None:
            pairs = {
                (phone, owner)
                for phone, owner in _envios(person)
                .of_campaigns()
                .filter(state__in=ENVIO_OPEN)
                .values_list("phone", "campaign__owner")
            }
            with transaction.atomic(durable=True):
                withdraw_pending_of(pairs, by=by, now=now, reason=kept(_REASON))

        retrying(once)
        _refuse_in_flight(person)

    def erase(self, person: Person, *, by_id: int | None, now: dt.datetime) -> dict[str, int]:
        by = User.objects.get(pk=by_id) if by_id else None
        with attempt_guard.erasing():
            envios = list(_envios(person).order_by("id").select_for_update())
            if any(envio.state == EnvioState.SENDING for envio in envios):
                raise NotNow(_in_flight())
            ids = [envio.pk for envio in envios]
            _cancel_what_came_meanwhile(envios, by=by, now=now)
            attempts = _empty_attempts(ids, person)
            EnvioEvent.objects.filter(envio__in=ids).exclude(by=None).update(reason="")
            for envio in envios:
                Envio.objects.filter(pk=envio.pk).update(**_emptied(envio, person))
                envio_states.record(
                    [envio.pk],
                    source=EnvioState(envio.state),
                    target=EnvioState(envio.state),
                    evidence=Evidence.ERASED,
                    now=now,
                    by=by,
                    reason=kept(_REASON),
                )
            _tell_sums(person, envios, now=now)
            # Before their names are gone: who writes by a lid alone is known by it.
            conversations = _forget_conversations(person, now=now)
            replies = _empty_replies(person)
            rests, _by_model = PersonRest.objects.filter(phone__in=person.phones).delete()
            counts = {
                "messages": len(envios),
                "attempts": attempts,
                "replies": replies,
                "conversations": conversations,
                "rests": rests,
                "early_receipts": _early(person).delete()[0],
                "refused_events": scrub(
                    naming(RefusedEvent.objects.all(), person, "content", "reason"), person, "content", "reason"
                ),
            }
            files = list(_files_of_campaigns([envio.campaign_id for envio in envios if envio.campaign_id]))
            RecipientImport.objects.filter(pk__in=[record.pk for record in files]).update(file="", report="")
            # With the commit: a file that outlives it is found by nobody, and goes with the uploads that are too old.
            transaction.on_commit(lambda: _delete(files))
        return {**counts, "files": len(files)}


def _envios(person: Person) -> EnvioQuerySet:
    return Envio.objects.filter(phone__in=person.phones)


def _early(person: Person) -> QuerySet[EarlyReceipt]:
    found = naming(EarlyReceipt.objects.all(), person, "message_id", "error_text")
    return EarlyReceipt.objects.filter(pk__in=list(found.values_list("pk", flat=True)))


def _refuse_in_flight(person: Person) -> None:
    in_flight = _envios(person).filter(state=EnvioState.SENDING)
    if in_flight.filter(dispatched_at__isnull=False).exists():
        raise NotNow(_in_flight())


def _in_flight() -> str:
    return _("Un mensaje a esta persona está saliendo en este momento: vuelve a intentarlo en unos minutos.")


def _cancel_what_came_meanwhile(envios: list[Envio], *, by: User | None, now: dt.datetime) -> None:
    """An import may have added them between the withdrawal and this lock."""
    pending = [envio for envio in envios if envio.state == EnvioState.PENDING]
    source, target = EnvioState.PENDING, EnvioState.CANCELLED
    for envio in pending:
        envio_states.move(envio.pk, source=source, target=target, ended_at=now)
        envio.refresh_from_db(fields=["state"])
    envio_states.record(
        [envio.pk for envio in pending],
        source=source,
        target=target,
        evidence=Evidence.ERASED,
        now=now,
        by=by,
        reason=kept(_REASON),
    )


def _emptied(envio: Envio, person: Person) -> dict[str, Any]:
    """`phone` stays one of its campaign; ids of WhatsApp's that hold the number become ones that say nothing."""
    fields: dict[str, Any] = {
        "phone": f"{TAKEN_OUT}{envio.pk}",
        "name": "",
        "variables": {},
        "text": "",
        "error_text": "",
        "settled_reason": TAKEN_OUT if envio.settled_reason else "",
    }
    if envio.message_id and person.without(envio.message_id) != envio.message_id:
        fields["message_id"] = f"borrado:{envio.client_message_id}"
    return fields


def _tell_sums(person: Person, envios: list[Envio], *, now: dt.datetime) -> None:
    """Without a number nobody knows which words were answered, nor by which campaign they were asked for."""
    words = Reply.objects.filter(phone__in=person.phones).values_list("at", flat=True)
    rollups.changed([*words, *(envio.sent_at for envio in envios if envio.is_reply)], now=now)


def _empty_attempts(ids: list[int], person: Person) -> int:
    emptied = 0
    for attempt in Attempt.objects.filter(envio__in=ids).order_by("id").select_for_update():
        fields = {"detail": ""}
        if person.without(attempt.message_id) != attempt.message_id:
            fields["message_id"] = ""
        emptied += Attempt.objects.filter(pk=attempt.pk).update(**fields)
    return emptied


def _forget_conversations(person: Person, *, now: dt.datetime) -> int:
    """They hold no words, and nobody is left to attend to."""
    rows = Conversation.objects.filter(phone__in=person.phones)
    lids = {lid for lid in rows.values_list("lid", flat=True) if lid}
    lids |= {lid for lid in Reply.objects.filter(phone__in=person.phones).values_list("lid", flat=True) if lid}
    ErasedPhone.objects.bulk_create(
        [ErasedPhone(digest=lid_keys(lid)[0], erased_at=now) for lid in lids], ignore_conflicts=True
    )
    return rows.delete()[0]


def _empty_replies(person: Person) -> int:
    replies = list(Reply.objects.filter(phone__in=person.phones).order_by("id").select_for_update())
    for reply in replies:
        fields = {"phone": f"{TAKEN_OUT}{reply.pk}", "lid": "", "text": ""}
        if person.without(reply.message_id) != reply.message_id:
            fields["message_id"] = f"borrado:{reply.pk}"
        Reply.objects.filter(pk=reply.pk).update(**fields)
    return len(replies)


def _files(person: Person) -> QuerySet[RecipientImport]:
    """Files that brought them into a campaign, and reports that name them."""
    campaigns = _envios(person).of_campaigns().values_list("campaign_id", flat=True)
    return _files_of_campaigns(list(campaigns))


def _files_of_campaigns(campaigns: list[int]) -> QuerySet[RecipientImport]:
    kept_ones = RecipientImport.objects.filter(campaign__in=campaigns).exclude(state__in=_AT_WORK)
    return kept_ones.exclude(file="", report="").order_by("id")


def _delete(records: list[RecipientImport]) -> None:
    for record in records:
        for stored in (record.file, record.report):
            if stored:
                stored.delete(save=False)


PART = Messages()
