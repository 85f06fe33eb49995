"""Filters of the lists. Each stands on an index or on a page that is already narrow."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet

from campaigns.enums import Ack, AutomaticKind, CampaignState, EnvioState, ScheduleState
from campaigns.models import AutomaticAnswer, AutomaticRule, Campaign, Envio, RecipientImport, Schedule
from leadmaster.directory.models import Suppression
from leadmaster.lib.api.filters import ChoicesFilter, IdFilter


class CampaignFilter(django_filters.FilterSet):
    state = ChoicesFilter(choices=CampaignState.choices)
    session = IdFilter(field_name="session_id")
    owner = IdFilter(field_name="owner_id")

    class Meta:
        model = Campaign
        fields = ()


class ScheduleFilter(django_filters.FilterSet):
    campaign = IdFilter(field_name="campaign_id")
    state = ChoicesFilter(choices=ScheduleState.choices)

    class Meta:
        model = Schedule
        fields = ()


class ImportFilter(django_filters.FilterSet):
    campaign = IdFilter(field_name="campaign_id")

    class Meta:
        model = RecipientImport
        fields = ()


class PhoneFilter(django_filters.CharFilter):
    """E.164. In an address "+" reads as a space, so the plus sign may be left out."""

    def filter(self, rows: QuerySet[Envio], value: str) -> QuerySet[Envio]:
        digits = value.strip().removeprefix("+") if value else ""
        return rows.filter(phone=f"+{digits}") if digits else rows


class EnvioFilter(django_filters.FilterSet):
    campaign = IdFilter(field_name="campaign_id")
    state = ChoicesFilter(choices=EnvioState.choices)
    ack = ChoicesFilter(choices=Ack.choices)
    phone = PhoneFilter(max_length=20)

    class Meta:
        model = Envio
        fields = ()


class AutomaticRuleFilter(django_filters.FilterSet):
    team = IdFilter(field_name="team_id")
    session = IdFilter(field_name="session_id")
    kind = ChoicesFilter(choices=AutomaticKind.choices)

    class Meta:
        model = AutomaticRule
        fields = ()


class AutomaticAnswerFilter(django_filters.FilterSet):
    session = IdFilter(field_name="session_id")
    rule = IdFilter(field_name="rule_id")

    class Meta:
        model = AutomaticAnswer
        fields = ()


class SuppressionFilter(django_filters.FilterSet):
    phone = PhoneFilter(max_length=20)
    source = ChoicesFilter(choices=Suppression.Source.choices)

    class Meta:
        model = Suppression
        fields = ()
