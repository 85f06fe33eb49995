"""How an opportunity reads: the row, whom to reach, what happened, where it ended up after a verb."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from leadmaster.directory.models import Client
from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from opportunities.clocks.countdown import calendar_of, is_overdue, seconds_left
from opportunities.funnel import moves
from opportunities.models import (
    ContactAttempt,
    Opportunity,
    OpportunityEvent,
    Promoter,
    Reminder,
    Sale,
    Stage,
    StageRoute,
)
from opportunities.queries.contacts import reach
from opportunities.state.before import told


class ClientFactsSerializer(ModelSerializer[Client]):
    """Who it is and where; how to reach them is `reach`."""

    class Meta:
        model = Client
        fields = ("id", "name", "last_names", "province", "city", "agreement", "client_type", "registered_on")


class PhoneSerializer(Serializer[Any]):
    """`chat` opens WhatsApp with the stage's message; empty for numbers that asked us not to write (`silenced`)."""

    e164 = serializers.CharField()
    pretty = serializers.CharField()
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # the answer has a key of this name
    chat = serializers.CharField(allow_blank=True)
    silenced = serializers.BooleanField()


class ReachSerializer(Serializer[Any]):
    """Phones and mails in the order in which to try them; `unusable` is what the source wrote that is neither."""

    phones = PhoneSerializer(many=True)
    mails = serializers.ListField(child=serializers.CharField())
    unusable = serializers.ListField(child=serializers.CharField(allow_blank=True))

    def to_representation(self, instance: Opportunity) -> dict[str, Any]:
        """Bound once for the whole page: a serializer of its own for each row took half of a list's time."""
        found = reach(instance, sender=self.context["sender"], silenced=self.context["silenced"])
        return super().to_representation(found)


class StageNameSerializer(ModelSerializer[Stage]):
    class Meta:
        model = Stage
        fields = ("id", "name", "type", "colour")


class OwnerSerializer(ModelSerializer[Promoter]):
    name = serializers.CharField(source="user.get_full_name")

    class Meta:
        model = Promoter
        fields = ("id", "user", "name")


class PlaceSerializer(ModelSerializer[Opportunity]):
    """Where an opportunity is: what a verb answers."""

    overdue = serializers.SerializerMethodField(help_text="Si su plazo ya venció, haya pasado o no el cron.")

    class Meta:
        model = Opportunity
        fields = (
            "id", "version", "state", "stage", "owner", "team", "lot", "stage_since", "state_since", "deadline",
            "overdue", "paused_seconds", "held_until", "extended", "attempts", "exit_reason",
        )  # fmt: skip
        read_only_fields = fields

    def get_overdue(self, row: Opportunity) -> bool:
        return is_overdue(row, self.context["now"])


class LastContactSerializer(ModelSerializer[ContactAttempt]):
    class Meta:
        model = ContactAttempt
        fields = ("id", "channel", "at", "outcome", "by")


class NextReminderSerializer(ModelSerializer[Reminder]):
    class Meta:
        model = Reminder
        fields = ("id", "version", "due_at", "note", "holds")


class OpportunitySerializer(PlaceSerializer):
    """`deadline` is an instant; while an absence stops the clock it is null and `paused_seconds` says what is left."""

    client = ClientFactsSerializer()
    reach = ReachSerializer(source="*", read_only=True)
    stage = StageNameSerializer(allow_null=True)
    owner = OwnerSerializer(allow_null=True)
    last_contact = serializers.SerializerMethodField()
    next_reminder = serializers.SerializerMethodField()

    class Meta(PlaceSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *PlaceSerializer.Meta.fields, "client", "reach", "origin", "data", "created_at", "last_contact",
            "next_reminder",
        )  # fmt: skip
        read_only_fields = fields  # type: ignore[assignment]

    @extend_schema_field(LastContactSerializer(allow_null=True))
    def get_last_contact(self, row: Opportunity) -> Any:
        found = self.context["contacts"].get(row.pk)
        return LastContactSerializer(found).data if found is not None else None

    @extend_schema_field(NextReminderSerializer(allow_null=True))
    def get_next_reminder(self, row: Opportunity) -> Any:
        found = self.context["reminders"].get(row.pk)
        return NextReminderSerializer(found).data if found is not None else None


class SaleSerializer(ModelSerializer[Sale]):
    class Meta:
        model = Sale
        fields = ("id", "opportunity", "promoter", "amount", "product", "reference", "at", "by")


class StepSerializer(Serializer[Any]):
    """A stage that may follow, and what it asks for."""

    stage = StageNameSerializer()
    needs_reason = serializers.BooleanField()
    required_fields = serializers.ListField(child=serializers.CharField())


class OpportunityDetailSerializer(OpportunitySerializer):
    """With what may come next, the sale if there is one, and the operating time left."""

    sale = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField()
    seconds_left = serializers.SerializerMethodField(help_text="Segundos de horario de atención hasta el plazo.")

    class Meta(OpportunitySerializer.Meta):
        fields = (*OpportunitySerializer.Meta.fields, "sale", "steps", "seconds_left")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    @extend_schema_field(SaleSerializer(allow_null=True))
    def get_sale(self, row: Opportunity) -> Any:
        sale = getattr(row, "sale", None)
        return SaleSerializer(sale).data if sale else None

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, row: Opportunity) -> Any:
        routes = StageRoute.objects.filter(from_stage=row.stage_id, needs_reason=True)
        reasons = set(routes.values_list("to_stage_id", flat=True))
        steps = [
            {"stage": stage, "needs_reason": stage.pk in reasons, "required_fields": stage.required_fields}
            for stage in moves.allowed_stages(row)
        ]
        return StepSerializer(steps, many=True).data

    @extend_schema_field(serializers.IntegerField(min_value=0, allow_null=True))
    def get_seconds_left(self, row: Opportunity) -> int | None:
        if row.deadline is None and row.paused_seconds is None:
            return None
        return seconds_left(row, calendar=calendar_of(row), now=self.context["now"])


class EventSerializer(ModelSerializer[OpportunityEvent]):
    """One line of history. `by` is null for the system."""

    by_name = serializers.SerializerMethodField()
    data = serializers.SerializerMethodField()  # type: ignore[assignment]  # the answer has a key of this name

    class Meta:
        model = OpportunityEvent
        fields = (
            "id", "kind", "at", "by", "by_name", "from_state", "to_state", "from_stage", "to_stage", "from_owner",
            "to_owner", "reason", "data",
        )  # fmt: skip

    def get_by_name(self, event: OpportunityEvent) -> str:
        return str(event.by) if event.by else ""

    def get_data(self, event: OpportunityEvent) -> dict[str, Any]:
        return told(event.data)


class LineSerializer(Serializer[Any]):
    """History and messages in people's words, as the page shows them."""

    at = serializers.DateTimeField()
    what = serializers.CharField()
    who = serializers.CharField(allow_blank=True)
    words = serializers.CharField(allow_blank=True)
    tone = serializers.CharField()
    from_client = serializers.BooleanField(help_text="Si lo dijo el cliente.")
