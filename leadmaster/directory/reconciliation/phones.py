"""Phones that are not in the one form in which they are compared: nobody is found by them, and no exclusion holds."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from leadmaster.directory.models import ContactPoint, Suppression
from leadmaster.lib.phones.parsing import Phone, normalise
from leadmaster.ops.reconciliation.check import Check, Finding

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class ContactCheck(Check[ContactPoint]):
    area = "directory"

    def rows(self) -> QuerySet[ContactPoint]:
        return ContactPoint.objects.filter(kind=ContactPoint.Kind.PHONE)

    def locked(self, pk: int) -> ContactPoint | None:
        return ContactPoint.objects.select_for_update(skip_locked=True).filter(pk=pk).first()


class ContactOff(ContactCheck):
    """A valid phone in another form than the one of all, or an invalid one that has a form."""

    name = "directory.phone"

    def suspects(self, rows: QuerySet[ContactPoint], *, now: dt.datetime) -> Iterable[int]:
        known = rows.values_list("pk", "normalised", "is_valid").iterator()
        return [pk for pk, normalised, valid in known if _is_off(normalised, valid=valid)]

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        contact = self.locked(pk)
        if contact is None or not _is_off(contact.normalised, valid=contact.is_valid):
            return None
        phone = normalise(contact.raw, settings.CLIENTS_REGION)
        right = phone.e164 if isinstance(phone, Phone) else ""
        return self.found(
            pk,
            _("El teléfono está guardado como «%(said)s»: así no se encuentra a la persona.")
            % {"said": contact.normalised},
            repair=_("Se lee de nuevo como vino.") if right else _("Queda como no válido: no se entiende como vino."),
            client=contact.client_id,
            said=contact.normalised,
            valid=contact.is_valid,
            right=right,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        right = finding.evidence["right"]
        ContactPoint.objects.filter(pk=finding.subject).update(normalised=right, is_valid=bool(right))


class ContactTwice(ContactCheck):
    """The same person has the same number twice."""

    name = "directory.contact_twice"

    def suspects(self, rows: QuerySet[ContactPoint], *, now: dt.datetime) -> Iterable[int]:
        same = ContactPoint.objects.filter(client=OuterRef("client"), normalised=OuterRef("normalised"))
        first = same.filter(kind=ContactPoint.Kind.PHONE, pk__lt=OuterRef("pk"))
        return rows.filter(Exists(first)).exclude(normalised="").values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        contact = self.locked(pk)
        if contact is None or not list(self.suspects(self.rows().filter(pk=pk), now=now)):
            return None
        return self.found(
            pk,
            _("El cliente #%(client)d tiene el mismo teléfono dos veces.") % {"client": contact.client_id},
            repair=_("Se borra la repetición."),
            client=contact.client_id,
            phone=contact.normalised,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        ContactPoint.objects.filter(pk=finding.subject).delete()


class ExclusionOff(Check[Suppression]):
    """Somebody asked for silence, and their number is kept in a form in which no message meets it."""

    area = "directory"
    name = "directory.exclusion"

    def rows(self) -> QuerySet[Suppression]:
        return Suppression.objects.all()

    def suspects(self, rows: QuerySet[Suppression], *, now: dt.datetime) -> Iterable[int]:
        known = rows.values_list("pk", "phone").iterator()
        return [pk for pk, phone in known if _is_off(phone, valid=True)]

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        held = Suppression.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
        if held is None or not _is_off(held.phone, valid=True):
            return None
        phone = normalise(held.phone, settings.CLIENTS_REGION)
        right = phone.e164 if isinstance(phone, Phone) else ""
        return self.found(
            pk,
            _("El número excluido «%(said)s» no está en la forma en que se compara: no excluye a nadie.")
            % {"said": held.phone},
            repair=_("Se guarda como %(right)s.") % {"right": right} if right else "",
            said=held.phone,
            right=right,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        right = finding.evidence["right"]
        if Suppression.objects.filter(phone=right).exists():
            # That number asked for it already, in its own form.
            Suppression.objects.filter(pk=finding.subject).delete()
        else:
            Suppression.objects.filter(pk=finding.subject).update(phone=right)


def _is_off(normalised: str, *, valid: bool) -> bool:
    if not valid:
        return normalised != ""
    if _E164.fullmatch(normalised) is None:
        return True
    phone = normalise(normalised, settings.CLIENTS_REGION)
    # A number that the library does not know of is perhaps a new one.
    return isinstance(phone, Phone) and phone.e164 != normalised
