"""Events that a gateway sent and that could not be taken: kept for whoever mends the gateway, and told once a line."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from campaigns.models import RefusedEvent
from leadmaster.lib.db.retry import retrying
from leadmaster.lib.language import in_project_language
from leadmaster.ops.alerts import raise_alert
from leadmaster.ops.models import Alert
from whatsapp.models import WhatsAppSession
from whatsapp.receipts import BadEvent

# Of each line. A gateway that gets every event wrong fills no disk.
MOST_KEPT = 500


def keep(event: BadEvent, *, session: WhatsAppSession, now: dt.datetime) -> None:
    """Keep one event and tell about its line. The same one again counts on it."""
    retrying(lambda: _keep(event, session, now))


@transaction.atomic(durable=True)
@in_project_language
def _keep(event: BadEvent, session: WhatsAppSession, now: dt.datetime) -> None:
    fingerprint = hashlib.sha256(event.raw.encode("utf-8", "replace")).hexdigest()
    mine = RefusedEvent.objects.filter(session=session)
    if mine.filter(fingerprint=fingerprint).update(count=F("count") + 1, received_at=now):
        return
    row = RefusedEvent(
        session=session, fingerprint=fingerprint, reason=event.reason[:300], content=event.raw, received_at=now
    )
    RefusedEvent.objects.bulk_create([row], ignore_conflicts=True)
    surplus = list(mine.order_by("-id").values_list("id", flat=True)[MOST_KEPT : MOST_KEPT + 100])
    RefusedEvent.objects.filter(id__in=surplus).delete()
    raise_alert(
        f"callback-refused:{session.pk}",
        title=_("El gateway de “%(name)s” manda avisos que no se entienden") % {"name": session.name},
        body=_("El último: %(reason)s. Se guardan en “Avisos que no se pudieron tomar”; los demás se aplicaron.")
        % {"reason": event.reason[:200]},
        severity=Alert.Severity.WARNING,
        now=now,
    )
