"""What may be done to one opportunity, one POST per verb."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from leadmaster.accounts.current_user import current_user
from leadmaster.lib.api.fields import ReasonSerializer, RequiredReasonSerializer
from leadmaster.lib.api.serializers import Serializer
from opportunities.api.fields import KEY, FactsField, PromoterField, StageField, VersionSerializer, key_of
from opportunities.api.opportunities.coming_back import (
    OpportunityReminderSerializer,
    PressedSerializer,
    PressSerializer,
    ReminderSerializer,
)
from opportunities.api.opportunities.serializers import EventSerializer, PlaceSerializer, SaleSerializer
from opportunities.enums import ContactChannel, ContactOutcome, StageType
from opportunities.errors import Incomplete
from opportunities.funnel import contact, moves, undo
from opportunities.models import Opportunity, Sale, Stage
from opportunities.supervision import decisions, sale_corrections
from opportunities.timers import extension, reminders

if TYPE_CHECKING:
    from rest_framework.viewsets import GenericViewSet

    Base = GenericViewSet[Opportunity]
else:
    Base = object


class MoveSerializer(VersionSerializer, ReasonSerializer):
    """`stage` is one of the opportunity's `steps`; `data` what it asks for."""

    stage = StageField()
    data = FactsField()  # type: ignore[assignment]  # the request has a key of this name


class SaleFormSerializer(VersionSerializer, ReasonSerializer):
    """`stage` only where the funnel has several that sell; else it is the one that may follow."""

    amount = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=0)
    product = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    reference = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    stage = StageField(required=False)
    data = FactsField()  # type: ignore[assignment]  # the request has a key of this name


class SaleCorrectionSerializer(VersionSerializer, RequiredReasonSerializer):
    """What is not sent stays as it is."""

    amount = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=0, required=False)
    product = serializers.CharField(max_length=120, required=False, allow_blank=True)
    reference = serializers.CharField(max_length=80, required=False, allow_blank=True)


class AnnulmentSerializer(VersionSerializer, RequiredReasonSerializer):
    pass


class NoteSerializer(Serializer[Any]):
    text = serializers.CharField(max_length=300)


class VerdictSerializer(VersionSerializer, ReasonSerializer):
    pass


class CloseSerializer(VersionSerializer, RequiredReasonSerializer):
    pass


class ReassignSerializer(VerdictSerializer):
    """`over_quota` needs its own permission and a reason, and the ledger shows it."""

    promoter = PromoterField()
    over_quota = serializers.BooleanField(default=False)


class OpportunityVerbs(Base):
    """Each verb asks the person and the row again, under its locks."""

    @extend_schema(request=MoveSerializer, responses=PlaceSerializer)
    @action(detail=True, methods=["post"])
    def move(self, request: Request, pk: str) -> Response:
        """Un paso del embudo. Si alguien la cambió desde que la miraste, 409 `stale` dice qué pasó y quién fue."""
        row, given = self._asked(MoveSerializer)
        moved = moves.move(
            row.pk,
            given["stage"],
            by=current_user(request),
            version=given["version"],
            now=timezone.now(),
            reason=given["reason"],
            data=given.get("data"),
        )
        return self._place(moved)

    @extend_schema(request=SaleFormSerializer, responses=SaleSerializer)
    @action(detail=True, methods=["post"])
    def sale(self, request: Request, pk: str) -> Response:
        """Registra la venta. La misma otra vez es la misma venta; con otros datos, 409 `already_sold` dice quién y cuándo."""
        row, given = self._asked(SaleFormSerializer)
        sold = moves.move(
            row.pk,
            given.get("stage") or _sale_stage(row),
            by=current_user(request),
            version=given["version"],
            now=timezone.now(),
            reason=given["reason"],
            data={**given.get("data", {}), **{name: given[name] for name in ("amount", "product", "reference")}},
        )
        return Response(SaleSerializer(Sale.objects.get(opportunity=sold)).data)

    @extend_schema(request=SaleCorrectionSerializer, responses=SaleSerializer)
    @action(detail=True, methods=["post"], url_path="correct-sale")
    def correct_sale(self, request: Request, pk: str) -> Response:
        """Corrige una venta mal cargada, con su motivo. Lo que decía antes queda en la historia."""
        row, given = self._asked(SaleCorrectionSerializer)
        version, reason = given.pop("version"), given.pop("reason")
        sale = sale_corrections.correct(
            row.pk, given, by=current_user(request), version=version, reason=reason, now=timezone.now()
        )
        return Response(SaleSerializer(sale).data)

    @extend_schema(request=AnnulmentSerializer, responses=PlaceSerializer)
    @action(detail=True, methods=["post"], url_path="annul-sale")
    def annul_sale(self, request: Request, pk: str) -> Response:
        """Anula una venta que no fue, con su motivo. La oportunidad espera en la bandeja."""
        row, given = self._asked(AnnulmentSerializer)
        annulled = sale_corrections.annul(
            row.pk, by=current_user(request), version=given["version"], reason=given["reason"], now=timezone.now()
        )
        return self._place(annulled)

    @extend_schema(request=VersionSerializer, responses=PlaceSerializer)
    @action(detail=True, methods=["post"], url_path="undo-step")
    def undo_step(self, request: Request, pk: str) -> Response:
        """Deshace tu último paso, hasta diez segundos después: la etapa y el tiempo que le quedaba. `version` es la que dejó."""
        row, given = self._asked(VersionSerializer)
        return self._place(undo.undo(row.pk, by=current_user(request), version=given["version"], now=timezone.now()))

    @extend_schema(request=NoteSerializer, responses={201: EventSerializer})
    @action(detail=True, methods=["post"])
    def note(self, request: Request, pk: str) -> Response:
        """Escribe una nota en la historia. No cambia nada más."""
        row, given = self._asked(NoteSerializer)
        line = moves.note(row.pk, by=current_user(request), text=given["text"], now=timezone.now())
        return Response(EventSerializer(line).data, status=201)

    @extend_schema(request=PressSerializer, parameters=[KEY], responses={201: PressedSerializer})
    @action(detail=True, methods=["post"])
    def contact(self, request: Request, pk: str) -> Response:
        """Alguien llamó o escribió al cliente. Con `outcome`, también cómo le fue, la nota y el recordatorio, de una vez."""
        row, given = self._asked(PressSerializer)
        by, now = current_user(request), timezone.now()
        press = contact.Press(channel=ContactChannel(given["channel"]), key=key_of(request), phone=given["phone"])
        if "outcome" in given:
            result = contact.Result(outcome=ContactOutcome(given["outcome"]), note=given["note"])
            attempt = contact.tell(
                row.pk, press, result, by=by, now=now, remind_at=given.get("remind_at"), holds=given["holds"]
            ).attempt
        else:
            attempt = contact.begin(row.pk, press, by=by, now=now)
        return Response(PressedSerializer(attempt).data, status=201)

    @extend_schema(request=OpportunityReminderSerializer, parameters=[KEY], responses={201: ReminderSerializer})
    @action(detail=True, methods=["post"])
    def remind(self, request: Request, pk: str) -> Response:
        """Un recordatorio para quien la trabaja."""
        row, given = self._asked(OpportunityReminderSerializer)
        wish = reminders.Wish(due_at=given["due_at"], key=key_of(request), note=given["note"], holds=given["holds"])
        made = reminders.remind(row.pk, wish, by=current_user(request), now=timezone.now())
        return Response(ReminderSerializer(made).data, status=201)

    @extend_schema(request=VersionSerializer, responses=PlaceSerializer)
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: str) -> Response:
        """La prórroga: el plazo de la etapa otra vez, desde ahora. Una por oportunidad y unas pocas por semana."""
        row, given = self._asked(VersionSerializer)
        extended = extension.extend(row.pk, by=current_user(request), version=given["version"], now=timezone.now())
        return self._place(extended)

    @extend_schema(request=ReassignSerializer, responses=PlaceSerializer)
    @action(detail=True, methods=["post"])
    def reassign(self, request: Request, pk: str) -> Response:
        """Se la da a otro promotor, a cuenta de su cupo de hoy. A quiénes se puede: GET promoters/."""
        row, given = self._asked(ReassignSerializer)
        reassigned = decisions.reassign(
            row.pk,
            given["promoter"],
            by=current_user(request),
            now=timezone.now(),
            reason=given["reason"],
            over_quota=given["over_quota"],
            version=given["version"],
        )
        return self._place(reassigned)

    @extend_schema(request=VerdictSerializer, responses=PlaceSerializer)
    @action(detail=True, methods=["post"], url_path="return-to-pool")
    def return_to_pool(self, request: Request, pk: str) -> Response:
        """La devuelve al pool: ya no es de nadie."""
        return self._decided(decisions.return_to_pool, VerdictSerializer)

    @extend_schema(request=CloseSerializer, responses=PlaceSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """La cierra como perdida, con su motivo."""
        return self._decided(decisions.close, CloseSerializer)

    @extend_schema(request=VerdictSerializer, responses=PlaceSerializer)
    @action(detail=True, methods=["post"], url_path="give-back")
    def give_back(self, request: Request, pk: str) -> Response:
        """De la bandeja otra vez a su promotor, en la primera etapa y con un plazo nuevo."""
        return self._decided(decisions.give_back, VerdictSerializer)

    def _decided(self, verb: Callable[..., Opportunity], form: type[Serializer[Any]]) -> Response:
        row, given = self._asked(form)
        by, version = current_user(self.request), given["version"]
        return self._place(verb(row.pk, by=by, now=timezone.now(), reason=given["reason"], version=version))

    def _asked(self, form: type[Serializer[Any]]) -> tuple[Opportunity, dict[str, Any]]:
        """The row, which this person sees, and what they ask of it."""
        row: Opportunity = self.get_object()
        given = form(data=self.request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        return row, dict(given.validated_data)

    def _place(self, row: Opportunity) -> Response:
        """Where it is now. It may have left this person's sight: nothing more is told."""
        return Response(PlaceSerializer(row, context=self.get_serializer_context()).data)


def _sale_stage(row: Opportunity) -> Stage:
    """The stage that sells from here, else any that does: `move` then says why not from here. Raises Incomplete."""
    onward = [stage for stage in moves.allowed_stages(row) if stage.type == StageType.SALE]
    found = onward[0] if onward else Stage.objects.filter(type=StageType.SALE).first()
    if found is None:
        raise Incomplete(_("El embudo no tiene una etapa de venta. Pide a un administrador que la cree."))
    return found
