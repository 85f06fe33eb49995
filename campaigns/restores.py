"""After a restore: which machines have to report their journals, and what a person says about one that is lost."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from campaigns import switch
from campaigns.errors import Incomplete, NotAllowed, WrongState
from campaigns.models import DatabaseIdentity, JournalReport, Restore, Sender
from leadmaster.accounts.models import User
from leadmaster.lib.language import in_project_language
from leadmaster.ops.alerts import raise_alert
from leadmaster.ops.models import Alert

ALERT_KEY = "database-restored"
# A machine that was silent for so long before the newest sign of any is not waited for.
_REMEMBERED = dt.timedelta(days=90)


def wait_for_others() -> None:
    """One restore is noticed at a time. Runs in the caller's transaction, which it makes the others wait for."""
    DatabaseIdentity.objects.select_for_update().filter(pk=1).first()


def open_or_join(sender: Sender, *, named: Collection[uuid.UUID], now: dt.datetime) -> JournalReport:
    """The report that this machine owes to the restore that is being looked into, which may begin here.

    `named` are senders that a journal knows of: the backup may be older than they are.
    """
    waiting = JournalReport.objects.awaited().order_by("-restore_id").first()
    if waiting is not None:
        report, _made = JournalReport.objects.get_or_create(restore_id=waiting.restore_id, sender=sender)
        return report
    reason = _("El diario de %(name)s sabe de envíos que la base no conoce.") % {"name": sender.name}
    restore = _begin(reason, named=named, now=now)
    return JournalReport.objects.get(restore=restore, sender=sender)


def report(reports: Collection[JournalReport], *, parked: int, forgotten: int, now: dt.datetime) -> None:
    """This machine's journal was read whole. Sending is off from here on, whatever was found."""
    for one in reports:
        JournalReport.objects.filter(pk=one.pk).update(reported_at=now, parked=one.parked + parked)
    _stop(now)
    _tell(parked=parked, unknown=forgotten - parked, now=now)


@transaction.atomic(durable=True)
def declare_restored(*, by: User | None, reason: str, now: dt.datetime) -> Restore:
    """The database came back from a backup: nothing is sent until every machine has reported.

    A person says so, or (`by=None`) what brought it back: it may know nobody of today's people.
    """
    if by is not None:
        _require(by)
    wait_for_others()
    restore = _begin(_reason(reason), named=(), now=now)
    _stop(now)
    _tell(parked=0, unknown=0, now=now)
    return restore


@transaction.atomic(durable=True)
def declare_lost(report: JournalReport, *, by: User, reason: str, now: dt.datetime) -> None:
    """A named person says that this machine's journal will not come back. What it sent since the backup may go again.

    Raises NotAllowed, Incomplete (no reason) or WrongState (reported or given up meanwhile).
    """
    _require(by)
    reason = _reason(reason)
    waiting = JournalReport.objects.awaited().filter(pk=report.pk)
    if not waiting.update(lost_at=now, lost_by=by, lost_reason=reason):
        raise WrongState(_("Ese diario ya se leyó, o alguien ya lo dio por perdido. Actualiza la página."))


def names_awaited() -> list[str]:
    """The machines whose journals are missing."""
    return sorted(set(JournalReport.objects.awaited().values_list("sender__name", flat=True)))


# --- Private ---------------------------------------------------------------------------------------------------------


def _begin(reason: str, *, named: Collection[uuid.UUID], now: dt.datetime) -> Restore:
    known = set(Sender.objects.filter(key__in=named).values_list("key", flat=True))
    for key in sorted(set(named) - known, key=str):
        name = _("equipo que el respaldo no conoce (%(key)s)") % {"key": str(key)[:8]}
        Sender.objects.create(key=key, name=name, first_seen_at=now, last_seen_at=now)
    newest = Sender.objects.aggregate(at=Max("last_seen_at"))["at"]
    restore = Restore.objects.create(detected_at=now, reason=reason[:300])
    if newest is not None:
        owing = Sender.objects.filter(last_seen_at__gte=newest - _REMEMBERED)
        JournalReport.objects.bulk_create(JournalReport(restore=restore, sender=sender) for sender in owing)
    return restore


@in_project_language
def _stop(now: dt.datetime) -> None:
    if switch.was_turned_off():
        return
    reason = _("La base volvió de un respaldo. Revisa los inciertos y enciende los envíos cuando estén resueltos.")
    switch.turn(on=False, by=None, now=now, reason=reason)


@in_project_language
def _tell(*, parked: int, unknown: int, now: dt.datetime) -> None:
    sentences = [
        _(
            "%(count)d envíos pudieron haber salido después del respaldo y quedaron como inciertos. Los envíos "
            "automáticos están apagados hasta que una persona los encienda."
        )
        % {"count": parked}
    ]
    if unknown:
        sentences.append(
            _(
                "Otros %(count)d mensajes salieron de campañas que el respaldo no tiene: a esas personas no les vuelve "
                "a salir el mismo texto por sí solo."
            )
            % {"count": unknown}
        )
    if names := names_awaited():
        sentences.append(
            _("Falta leer el diario de: %(names)s. Enciende esos equipos, o da su diario por perdido.")
            % {"names": ", ".join(names)}
        )
    raise_alert(
        ALERT_KEY,
        title=_("La base de datos volvió de un respaldo"),
        body=" ".join(sentences),
        severity=Alert.Severity.CRITICAL,
        now=now,
    )


def _require(by: User) -> None:
    if not by.has_perm("campaigns.switch_sender"):
        raise NotAllowed(_("No tienes permiso para apagar o encender los envíos."))


def _reason(reason: str) -> str:
    reason = reason.strip()[:300]
    if not reason:
        raise Incomplete(_("Escribe el motivo: queda en el historial."))
    return reason
