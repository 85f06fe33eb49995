"""How a message reads over the API, for every room that shows messages."""

from __future__ import annotations

from campaigns.models import Envio
from leadmaster.lib.api.serializers import ModelSerializer


class EnvioSerializer(ModelSerializer[Envio]):
    """One message to one person, as it went out or will."""

    class Meta:
        model = Envio
        fields = (
            "id", "campaign", "session", "phone", "name", "text", "state", "next_due", "attempts",
            "client_message_id", "message_id", "sent_at", "ack", "server_at", "delivered_at", "read_at", "ended_at",
            "error_code", "error_text", "settled_by", "settled_reason", "created_at",
        )  # fmt: skip
        read_only_fields = fields
