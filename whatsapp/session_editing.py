"""What people write on a session, and by which rules: the one operation behind the admin and the API.

Our server goes wherever an address points, with a token in its hand, and whoever holds a line pairs and disconnects it.
So addresses and secrets are administrators', and what a line is (tenant, gateway, team) is said once.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from leadmaster.accounts.models import Team, User
from whatsapp import addresses, warm_up
from whatsapp.models import GatewayKind, WhatsAppSession

SECRETS: Final = ("token", "webhook_secret")
FIXED: Final = ("tenant_id", "gateway", "team", "in_use_since")
ADMINISTRATORS_ONLY: Final = ("base_url", *SECRETS)
_EMPTY: Final = {"gateway": GatewayKind.SESSION_MANAGER, **dict.fromkeys(ADMINISTRATORS_ONLY, "")}


def create(values: Mapping[str, Any], *, by: User, now: dt.datetime) -> WhatsAppSession:
    """A new line with what `checked` lets through; it warms up. Raises ValidationError by field."""
    session = WhatsAppSession(**checked(None, values, by=by))
    today = session.day_at(now)
    if session.in_use_since is not None and session.in_use_since > today:
        raise ValidationError({"in_use_since": _("Escribe un día que ya pasó, o déjalo vacío si el número es nuevo.")})
    session.warm_up_step = warm_up.first_step(session, today)
    try:
        with transaction.atomic():
            session.save(force_insert=True)
    except IntegrityError:
        # Somebody else wrote the same line between the look and the insert.
        raise ValidationError({"tenant_id": _taken()}) from None
    return session


def change(session_id: int, values: Mapping[str, Any], *, by: User, now: dt.datetime) -> WhatsAppSession:
    """Write these fields and no others. What the gateway said meanwhile stays. Raises ValidationError by field.

    Another zone begins no new day: the one that counts goes on until both zones have passed midnight.
    """
    with transaction.atomic():
        session = WhatsAppSession.objects.select_for_update().get(pk=session_id)
        wanted = checked(session, values, by=by)
        if wanted.get("time_zone", session.time_zone) != session.time_zone:
            wanted |= _held(session, zoneinfo.ZoneInfo(wanted["time_zone"]), now)
        for name, value in wanted.items():
            setattr(session, name, value)
        try:
            with transaction.atomic():
                session.save(update_fields=[*wanted])
        except IntegrityError:
            raise ValidationError({"base_url": _taken()}) from None
    return session


def checked(session: WhatsAppSession | None, values: Mapping[str, Any], *, by: User) -> dict[str, Any]:
    """`values` as they may be stored. A changed address takes the stored secrets with it, unless new ones come along.

    `session` is None for a new one. Raises ValidationError that names each field and what to do.
    """
    wanted = dict(values)
    errors: dict[str, Any] = {}
    _check_address(wanted, errors)
    changed = {name for name, value in wanted.items() if value != _current(session, name)}
    if session is not None:
        errors |= {name: _fixed(name) for name in FIXED if name in changed}
    if not by.is_administrator:
        errors |= {name: _for_administrators() for name in ADMINISTRATORS_ONLY if name in changed}
    _check_people(session, wanted, errors, by=by)
    if not errors and (session is None or "base_url" in changed):
        _check_line(session, wanted, errors)
    if errors:
        raise ValidationError(errors)
    if session is not None and "base_url" in changed:
        # They were given to the gateway that was written there before.
        wanted = {**dict.fromkeys(SECRETS, ""), **wanted}
    return wanted


def _held(session: WhatsAppSession, zone: zoneinfo.ZoneInfo, now: dt.datetime) -> dict[str, Any]:
    """The day that counts now, until it is over by the old zone, by the new one, and by an earlier change."""
    moved = session.charged_days.moved(zone, now)
    return {"held_day": moved.held, "held_until": moved.until}


def _check_address(wanted: dict[str, Any], errors: dict[str, Any]) -> None:
    if "base_url" not in wanted:
        return
    try:
        wanted["base_url"] = addresses.stored(wanted["base_url"])
        addresses.refuse_unreachable(wanted["base_url"])
    except addresses.AddressRefused as refused:
        errors["base_url"] = refused


def _check_people(
    session: WhatsAppSession | None, wanted: Mapping[str, Any], errors: dict[str, Any], *, by: User
) -> None:
    team: Team | None = session.team if session is not None else wanted.get("team")
    if team is None:
        return  # the form or the serializer says that it is missing
    if not by.is_administrator and team.pk not in by.supervised_team_ids:
        errors.setdefault("team", _("Elige un equipo que supervises."))
    owner: User | None = wanted.get("owner")
    if owner is not None and owner != _current(session, "owner") and not _belongs(owner, team):
        errors["owner"] = _("Esa persona no es del equipo de la sesión.")


def _check_line(session: WhatsAppSession | None, wanted: Mapping[str, Any], errors: dict[str, Any]) -> None:
    """One line is one session, by whichever of its names the gateway is written."""
    tenant_id = wanted["tenant_id"] if session is None else session.tenant_id
    gateway = wanted.get("gateway", _EMPTY["gateway"]) if session is None else session.gateway
    address = wanted.get("base_url", "")
    others = WhatsAppSession.objects.filter(gateway=gateway, tenant_id=tenant_id)
    if session is not None:
        others = others.exclude(pk=session.pk)
    if any(addresses.same_place(address, other) for other in others.values_list("base_url", flat=True)):
        errors["tenant_id" if session is None else "base_url"] = _taken()


def _current(session: WhatsAppSession | None, name: str) -> Any:
    return getattr(session, name) if session is not None else _EMPTY.get(name)


def _belongs(owner: User, team: Team) -> bool:
    if not owner.is_active:
        return False
    return team.members.filter(pk=owner.pk).exists() or team.supervisors.filter(pk=owner.pk).exists()


def _taken() -> str:
    return _("Ya hay una sesión con este cliente_id en ese gateway: una línea es de una sola sesión.")


def _fixed(name: str) -> str | Promise:
    if name == "team":
        return _("Una sesión no cambia de equipo: crea otra.")
    if name == "in_use_since":
        return _("No se cambia después de crear la sesión: dale el límite completo en su página, con un motivo.")
    return _("No se cambia después de crear la sesión: crea otra.")


def _for_administrators() -> str:
    return _("La dirección del gateway y sus secretos los escribe un administrador.")
