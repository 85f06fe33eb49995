"""What somebody wrote is kept, and then what follows from it: the campaign that they answer may be stopped."""

from __future__ import annotations

import datetime as dt

from campaigns import inbound
from campaigns.brakes import watch
from campaigns.inbound import Received
from campaigns.models import Campaign, Conversation
from whatsapp.inbound import Inbound
from whatsapp.models import WhatsAppSession
from whatsapp.receipts import Preference


def hear(message: Inbound, *, session: WhatsAppSession, now: dt.datetime) -> Received:
    """Keep it, and look at what follows. What follows can fail without harm to what was kept."""
    received = inbound.receive(message, session=session, now=now)
    if received.asked and received.heard is not None and received.heard.reply is not None:
        _look_at(received.heard.conversation, now)
    return received


def prefer(preference: Preference, *, session: WhatsAppSession, now: dt.datetime) -> None:
    """The same of what somebody told WhatsApp itself."""
    inbound.prefer(preference, session=session, now=now)
    if not preference.wants_messages:
        phones = inbound.spellings_of(preference.phone, session)
        _look_at(Conversation.objects.filter(session=session, phone__in=phones).first(), now)


def _look_at(answered: Conversation | None, now: dt.datetime) -> None:
    """Whether the campaign that they answered stops by itself."""
    campaign_id = answered.campaign_id if answered is not None else None
    campaign = Campaign.objects.running().select_related("session").filter(pk=campaign_id).first()
    if campaign is not None:
        watch.heard_of(campaign, now)
