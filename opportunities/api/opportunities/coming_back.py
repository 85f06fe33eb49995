"""How calls, chats and reminders read over the API, and what asks for one."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from opportunities.api.fields import PromoterField, VersionSerializer
from opportunities.enums import ContactChannel, ContactOutcome, ReminderState
from opportunities.models import ContactAttempt, Reminder
from opportunities.models.contact import LONGEST_NOTE

TOLD = [choice for choice in ContactOutcome.choices if choice[0] != ContactOutcome.PENDING]


class ReminderSerializer(ModelSerializer[Reminder]):
    """Of an opportunity or of a conversation. `due`: it is pending and its hour has come. `handed_from` is whose it was
    before its opportunity changed hands.
    """

    due = serializers.SerializerMethodField()

    class Meta:
        model = Reminder
        fields = (
            "id", "version", "opportunity", "conversation", "team", "whom", "set_by", "set_at", "due_at", "due", "note",
            "holds", "state", "postponed", "handed_from", "closed_at", "closed_by",
        )  # fmt: skip
        read_only_fields = fields

    def get_due(self, row: Reminder) -> bool:
        return row.state == ReminderState.PENDING and row.due_at <= timezone.now()


class NewReminderSerializer(Serializer[Any]):
    due_at = serializers.DateTimeField()
    note = serializers.CharField(max_length=LONGEST_NOTE, required=False, allow_blank=True, default="")


class OpportunityReminderSerializer(NewReminderSerializer):
    """`holds`: the client asked for this date, and the stage's timer waits for it, as far as the stage admits."""

    holds = serializers.BooleanField(required=False, default=False)


class ConversationReminderSerializer(NewReminderSerializer):
    """`promoter` null: oneself."""

    promoter = PromoterField(required=False, allow_null=True, default=None)


class PostponeSerializer(VersionSerializer):
    until = serializers.DateTimeField()


class ContactSerializer(ModelSerializer[ContactAttempt]):
    """`outcome` is `sin_resultado` until somebody tells; `told_at` is when they first did."""

    by_name = serializers.SerializerMethodField()

    class Meta:
        model = ContactAttempt
        fields: tuple[str, ...] = (
            "id", "opportunity", "by", "by_name", "channel", "phone", "at", "outcome", "told_at", "note",
        )  # fmt: skip
        read_only_fields = fields

    def get_by_name(self, row: ContactAttempt) -> str:
        return str(row.by)


class PressSerializer(Serializer[Any]):
    """Without `outcome` it is a press alone; with it also what came of it, with a note and a reminder, all or nothing."""

    channel = serializers.ChoiceField(choices=ContactChannel.choices)
    phone = serializers.CharField(max_length=20, help_text="Uno del cliente, en E.164.")
    outcome = serializers.ChoiceField(choices=TOLD, required=False)
    note = serializers.CharField(max_length=LONGEST_NOTE, required=False, allow_blank=True, default="")
    remind_at = serializers.DateTimeField(required=False, help_text="Un recordatorio, con la nota.")
    holds = serializers.BooleanField(required=False, default=False, help_text="El cliente pidió esa fecha.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return require_outcome(attrs)


class ResultSerializer(Serializer[Any]):
    outcome = serializers.ChoiceField(choices=TOLD)
    note = serializers.CharField(max_length=LONGEST_NOTE, required=False, allow_blank=True, default="")


class PressedSerializer(ContactSerializer):
    """The attempt, and the reminder that came with it."""

    reminder = serializers.SerializerMethodField()

    class Meta(ContactSerializer.Meta):
        fields = (*ContactSerializer.Meta.fields, "reminder")
        read_only_fields = fields

    @extend_schema_field(ReminderSerializer(allow_null=True))
    def get_reminder(self, row: ContactAttempt) -> Any:
        made = getattr(row, "reminder", None)
        return ReminderSerializer(made, context=self.context).data if made is not None else None


def require_outcome(given: dict[str, Any]) -> dict[str, Any]:
    """A note and a reminder come with a result."""
    if "outcome" in given:
        return given
    stray = [name for name in ("note", "remind_at", "holds") if given.get(name)]
    if stray:
        raise serializers.ValidationError(dict.fromkeys(stray, "Va con el resultado: manda también «outcome»."))
    return given
