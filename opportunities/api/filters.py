"""Filters of the desk's lists."""

from __future__ import annotations

from typing import ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters

from leadmaster.accounts.current_user import current_user
from leadmaster.directory.enums import Availability
from leadmaster.directory.facets import FACETS
from leadmaster.lib.api.filters import BooleanFilter, ChoicesFilter, IdFilter
from opportunities.enums import OpportunityState, Origin
from opportunities.models import Absence, BulkAction, DailyQuota, Lot, Opportunity, Promoter, Stage, StageRoute
from opportunities.policy import SUPERVISE
from opportunities.queries.regions import region_of
from opportunities.queries.search import of_clients, search_condition
from opportunities.queries.worklist import matching
from opportunities.querysets import OpportunityQuerySet
from opportunities.scope import own_desk

_LONGEST_SEARCH = 80


class QueueFilter(django_filters.FilterSet):
    """What inbox and pool are narrowed by. Give subclasses the `availability` that their rows' clients have."""

    availability: ClassVar[Availability]
    team = IdFilter(field_name="team_id")
    province = filters.CharFilter(method="by_client", max_length=80)
    city = filters.CharFilter(method="by_client", max_length=80)
    agreement = filters.CharFilter(method="by_client", max_length=80)
    client_type = filters.CharFilter(method="by_client", max_length=40)

    class Meta:
        model = Opportunity
        fields = ()

    def by_client(self, rows: OpportunityQuerySet, _name: str, _value: str) -> OpportunityQuerySet:
        """Nothing yet: all of the client's facets are asked together."""
        return rows

    def filter_queryset(self, queryset: OpportunityQuerySet) -> OpportunityQuerySet:
        rows: OpportunityQuerySet = super().filter_queryset(queryset)
        asked = self.form.cleaned_data
        chosen = {name: asked[name] for name in FACETS if asked[name]}
        return of_clients(rows, chosen, availability=self.availability)


class PoolFilter(QueueFilter):
    availability = Availability.POOL


class InboxFilter(QueueFilter):
    availability = Availability.TAKEN
    owner = IdFilter(field_name="owner_id")


class OpportunityFilter(django_filters.FilterSet):
    state = ChoicesFilter(choices=OpportunityState.choices)
    stage = IdFilter(field_name="stage_id")
    owner = IdFilter(field_name="owner_id", help_text="El promotor.")
    team = IdFilter(field_name="team_id")
    lot = IdFilter(field_name="lot_id")
    client = IdFilter(field_name="client_id")
    origin = filters.ChoiceFilter(choices=Origin.choices)
    overdue = BooleanFilter(
        method="by_clock", help_text="De las activas: si su plazo venció a esta hora, haya pasado o no el cron."
    )
    search = filters.CharFilter(
        method="by_person",
        max_length=_LONGEST_SEARCH,
        help_text="Un teléfono como se escriba, o palabras del nombre; para supervisores, desde su comienzo.",
    )

    class Meta:
        model = Opportunity
        fields = ()

    def by_clock(self, rows: OpportunityQuerySet, _name: str, value: bool) -> OpportunityQuerySet:  # noqa: FBT001 - the library's
        now = timezone.now()
        return rows.overdue(now) if value else rows.on_time(now)

    def by_person(self, rows: OpportunityQuerySet, _name: str, value: str) -> OpportunityQuerySet:
        search = " ".join(value.split())
        if not search or self.request is None:
            return rows
        user = current_user(self.request)
        if user.has_perm(SUPERVISE):
            return rows.filter(search_condition(search)[0])
        return rows.filter(matching(search, region=region_of(own_desk(user))))


class LotFilter(django_filters.FilterSet):
    promoter = IdFilter(field_name="promoter_id")
    team = IdFilter(field_name="team_id")
    day = filters.DateFilter()

    class Meta:
        model = Lot
        fields = ()


class QuotaFilter(django_filters.FilterSet):
    promoter = IdFilter(field_name="promoter_id")
    day = filters.DateFilter()

    class Meta:
        model = DailyQuota
        fields = ()


class PromoterFilter(django_filters.FilterSet):
    team = IdFilter(field_name="desk__team_id")
    available = BooleanFilter()

    class Meta:
        model = Promoter
        fields = ()


class AbsenceFilter(django_filters.FilterSet):
    promoter = IdFilter(field_name="promoter_id")
    on = filters.DateFilter(method="covering", help_text="Ausencias que incluyen este día.")

    class Meta:
        model = Absence
        fields = ()

    def covering(self, rows: QuerySet[Absence], _name: str, value: object) -> QuerySet[Absence]:
        return rows.filter(starts_on__lte=value, ends_on__gte=value)


class StageFilter(django_filters.FilterSet):
    active = BooleanFilter()

    class Meta:
        model = Stage
        fields = ()


class RouteFilter(django_filters.FilterSet):
    from_stage = IdFilter(field_name="from_stage_id")
    to_stage = IdFilter(field_name="to_stage_id")

    class Meta:
        model = StageRoute
        fields = ()


class BulkFilter(django_filters.FilterSet):
    kind = filters.ChoiceFilter(choices=BulkAction.Kind.choices)

    class Meta:
        model = BulkAction
        fields = ()
