"""A promoter registers a client of their own. The phone says whether somebody has them already."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leadmaster.accounts.models import User
from leadmaster.directory.client_editing import OWN_SOURCE
from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client, ContactPoint, Suppression
from leadmaster.directory.names import split_name
from leadmaster.lib.language import kept
from leadmaster.lib.phones.parsing import InvalidPhone, normalise
from opportunities.assignment import request_keys
from opportunities.assignment.request_keys import Operation
from opportunities.capacity import quota
from opportunities.capacity.availability import is_absent
from opportunities.capacity.usage import captured_today
from opportunities.clocks.setting import entering
from opportunities.enums import EventKind, OpportunityState, Origin
from opportunities.errors import Incomplete, NoQuota, Taken, Unavailable
from opportunities.models import Opportunity, Promoter
from opportunities.state import cooldowns, machine

SOURCE = OWN_SOURCE


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewClient:
    """What a promoter knows of the person. Phones as they wrote them, read with the region's habits."""

    name: str
    phones: Sequence[str]
    email: str = ""
    region: str = "AR"
    note: str = ""


def capture(
    promoter: Promoter, person: NewClient, *, key: str, now: dt.datetime, by: User | None = None
) -> Opportunity:
    """Register this person and start working them; a key that was seen before answers with the same opportunity.
    `by` is who did it for the promoter; nobody: they themselves.

    Known and free (or in the pool) → taken over. Raises Taken (says since when, not whose), Incomplete (no name, no
    usable phone, opted out), NoQuota (the day's captures are used up) or Unavailable.

    A client that rests for this promoter is Taken too: whoever let a lead go, or let its time run out, does not get it
    back with a fresh clock by typing its phone.
    """
    request_keys.require_key(Operation.CAPTURE, key)
    phones = _phones(person)
    done = request_keys.answered(promoter, Operation.CAPTURE, key)
    if done is not None:
        return _captured(done)
    quota.ensure(promoter, promoter.desk.day_at(now))
    try:
        return request_keys.once(
            promoter,
            Operation.CAPTURE,
            key,
            act=lambda: _capture(promoter, person, phones, key=key, by=by or promoter.user, now=now),
            again=_captured,
        )
    except IntegrityError:
        # Somebody took the same person in the same moment.
        raise Taken(_("Otra persona acaba de registrar a este cliente.")) from None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checked:
    """What is known of a phone: why it can't be captured, and in which opportunity of whoever asks it is already. Of one
    that is free, who the directory says that it is; nobody is told the name of somebody whom others work."""

    problem: str = ""
    own: int | None = None
    client: Client | None = None


def check_phone(raw: str, *, region: str, promoter: Promoter | None = None) -> str:
    """Empty when the phone is free to capture, else a sentence."""
    return check(raw, region=region, promoter=promoter).problem


def check(raw: str, *, region: str, promoter: Promoter | None = None) -> Checked:
    """What the form says while somebody types."""
    phone = normalise(raw, region)
    if isinstance(phone, InvalidPhone):
        return Checked(problem=str(phone.sentence))
    try:
        _refuse_suppressed([phone.e164])
        _refuse_taken([phone.e164], promoter)
    except Taken as error:
        return Checked(problem=str(error), own=error.own)
    except Incomplete as error:
        return Checked(problem=str(error))
    # The oldest row is the person, as for the capture itself.
    return Checked(client=Client.objects.filter(contacts__normalised=phone.e164).order_by("id").first())


@transaction.atomic(durable=True)
def _capture(
    promoter: Promoter, person: NewClient, phones: list[str], *, key: str, by: User, now: dt.datetime
) -> Opportunity:
    # 1. One capture of this promoter at a time, so that they are counted: the day's quota row keeps the order.
    quota.lock(promoter, promoter.desk.day_at(now))
    request = request_keys.begin(promoter, Operation.CAPTURE, key, now=now)
    _check_promoter(promoter, now)
    _check_limit(promoter, now)
    # 2. The person: known and free to be taken, or new.
    client = _known(phones, promoter, now=now)
    if client is None:
        client = _register(person, phones, now=now)
        _refuse_twins(client, phones)
    # 3. The work.
    row = _open(promoter, client, _as_known(client, person), by=by, now=now)
    request_keys.keep(request, {"opportunity": row.pk})
    return row


def _open(promoter: Promoter, client: Client, person: NewClient, *, by: User, now: dt.datetime) -> Opportunity:
    pooled = Opportunity.objects.filter(open_client=client, state=OpportunityState.POOL).select_for_update().first()
    stage, clock = entering(None, promoter, now=now)
    if pooled is not None:
        machine.change(
            [pooled],
            OpportunityState.ACTIVE,
            kind=EventKind.CAPTURED,
            now=now,
            by=by,
            reason=person.note,
            clock=clock,
            owner=promoter,
            team=promoter.desk.team,
            stage=stage,
            stage_since=now,
            lot=None,
            extended=False,
            exit_reason="",
            attempts=machine.ONE_MORE,
        )
        return pooled
    machine.open_new(
        [client.pk],
        owner=promoter,
        stage=stage,
        clock=clock,
        kind=EventKind.CAPTURED,
        origin=Origin.CAPTURE,
        by=by,
        now=now,
        reason=person.note,
    )
    return Opportunity.objects.get(open_client=client)


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
    _refuse_suppressed(found)
    return list(dict.fromkeys(found))


def _check_promoter(promoter: Promoter, now: dt.datetime) -> None:
    """Whoever is away works nobody: their clocks stand, or their work goes to the pool."""
    if not Promoter.objects.filter(pk=promoter.pk, user__is_active=True).exists():
        raise Unavailable(_("Por ahora no puedes captar clientes. Habla con tu supervisor."))
    if is_absent(promoter, promoter.desk.date_at(now)):
        raise Unavailable(_("Figuras como ausente hoy: vuelve de tu ausencia para captar clientes."))


def _check_limit(promoter: Promoter, now: dt.datetime) -> None:
    if captured_today(promoter, now=now) >= promoter.captures_of_a_day:
        raise NoQuota(_("Ya usaste las captaciones de hoy."))


def _known(phones: list[str], promoter: Promoter, *, now: dt.datetime) -> Client | None:
    """The client with one of these phones, locked, if nobody is working them. Raises Taken or Incomplete."""
    ids = ContactPoint.objects.filter(normalised__in=phones).values_list("client_id", flat=True)
    clients = list(Client.objects.filter(id__in=list(ids)).order_by("id").select_for_update())
    if not clients:
        return None
    if any(client.availability not in (Availability.FREE, Availability.POOL) for client in clients):
        _refuse_taken(phones, promoter)
        raise Taken(_("Este teléfono ya se está trabajando."))
    # A pool is its team's: what waits in another one is worked, to this promoter.
    _refuse_taken(phones, promoter)
    # The oldest row is the person; one of their other phones may have asked for silence.
    client = clients[0]
    others = ContactPoint.objects.filter(client=client, kind=ContactPoint.Kind.PHONE, is_valid=True)
    _refuse_suppressed(others.values_list("normalised", flat=True))
    until = cooldowns.resting_until(promoter, client.pk, now=now)
    if until is not None:
        raise Taken(
            _("Ya tuviste a este cliente: puedes volver a captarlo desde el %(until)s.")
            % {"until": timezone.localtime(until).strftime("%d/%m/%Y")}
        )
    return client


def _refuse_suppressed(phones: Iterable[str]) -> None:
    if Suppression.objects.among(phones):
        raise Incomplete(_("Esta persona pidió no recibir mensajes: no se puede captar."))


def _refuse_twins(client: Client, phones: list[str]) -> None:
    """Two people may register one person in the same moment, each with another phone first.

    A locking read sees what is not committed yet and waits for it: one of the two is told.
    """
    twins = ContactPoint.objects.filter(normalised__in=phones).exclude(client=client)
    if list(twins.select_for_update().values_list("id")):
        raise Taken(_("Otra persona acaba de registrar a este cliente."))


def _refuse_taken(phones: list[str], promoter: Promoter | None) -> None:
    open_ones = Opportunity.objects.open().filter(client__contacts__normalised__in=phones)
    mine = Q() if promoter is None else Q(team=promoter.desk.team_id)
    row = open_ones.exclude(mine, state=OpportunityState.POOL).order_by("id").first()
    if row is not None and promoter is not None and row.owner_id == promoter.pk:
        raise Taken(_("Ya lo estás trabajando: es tu oportunidad #%(id)s.") % {"id": row.pk}, own=row.pk)
    if row is not None:
        since = timezone.localtime(row.state_since).strftime("%d/%m/%Y")
        raise Taken(_("Este teléfono ya se está trabajando desde el %(since)s.") % {"since": since})
    closed = Client.objects.filter(contacts__normalised__in=phones, availability=Availability.CLOSED)
    if closed.exists():
        raise Taken(_("Este cliente está cerrado. Si crees que hay que volver a contactarlo, habla con tu supervisor."))


def _register(person: NewClient, phones: list[str], *, now: dt.datetime) -> Client:
    name, last_names = split_name(person.name)
    client = Client.objects.create(
        source=SOURCE,
        external_id=phones[0],
        name=name[:160],
        last_names=last_names[:160],
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


def _as_known(client: Client, person: NewClient) -> NewClient:
    """Somebody whom the directory calls otherwise keeps that name; what was typed stays in the history."""
    typed = " ".join(person.name.split())
    if " ".join(client.full_name.split()).casefold() == typed.casefold():
        return person
    said = kept(gettext_lazy("Lo cargó como “%(name)s”.")) % {"name": typed}
    return dataclasses.replace(person, note=f"{person.note.strip()} {said}".strip())


def _captured(answer: Mapping[str, Any]) -> Opportunity:
    return Opportunity.objects.get(pk=answer["opportunity"])
