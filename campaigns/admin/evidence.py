"""What is known of one uncertain message: what we sent beside what anybody answered."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from campaigns.enums import EnvioState
from campaigns.models import Conversation, Envio
from whatsapp import sessions
from whatsapp.gateways.base import Capability


def evidence(envio: Envio) -> dict[str, Any]:
    """For `admin/campaigns/evidence.html`. Three queries."""
    chat = Conversation.objects.filter(session=envio.session_id, phone=envio.phone).values_list("pk", flat=True).first()
    return {
        "aside": "admin/campaigns/evidence.html",
        "envio": envio,
        "tries": list(envio.attempt_log.order_by("-id")),
        "events": list(envio.events.select_related("by").order_by("-id")),
        "chat": "" if chat is None else reverse("desk-conversation", args=[chat]),
        "may_ask": envio.state == EnvioState.UNCERTAIN and sessions.has_capability(envio.session, Capability.LOOKUP),
    }
