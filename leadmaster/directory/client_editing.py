"""What people of ours may write on a client: another phone or mail, and the name of somebody whom no source brought.

What comes from outside wins: it is refused here with a sentence, and corrected where it comes from.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from leadmaster.accounts.models import User
from leadmaster.directory.enums import ContactKind
from leadmaster.directory.models import Client, ContactPoint, Suppression
from leadmaster.directory.names import split_name
from leadmaster.lib.phones.parsing import InvalidPhone, normalise

# The source of those whom people of ours wrote down.
OWN_SOURCE: Final = "captacion"
MOST_CONTACTS: Final = 20
_LONGEST_NAME: Final = 160


class NotEditable(Exception):
    """A Spanish sentence says why. Nothing was written."""


def may_rename(client: Client) -> bool:
    return client.source == OWN_SOURCE


def may_remove(client: Client, point: ContactPoint) -> bool:
    return client.source == OWN_SOURCE or point.added_by_id is not None


def rename(client: Client, name: str, *, now: dt.datetime) -> bool:
    """Of a locked client; whether it is another name. Raises NotEditable for one whom a source names, and for no name."""
    written = " ".join(name.split())
    if written == " ".join(client.full_name.split()):
        return False
    if not may_rename(client):
        raise NotEditable(_("El nombre viene de la base de clientes: pide que lo corrijan allí."))
    if not written:
        raise NotEditable(_("Escribe el nombre de la persona."))
    first, last = split_name(written)
    client.name, client.last_names, client.updated_at = first[:_LONGEST_NAME], last[:_LONGEST_NAME], now
    client.save(update_fields=["name", "last_names", "updated_at"])
    return True


def add_phone(client: Client, text: str, *, region: str, by: User) -> ContactPoint | None:
    """To a locked client; None for one that is there. Raises NotEditable: no phone, somebody else's, silenced, too many."""
    phone = normalise(text, region)
    if isinstance(phone, InvalidPhone):
        raise NotEditable(f"{text}: {phone.sentence}")
    if Suppression.objects.among([phone.e164]):
        raise NotEditable(_("Ese número pidió no recibir mensajes: no se puede agregar."))
    return _add(client, ContactKind.PHONE, phone.e164, by=by)


def add_mail(client: Client, text: str, *, by: User) -> ContactPoint | None:
    """The same with a mail."""
    mail = text.strip().lower()
    try:
        validate_email(mail)
    except ValidationError:
        raise NotEditable(_("“%(text)s” no es un correo.") % {"text": text}) from None
    return _add(client, ContactKind.EMAIL, mail, by=by)


def remove(client: Client, contact_id: int) -> ContactPoint | None:
    """Of a locked client; None for one that is gone. Raises NotEditable for what the source says."""
    point = ContactPoint.objects.filter(client=client, pk=contact_id).first()
    if point is None:
        return None
    if not may_remove(client, point):
        raise NotEditable(_("Ese dato viene de la base de clientes: pide que lo corrijan allí."))
    others = ContactPoint.objects.filter(client=client, kind=ContactKind.PHONE, is_valid=True).exclude(pk=point.pk)
    if point.kind == ContactKind.PHONE and not others.exists():
        raise NotEditable(_("Es su único teléfono: agrega otro antes de quitarlo."))
    ContactPoint.objects.filter(pk=point.pk).delete()
    return point


def _add(client: Client, kind: ContactKind, value: str, *, by: User) -> ContactPoint | None:
    own = list(ContactPoint.objects.filter(client=client))
    if any(point.kind == kind and point.normalised == value for point in own):
        return None
    if len(own) >= MOST_CONTACTS:
        raise NotEditable(_("Ya tiene %(most)d teléfonos y correos: quita alguno antes.") % {"most": MOST_CONTACTS})
    point = ContactPoint.objects.create(
        client=client,
        kind=kind,
        raw=value,
        normalised=value,
        is_valid=True,
        position=max((one.position for one in own), default=-1) + 1,
        added_by=by,
    )
    if kind is ContactKind.PHONE:
        # A locking read sees what others are writing in this moment, and waits for it.
        others = ContactPoint.objects.filter(kind=kind, normalised=value).exclude(client=client)
        if list(others.select_for_update().values_list("pk", flat=True)):
            raise NotEditable(_("Ese teléfono es de otra persona del directorio."))
    return point
