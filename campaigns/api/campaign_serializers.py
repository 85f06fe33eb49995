"""How a campaign reads and what may be written of it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from campaigns import official_template, versions
from campaigns.api.fields import VisibleSession
from campaigns.engine.plan import Standing
from campaigns.enums import EnvioState, WhyNot
from campaigns.lifecycle import TABLE, Verb, allowed_verbs
from campaigns.models import Campaign, CampaignEvent
from campaigns.models.campaign import LONGEST_PAUSE, MOST_IN_A_BURST
from campaigns.pacing import Pacing
from campaigns.progress import progress
from campaigns.rendering import TemplateError
from campaigns.template_checks import check_draft
from campaigns.variants.proposals import MOST as MOST_PROPOSALS
from leadmaster.accounts.current_user import current_user
from leadmaster.lib.api.serializers import ModelSerializer, Serializer

MAX_TEMPLATE = 10_000


class CountsSerializer(Serializer[Any]):
    """One number per state of an envío."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {state.value: serializers.IntegerField() for state in EnvioState}


class ProgressSerializer(Serializer[Any]):
    """`sent`, `server`, `delivered` and `read` are cumulative; `error_rate` is between 0 and 1."""

    total = serializers.IntegerField()
    done = serializers.IntegerField()
    percent_done = serializers.IntegerField(min_value=0, max_value=100)
    sent = serializers.IntegerField()
    server = serializers.IntegerField()
    delivered = serializers.IntegerField()
    read = serializers.IntegerField()
    error_rate = serializers.FloatField()
    counts = CountsSerializer()


class DayForecastSerializer(Serializer[Any]):
    day = serializers.DateField()
    count = serializers.IntegerField()


class ForecastSerializer(Serializer[Any]):
    """`sentence` says it in a line; `limits` says what it was calculated with. `held` says why nothing goes out for now,
    whatever `days` says; empty when the line sends.
    """

    remaining = serializers.IntegerField()
    finishes_on = serializers.DateField(allow_null=True)
    sentence = serializers.CharField()
    limits = serializers.CharField()
    held = serializers.CharField(allow_blank=True)
    days = DayForecastSerializer(many=True)


class WhyNotSerializer(Serializer[Any]):
    """`reason` is null when it may send now."""

    reason = serializers.ChoiceField(choices=WhyNot.choices, allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]  # the answer has a key of this name
    detail = serializers.CharField(allow_blank=True)
    until = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Standing) -> dict[str, Any]:
        return {**super().to_representation(instance), "reason": instance.reason.value if instance.reason else None}


class CampaignEventSerializer(ModelSerializer[CampaignEvent]):
    class Meta:
        model = CampaignEvent
        fields = ("id", "at", "by", "from_state", "to_state", "change", "reason")


class MessageSerializer(Serializer[Any]):
    template = serializers.CharField(max_length=MAX_TEMPLATE, trim_whitespace=False)


class OverlapSerializer(Serializer[Any]):
    """`elsewhere` is of the first `looked_at` who wait; `resting` of them all, the last of whom rests until `until`."""

    looked_at = serializers.IntegerField()
    elsewhere = serializers.IntegerField()
    resting = serializers.IntegerField()
    until = serializers.DateTimeField(allow_null=True)


class VarietySerializer(Serializer[Any]):
    """`texts` is 1 for a message that says the same to everybody."""

    texts = serializers.IntegerField()
    samples = serializers.ListField(child=serializers.CharField())


class WantedVariantsSerializer(Serializer[Any]):
    count = serializers.IntegerField(required=False, default=MOST_PROPOSALS, min_value=1, max_value=MOST_PROPOSALS)


class ProposalSerializer(Serializer[Any]):
    """`problem` says why it can't be accepted as it is; empty when it can."""

    text = serializers.CharField()
    problem = serializers.CharField(allow_blank=True)


class VariantsSerializer(Serializer[Any]):
    """`base` is the message that the texts were read against: what it said when they were proposed."""

    base = serializers.CharField(max_length=MAX_TEMPLATE, trim_whitespace=False)
    texts = serializers.ListField(
        child=serializers.CharField(max_length=MAX_TEMPLATE), min_length=1, max_length=MOST_PROPOSALS
    )


class PacingSerializer(Serializer[Any]):
    """What is left out stays as it is. `version` is the `pacing_version` of the campaign as you read it."""

    version = serializers.CharField(max_length=64)
    delay_min = serializers.IntegerField(required=False, min_value=0, max_value=LONGEST_PAUSE)
    delay_max = serializers.IntegerField(required=False, min_value=0, max_value=LONGEST_PAUSE)
    burst_size = serializers.IntegerField(required=False, min_value=0, max_value=MOST_IN_A_BURST)
    burst_pause = serializers.IntegerField(required=False, min_value=0, max_value=LONGEST_PAUSE)
    reason = serializers.CharField(max_length=300)


class CampaignSerializer(ModelSerializer[Campaign]):
    """Owner and team follow from whoever creates it and the session it goes out through."""

    session = VisibleSession()
    pacing_version = serializers.SerializerMethodField(help_text="Va en `version` de POST …/pacing/.")
    verbs = serializers.SerializerMethodField(help_text="Lo que su estado y tu rol permiten hacerle.")
    progress = serializers.SerializerMethodField()
    version = serializers.SerializerMethodField(
        help_text="Lo que leíste, con sus programaciones: va con `approve` y `reject`."
    )

    class Meta:
        model = Campaign
        fields = (
            "id", "name", "owner", "team", "session", "template", "official_name",
            "official_language", "official_parameters", "columns", "state", "verbs", "delay_min",
            "delay_max", "burst_size", "burst_pause", "pacing_version", "typing", "max_attempts", "keeps_off_holidays",
            "person_rest", "error_alert", "error_pause", "opt_out_pause", "canary_size", "seller_capacity",
            "created_at", "submitted_at", "approved_at", "approved_by", "launched_at", "ended_at", "progress", "version",
        )  # fmt: skip
        read_only_fields = (
            "owner", "team", "columns", "state", "created_at", "submitted_at", "approved_at", "approved_by",
            "launched_at", "ended_at",
        )  # fmt: skip
        extra_kwargs = {
            "template": {"max_length": MAX_TEMPLATE, "trim_whitespace": False},
            "official_parameters": {"max_length": MAX_TEMPLATE},
            "max_attempts": {"min_value": 1, "max_value": 20},
            "person_rest": {"max_value": 720},
            "error_alert": {"max_value": 100},
            "error_pause": {"max_value": 100},
            "opt_out_pause": {"max_value": 100},
            "canary_size": {"max_value": 100},
            "seller_capacity": {"max_value": 1000},
        }

    def get_pacing_version(self, campaign: Campaign) -> str:
        return Pacing.of(campaign).version

    def get_verbs(self, campaign: Campaign) -> list[str]:
        user = current_user(self.context["request"])
        return [
            verb.value for verb in allowed_verbs(campaign) if verb is not Verb.FINISH and user.has_perm(TABLE[verb][2])
        ]

    def get_progress(self, campaign: Campaign) -> dict[str, Any]:
        known = self.context.get("progress", {})
        return ProgressSerializer(known.get(campaign.pk) or progress(campaign)).data

    def get_version(self, campaign: Campaign) -> str:
        return versions.of_campaign(campaign)

    def validate_template(self, template: str) -> str:
        try:
            check_draft(template, columns=self.instance.columns if isinstance(self.instance, Campaign) else ())
        except TemplateError as error:
            raise serializers.ValidationError(str(error)) from error
        return template

    def _check_official(self, attrs: dict[str, Any]) -> None:
        before = self.instance if isinstance(self.instance, Campaign) else Campaign()
        names = ("official_name", "official_language", "official_parameters")
        if not attrs.keys().isdisjoint(names):
            written = [attrs.get(name, getattr(before, name)) for name in names]
            if found := official_template.problems(*written, columns=before.columns):
                raise serializers.ValidationError(found)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        low, high = (attrs.get(name, getattr(self.instance or Campaign(), name)) for name in ("delay_min", "delay_max"))
        if low > high:
            raise serializers.ValidationError(
                {"delay_max": _("La pausa máxima no puede ser menor que la mínima (%(low)d s).") % {"low": low}}
            )
        self._check_official(attrs)
        return attrs
