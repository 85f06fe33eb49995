"""What somebody wrote is kept, and then what follows from it: the campaign that they answer may stop by itself, and their
line may answer by itself."""

from __future__ import annotations

import datetime as dt
import logging

from campaigns import inbound
from campaigns.automatic.answering import consider
from campaigns.brakes import watch
from campaigns.models import Campaign, Conversation, Envio
from whatsapp.inbound import Inbound
from whatsapp.models import WhatsAppSession
from whatsapp.receipts import Preference

logger = logging.getLogger(__name__)


def hear(message: Inbound, *, session: WhatsAppSession, now: dt.datetime) -> Envio | None:
    """Keep it, and do what follows. Returns what the line answers by itself: the caller wakes the sender.

    Repetition changes nothing. What follows may fail without harm to what was kept.
    """
    received = inbound.receive(message, session=session, now=now)
    if received.heard is None or received.heard.reply is None:
        return None
    row, reply = received.heard.conversation, received.heard.reply
    row.session = session
    if received.asked:
        _look_at(row, now)
    try:
        return consider(row, reply, asked=received.asked, now=now)
    except Exception:
        logger.exception("conversation %s could not be answered by rule", row.pk)
        return None


def prefer(preference: Preference, *, session: WhatsAppSession, now: dt.datetime) -> None:
    """The same of what somebody told WhatsApp itself."""
    inbound.prefer(preference, session=session, now=now)
    if not preference.wants_messages:
        phones = inbound.spellings_of(preference.phone, session)
        _look_at(Conversation.objects.filter(session=session, phone__in=phones).first(), now)


def _look_at(answered: Conversation | None, now: dt.datetime) -> None:
    """Whether the campaign that they answered stops by itself."""
    if answered is None or answered.campaign_id is None:
        return
    campaign = Campaign.objects.running().select_related("session").filter(pk=answered.campaign_id).first()
    if campaign is not None:
        watch.heard_of(campaign, now)
