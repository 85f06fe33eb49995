"""A promoter registers a client of their own. The phone says whether somebody has them already."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client, ContactPoint, Suppression
from leadmaster.lib.clock import business_day
from leadmaster.lib.db import retrying
from leadmaster.lib.phones import InvalidPhone, normalise
from opportunities import states
from opportunities.assignment.request import first_stage
from opportunities.enums import EventKind, OpportunityState, Origin
from opportunities.errors import Incomplete, NoQuota, Taken
from opportunities.models import AssignmentRequest, Opportunity, OpportunityEvent, Promoter
from opportunities.timers import deadline_for

SOURCE = "captacion"


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewClient:
    """What a promoter knows of the person. Phones as they wrote them, read with the region's habits."""

    name: str
    phones: Sequence[str]
    email: str = ""
    region: str = "AR"
    note: str = ""


def capture(promoter: Promoter, person: NewClient, *, key: str, now: dt.datetime) -> Opportunity:
    """Register this person and start working them; a key that was seen before answers with the same opportunity.

    Known and free (or in the pool) → taken over. Raises Taken (says since when, not whose), Incomplete (no name, no
    usable phone, opted out) or NoQuota (the day's captures are used up).
    """
    if not key:
        raise Incomplete(_("Falta la clave de la captación."))
    phones = _phones(person)
    done = _seen(promoter, key)
    if done is not None:
        return done
    try:
        return retrying(lambda: _capture(promoter, person, phones, key=key, now=now))
    except IntegrityError:
        winner = _seen(promoter, key)
        if winner is not None:
            return winner
        # Somebody took the same person in the same moment.
        raise Taken(_("Otra persona acaba de registrar a este cliente.")) from None


def check_phone(raw: str, *, region: str) -> str:
    """What the form says while somebody types: empty when the phone is free to capture, else a sentence."""
    phone = normalise(raw, region)
    if isinstance(phone, InvalidPhone):
        return str(phone.sentence)
    try:
        _refuse_taken([phone.e164])
    except (Taken, Incomplete) as error:
        return str(error)
    return ""


@transaction.atomic(durable=True)
def _capture(promoter: Promoter, person: NewClient, phones: list[str], *, key: str, now: dt.datetime) -> Opportunity:
    request = AssignmentRequest.objects.create(promoter=promoter, key=f"captacion:{key}"[:64], at=now)
    _check_limit(promoter, now)
    client = _known(phones)
    if client is None:
        _refuse_taken(phones)
        client = _register(person, phones, now=now)
    row = _open(promoter, client, person, now=now)
    AssignmentRequest.objects.filter(pk=request.pk).update(answer={"opportunity": row.pk})
    return row


def _open(promoter: Promoter, client: Client, person: NewClient, *, now: dt.datetime) -> Opportunity:
    stage = first_stage()
    deadline = deadline_for(stage, calendar=promoter.desk.calendar.as_value(), now=now)
    pooled = Opportunity.objects.filter(open_client=client, state=OpportunityState.POOL).select_for_update().first()
    if pooled is not None:
        states.change(
            [pooled],
            OpportunityState.ACTIVE,
            kind=EventKind.CAPTURED,
            now=now,
            by=promoter.user,
            reason=person.note,
            owner=promoter,
            team=promoter.desk.team,
            stage=stage,
            stage_since=now,
            deadline=deadline,
            extended=False,
            exit_reason="",
            attempts=states.ONE_MORE,
        )
        return pooled
    Client.objects.filter(pk=client.pk).update(availability=Availability.TAKEN)
    row = Opportunity.objects.create(
        client=client,
        open_client=client,
        team=promoter.desk.team,
        owner=promoter,
        stage=stage,
        origin=Origin.CAPTURE,
        stage_since=now,
        state_since=now,
        deadline=deadline,
        created_at=now,
    )
    OpportunityEvent.objects.create(
        opportunity=row,
        kind=EventKind.CAPTURED,
        at=now,
        by=promoter.user,
        to_state=OpportunityState.ACTIVE,
        to_stage=stage,
        to_owner=promoter,
        reason=person.note.strip()[:300],
    )
    return row


# --- Checks -----------------------------------------------------------------------------------------------------------


def _phones(person: NewClient) -> list[str]:
    if not person.name.strip():
        raise Incomplete(_("Escribe el nombre de la persona."))
    found = []
    for raw in person.phones:
        if not raw.strip():
            continue
        phone = normalise(raw, person.region)
        if isinstance(phone, InvalidPhone):
            raise Incomplete(f"{raw}: {phone.sentence}")
        found.append(phone.e164)
    if not found:
        raise Incomplete(_("Escribe al menos un teléfono."))
    if Suppression.objects.among(found):
        raise Incomplete(_("Esta persona pidió no recibir mensajes: no se puede captar."))
    return list(dict.fromkeys(found))


def _check_limit(promoter: Promoter, now: dt.datetime) -> None:
    tz = promoter.desk.calendar.tz
    today = business_day(now, tz)
    start = dt.datetime.combine(today, dt.time(0), tzinfo=tz).astimezone(dt.UTC)
    used = OpportunityEvent.objects.filter(kind=EventKind.CAPTURED, to_owner=promoter, at__gte=start).count()
    if used >= promoter.desk.daily_captures:
        raise NoQuota(_("Ya usaste las captaciones de hoy."))


def _known(phones: list[str]) -> Client | None:
    """The client with one of these phones, locked, if nobody is working them. Raises Taken."""
    ids = ContactPoint.objects.filter(normalised__in=phones).values_list("client_id", flat=True)
    clients = list(Client.objects.filter(id__in=list(ids)).order_by("id").select_for_update())
    if any(client.availability not in (Availability.FREE, Availability.POOL) for client in clients):
        _refuse_taken(phones)
    return clients[0] if clients else None


def _refuse_taken(phones: list[str]) -> None:
    open_ones = Opportunity.objects.open().filter(client__contacts__normalised__in=phones)
    row = open_ones.exclude(state=OpportunityState.POOL).order_by("id").first()
    if row is not None:
        since = timezone.localtime(row.created_at).strftime("%d/%m/%Y")
        raise Taken(_("Este teléfono ya se está trabajando desde el %(since)s.") % {"since": since})
    closed = Client.objects.filter(contacts__normalised__in=phones, availability=Availability.CLOSED)
    if closed.exists():
        raise Taken(_("Este cliente está cerrado. Si crees que hay que volver a contactarlo, habla con tu supervisor."))


def _register(person: NewClient, phones: list[str], *, now: dt.datetime) -> Client:
    client = Client.objects.create(
        source=SOURCE,
        external_id=phones[0],
        name=person.name.strip()[:160],
        availability=Availability.TAKEN,
        created_at=now,
        updated_at=now,
    )
    contacts = [
        ContactPoint(
            client=client,
            kind=ContactPoint.Kind.PHONE,
            raw=phone,
            normalised=phone,
            is_primary=position == 0,
            is_valid=True,
            position=position,
        )
        for position, phone in enumerate(phones)
    ]
    if person.email.strip():
        mail = person.email.strip().lower()[:160]
        contacts.append(
            ContactPoint(
                client=client,
                kind=ContactPoint.Kind.EMAIL,
                raw=mail,
                normalised=mail,
                is_valid=True,
                position=len(phones),
            )
        )
    ContactPoint.objects.bulk_create(contacts)
    return client


def _seen(promoter: Promoter, key: str) -> Opportunity | None:
    row = AssignmentRequest.objects.filter(promoter=promoter, key=f"captacion:{key}"[:64]).first()
    if row is None or "opportunity" not in row.answer:
        return None
    return Opportunity.objects.get(pk=row.answer["opportunity"])
