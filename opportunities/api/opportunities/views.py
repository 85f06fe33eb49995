"""Opportunities over the API: the list, the row, and what people ask about them."""

from __future__ import annotations

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from campaigns.models import Envio
from campaigns.serializers import EnvioSerializer
from leadmaster.accounts.current_user import current_user
from leadmaster.lib.ids import parse_id
from leadmaster.ops.idempotent_posts import IdempotentPosts
from opportunities.api.filters import OpportunityFilter
from opportunities.api.opportunities.list_base import Rows
from opportunities.api.opportunities.serializers import (
    EventSerializer,
    LineSerializer,
    OpportunityDetailSerializer,
    OpportunitySerializer,
)
from opportunities.api.opportunities.verbs import OpportunityVerbs
from opportunities.api.pages import Subpages
from opportunities.funnel.undo import is_own
from opportunities.models import Opportunity, OpportunityEvent
from opportunities.policy import SUPERVISE, WORK, require_supervisor, require_worker
from opportunities.queries.timeline import timeline
from opportunities.querysets import OpportunityQuerySet
from opportunities.scope import listed_for

VIEW = "opportunities.view_opportunity"
# The others ask for no contact, or for those of their page; verbs read the row again, locked.
_WITH_PEOPLE = frozenset({"retrieve", "timeline", "messages"})


class OpportunityViewSet(
    IdempotentPosts,
    Subpages,
    OpportunityVerbs,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    Rows,
):
    """Oportunidades: un cliente que alguien trabaja, con su etapa, su plazo y su historia."""

    filterset_class = OpportunityFilter
    # Verbs open transactions of their own.
    undone_by_crash: ClassVar[frozenset[str]] = frozenset()
    needs: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("list", "retrieve", "history", "timeline", "messages"), VIEW),
        **dict.fromkeys(("move", "sale", "undo_step", "note", "extend", "contact", "remind"), WORK),
        **dict.fromkeys(("reassign", "return_to_pool", "close", "give_back", "correct_sale", "annul_sale"), SUPERVISE),
    }

    def get_queryset(self) -> OpportunityQuerySet:
        if self.action == "list":
            return listed_for(current_user(self.request), self.desk)
        rows = Opportunity.objects.visible_to(self.request.user)
        number = parse_id(self.kwargs["pk"]) if self.action == "undo_step" else None
        if number is not None and is_own(number, current_user(self.request)):
            # What went to the pool is out of sight, and its step is still theirs to take back.
            rows = Opportunity.objects.filter(pk=number)
        return rows.with_people() if self.action in _WITH_PEOPLE else rows.select_related("owner")

    def require_allowed(self, row: Opportunity) -> None:
        if self.action == "undo_step":
            # It may have left their hands with that very step: the operation asks whose it was.
            return
        need, user = self.needs[self.action], current_user(self.request)
        if need == SUPERVISE:
            require_supervisor(user, row)
        elif need == WORK:
            require_worker(user, row)

    def get_serializer_class(self) -> type[BaseSerializer[Opportunity]]:
        return OpportunityDetailSerializer if self.action == "retrieve" else OpportunitySerializer

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row: Opportunity = self.get_object()
        self._prepared = self.prepare([row])
        return Response(self.get_serializer(row).data)

    @extend_schema(responses=EventSerializer(many=True), filters=False)
    @action(detail=True)
    def history(self, request: Request, pk: str) -> Response:
        """Cada cambio: quién, cuándo, de dónde a dónde y por qué. El más nuevo primero."""
        events = OpportunityEvent.objects.filter(opportunity=self.get_object()).select_related("by")
        return self.page_of(events, EventSerializer)

    @extend_schema(responses=LineSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None)
    def timeline(self, request: Request, pk: str) -> Response:
        """Lo último de la historia y de los mensajes, en palabras, como en la pantalla."""
        return Response(LineSerializer(timeline(self.get_object(), viewer=current_user(request)), many=True).data)

    @extend_schema(responses=EnvioSerializer(many=True), filters=False)
    @action(detail=True)
    def messages(self, request: Request, pk: str) -> Response:
        """Los envíos de campañas que puedes ver a los teléfonos de su cliente."""
        row: Opportunity = self.get_object()
        phones = [point.normalised for point in row.client.contacts.all() if point.is_valid and point.normalised]
        return self.page_of(Envio.objects.visible_to(current_user(request)).filter(phone__in=phones), EnvioSerializer)
