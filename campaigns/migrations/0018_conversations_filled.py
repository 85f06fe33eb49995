"""Whoever wrote before has a conversation: that of the last two days waits for an answer, the rest is over."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import migrations
from django.db.models.functions import Coalesce
from django.utils import timezone

_BATCH = 1_000
_RECENT = dt.timedelta(days=2)
_SAID = ["enviado", "enviado_manual", "incierto", "historico"]


def fill(apps: Any, schema_editor: Any) -> None:
    Reply = apps.get_model("campaigns", "Reply")
    now, last = timezone.now(), 0
    while rows := list(Reply.objects.filter(id__gt=last).exclude(phone="").order_by("id")[:_BATCH]):
        last = rows[-1].pk
        _fill_some(apps, rows, now)


def _fill_some(apps: Any, rows: list[Any], now: dt.datetime) -> None:
    """Repeated, it finds what it made and leaves it as it is."""
    Conversation = apps.get_model("campaigns", "Conversation")
    phones = {row.phone for row in rows}
    sessions = {row.session_id for row in rows}
    known = {
        (row.session_id, row.phone): row for row in Conversation.objects.filter(session__in=sessions, phone__in=phones)
    }
    campaigns = _campaigns(apps, sessions, phones)
    made, touched = [], {}
    for row in sorted(rows, key=lambda reply: (reply.at, reply.pk)):
        who = (row.session_id, row.phone)
        found = known.get(who)
        if found is None:
            found = known[who] = Conversation(session_id=row.session_id, phone=row.phone, state="atendida", unread=0)
            found.last_at = row.at
            made.append(found)
        elif found.last_reply_id == row.pk or found.last_at > row.at:
            continue
        else:
            touched[who] = found
        found.last_at, found.last_reply_id, found.campaign_id = row.at, row.pk, campaigns.get(who)
        if row.at > now - _RECENT:
            since = found.waiting_since or row.at
            found.state, found.waiting_since, found.due_at = "por_atender", since, since
            found.unread += 1
    Conversation.objects.bulk_create(made)
    before = [row for row in touched.values() if row not in made]
    columns = ["state", "waiting_since", "due_at", "unread", "last_at", "last_reply", "campaign"]
    Conversation.objects.bulk_update(before, columns)


def _campaigns(apps: Any, sessions: set[int], phones: set[str]) -> dict[tuple[int, str], int]:
    """Whose message went out last to each of them."""
    Envio = apps.get_model("campaigns", "Envio")
    said = Envio.objects.filter(phone__in=phones, session__in=sessions, state__in=_SAID)
    went = Coalesce("sent_at", "dispatched_at", "created_at")
    rows = said.order_by(went, "id").values_list("session_id", "phone", "campaign_id")
    return {(session, phone): campaign for session, phone, campaign in rows}


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0017_conversations")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
