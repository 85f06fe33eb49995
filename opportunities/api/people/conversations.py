"""Conversations over the API: who waits for an answer, what was said, and what is done about it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.viewsets import GenericViewSet

from campaigns.conversations import history, thread, words_of
from campaigns.models import Conversation, ConversationEvent, Envio
from campaigns.replying import LONGEST, Seen, seen_of
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.permissions import RolePermission
from leadmaster.lib.api.filters import BooleanFilter, IdFilter
from leadmaster.lib.api.serializers import ModelSerializer, Serializer
from leadmaster.ops.idempotent_posts import IdempotentPosts
from opportunities.api.fields import KEY, PromoterField, VersionSerializer, key_of
from opportunities.api.opportunities.coming_back import ConversationReminderSerializer, ReminderSerializer
from opportunities.api.opportunities.serializers import PlaceSerializer
from opportunities.assignment import answering
from opportunities.policy import WORK
from opportunities.queries.conversations import Person, View, people, unclaimed, viewed
from opportunities.scope import conversations_of
from opportunities.timers import reminders

VIEW = "opportunities.view_opportunity"


class ConversationFilter(django_filters.FilterSet):
    view = filters.ChoiceFilter(
        choices=[(view.value, view.value) for view in View],
        method="by_view",
        help_text="Por defecto, todas. `por_atender`: también lo pospuesto cuya hora llegó.",
    )
    session = IdFilter(field_name="session_id", help_text="La línea.")
    campaign = IdFilter(field_name="campaign_id", help_text="La última que le había escrito cuando respondió.")
    assigned_to = IdFilter(field_name="assigned_to_id", help_text="La persona que la atiende.")
    without_opportunity = BooleanFilter(method="by_work", help_text="true: solo de quienes nadie trabaja.")

    class Meta:
        model = Conversation
        fields = ()

    def by_view(self, rows: QuerySet[Conversation], _name: str, value: str) -> QuerySet[Conversation]:
        return viewed(rows, View(value), timezone.now())

    def by_work(self, rows: QuerySet[Conversation], _name: str, value: bool) -> QuerySet[Conversation]:  # noqa: FBT001 - the library's
        return unclaimed(rows) if value else rows


class ConversationSerializer(ModelSerializer[Conversation]):
    """`phone` or `lid` may be null, not both. `due_at` is from when on it is somebody's turn; null once it is attended to.
    `words` is the last that they wrote, whole. `opportunity` is the open one of their client, null where there is none.
    """

    name = serializers.SerializerMethodField()
    words = serializers.SerializerMethodField()
    opportunity = serializers.SerializerMethodField()

    class Meta:
        model = Conversation
        fields: tuple[str, ...] = (
            "id", "version", "session", "phone", "lid", "name", "campaign", "opportunity", "state", "unread",
            "waiting_since", "due_at", "handled_at", "handled_by", "assigned_to", "last_at", "words",
        )  # fmt: skip
        read_only_fields = fields

    def get_name(self, row: Conversation) -> str:
        return self._person(row).name

    def get_words(self, row: Conversation) -> str:
        return words_of(row.last_reply) if row.last_reply else ""

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_opportunity(self, row: Conversation) -> int | None:
        return self._person(row).opportunity_id

    def _person(self, row: Conversation) -> Person:
        person: Person = self.context["people"][row.pk]
        return person


class MessageSerializer(Serializer[Any]):
    """`ours`: it went out from the line. `media` names what is no text; `text` is then its caption. `standing` is how far
    a message of ours got, in words.
    """

    ours = serializers.BooleanField()
    at = serializers.DateTimeField()
    title = serializers.CharField()
    text = serializers.CharField(allow_blank=True)
    media = serializers.CharField(allow_blank=True)
    standing = serializers.CharField(allow_blank=True)


class ConversationDetailSerializer(ConversationSerializer):
    """With its last two hundred messages, the oldest first."""

    seen = serializers.SerializerMethodField(help_text="Va con la respuesta: hasta dónde se leyó.")
    messages = serializers.SerializerMethodField()

    class Meta(ConversationSerializer.Meta):
        fields = (*ConversationSerializer.Meta.fields, "seen", "messages")
        read_only_fields = fields

    def get_seen(self, row: Conversation) -> str:
        return str(seen_of(row))

    @extend_schema_field(MessageSerializer(many=True))
    def get_messages(self, row: Conversation) -> Any:
        return MessageSerializer(thread(row), many=True).data


class ReplySerializer(Serializer[Any]):
    """`seen` is the conversation's, as it was read: what was written since is read before anything is sent."""

    text = serializers.CharField(max_length=LONGEST)
    seen = serializers.CharField(max_length=40)


class WrittenReplySerializer(ModelSerializer[Envio]):
    """An answer from the line. `enviado` has the gateway's own id; of an `incierto` nobody knows whether it arrived."""

    class Meta:
        model = Envio
        fields = (
            "id", "session", "phone", "text", "author", "state", "client_message_id", "message_id", "created_at",
            "sent_at", "ack", "server_at", "delivered_at", "read_at", "ended_at", "error_code", "error_text",
        )  # fmt: skip
        read_only_fields = fields


class SnoozeSerializer(VersionSerializer):
    until = serializers.DateTimeField()


class AssignSerializer(VersionSerializer):
    """`promoter` null: nobody in particular."""

    promoter = PromoterField(allow_null=True)


class ConversationCloseSerializer(VersionSerializer):
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class ConversationEventSerializer(ModelSerializer[ConversationEvent]):
    """`before` y `to`: de quién era y a quién se dio."""

    class Meta:
        model = ConversationEvent
        fields = ("id", "at", "by", "kind", "before", "to", "reason")
        read_only_fields = fields


class TakeSerializer(Serializer[Any]):
    name = serializers.CharField(max_length=160)
    promoter = PromoterField()


class ConversationViewSet(
    IdempotentPosts, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Conversation]
):
    """Conversaciones: una línea y una persona, con lo que se escribieron y quién tiene que contestar."""

    queryset = Conversation.objects.none()
    permission_classes = (RolePermission,)
    filterset_class = ConversationFilter
    lookup_value_regex = "[0-9]{1,18}"
    needs: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("list", "retrieve", "history"), VIEW),
        **dict.fromkeys(("read", "handle", "snooze", "assign", "capture", "replies", "remind"), WORK),
        **dict.fromkeys(("not_interested", "exclude"), WORK),
    }
    # They open transactions of their own.
    undone_by_crash: ClassVar[frozenset[str]] = frozenset()

    def get_queryset(self) -> QuerySet[Conversation]:
        return conversations_of(current_user(self.request)).select_related("last_reply")

    def get_serializer_class(self) -> type[BaseSerializer[Conversation]]:
        return ConversationDetailSerializer if self.action == "retrieve" else ConversationSerializer

    def paginate_queryset(self, queryset: Any) -> list[Any] | None:
        rows = super().paginate_queryset(queryset)
        self._rows: Sequence[Conversation] = rows or []
        return rows

    @functools.cached_property
    def _people(self) -> dict[int, Person]:
        return people(self._rows)

    def get_serializer_context(self) -> dict[str, Any]:
        context = dict(super().get_serializer_context())
        return {**context, "people": self._people} if hasattr(self, "_rows") else context

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Con sus mensajes. Mirarla no la da por leída: para eso está `read/`."""
        return self._told(self.get_object())

    @extend_schema(request=VersionSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str) -> Response:
        """Sus mensajes se abrieron, tal como estaban en esa versión. Lo que llegó después sigue sin leer."""
        row, given = self._asked(VersionSerializer)
        return self._told(answering.read(row.pk, by=current_user(request), version=given["version"]))

    @extend_schema(request=VersionSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def handle(self, request: Request, pk: str) -> Response:
        """Atendida: no queda nada por hacer hasta que la persona vuelva a escribir."""
        row, given = self._asked(VersionSerializer)
        return self._told(
            answering.handle(row.pk, by=current_user(request), version=given["version"], now=timezone.now())
        )

    @extend_schema(request=ReplySerializer, parameters=[KEY], responses={201: WrittenReplySerializer})
    @action(detail=True, methods=["post"])
    def replies(self, request: Request, pk: str) -> Response:
        """Contesta por la línea de la conversación, antes que sus campañas. Sale en segundos: su estado dice cómo le fue.

        Si se escribió algo que no se había leído, la respuesta es 409 `unseen` y no sale nada: hay que leer la
        conversación de nuevo y repetirla con su `seen`.
        """
        row, given = self._asked(ReplySerializer)
        made = answering.reply(
            row.pk,
            text=given["text"],
            by=current_user(request),
            key=key_of(request),
            seen=Seen.of(given["seen"]),
            now=timezone.now(),
        )
        return Response(WrittenReplySerializer(made).data, status=201)

    @extend_schema(request=SnoozeSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, pk: str) -> Response:
        """Pospuesta hasta esa hora, o hasta que la persona escriba."""
        row, given = self._asked(SnoozeSerializer)
        return self._told(
            answering.snooze(
                row.pk,
                by=current_user(request),
                until=given["until"],
                version=given["version"],
                now=timezone.now(),
            )
        )

    @extend_schema(request=AssignSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def assign(self, request: Request, pk: str) -> Response:
        """A un promotor del equipo; los promotores la toman para sí. Puede dejar de ser tuya: igual se responde cómo quedó."""
        row, given = self._asked(AssignSerializer)
        return self._told(
            answering.assign(
                row.pk,
                to=given["promoter"],
                by=current_user(request),
                version=given["version"],
                now=timezone.now(),
            )
        )

    @extend_schema(request=ConversationCloseSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"], url_path="not-interested")
    def not_interested(self, request: Request, pk: str) -> Response:
        """No le interesa esto: queda atendida, con el motivo en su historial. Se le puede escribir por otra cosa."""
        return self._closed(answering.not_interested)

    @extend_schema(request=ConversationCloseSerializer, responses=ConversationSerializer)
    @action(detail=True, methods=["post"])
    def exclude(self, request: Request, pk: str) -> Response:
        """No quiere que le escribamos más: queda excluida de todas las líneas, y se cancela lo pendiente. Pide `reason`."""
        return self._closed(answering.exclude)

    @extend_schema(responses=ConversationEventSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None)
    def history(self, request: Request, pk: str) -> Response:
        """Lo que se decidió sobre ella, lo último primero: a quién se dio, y cómo se cerró."""
        return Response(ConversationEventSerializer(history(self.get_object()), many=True).data)

    @extend_schema(request=TakeSerializer, parameters=[KEY], responses={201: PlaceSerializer})
    @action(detail=True, methods=["post"])
    def capture(self, request: Request, pk: str) -> Response:
        """La persona pasa a ser una oportunidad de ese promotor, con las reglas y el límite de las captaciones."""
        row, given = self._asked(TakeSerializer)
        now = timezone.now()
        made = answering.make_opportunity(
            row.pk, name=given["name"], to=given["promoter"], by=current_user(request), key=key_of(request), now=now
        )
        return Response(PlaceSerializer(made, context={"now": now}).data, status=201)

    @extend_schema(request=ConversationReminderSerializer, parameters=[KEY], responses={201: ReminderSerializer})
    @action(detail=True, methods=["post"])
    def remind(self, request: Request, pk: str) -> Response:
        """Un recordatorio para ti, o para un promotor de un equipo que supervisas."""
        row, given = self._asked(ConversationReminderSerializer)
        wish = reminders.Wish(due_at=given["due_at"], key=key_of(request), note=given["note"])
        made = reminders.remind_of_conversation(
            row.pk, wish, by=current_user(request), now=timezone.now(), whom=given["promoter"]
        )
        return Response(ReminderSerializer(made).data, status=201)

    def _closed(self, act: Callable[..., Conversation]) -> Response:
        row, given = self._asked(ConversationCloseSerializer)
        by = current_user(self.request)
        return self._told(act(row.pk, by=by, reason=given["reason"], version=given["version"], now=timezone.now()))

    def _asked(self, form: type[BaseSerializer[Any]]) -> tuple[Conversation, dict[str, Any]]:
        """The row, if this person sees it, and what they ask of it."""
        row: Conversation = self.get_object()
        given = form(data=self.request.data, context=super().get_serializer_context())
        given.is_valid(raise_exception=True)
        return row, dict(given.validated_data)

    def _told(self, row: Conversation) -> Response:
        self._rows = [row]
        return Response(self.get_serializer(row).data)
