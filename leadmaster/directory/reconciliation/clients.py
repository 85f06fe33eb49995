"""Clients that are there twice, or lie in a part of the directory where nobody looks for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, ProtectedError, QuerySet
from django.utils.translation import gettext as _

from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client, shard_of
from leadmaster.ops.reconciliation.check import Check, Finding


class ClientCheck(Check[Client]):
    area = "directory"

    def rows(self) -> QuerySet[Client]:
        return Client.objects.all()

    def locked(self, pk: int) -> Client | None:
        return Client.objects.select_for_update(skip_locked=True).filter(pk=pk).first()


class ClientTwice(ClientCheck):
    """Another row has the same source and the same id of it, and came first."""

    name = "directory.twice"

    def suspects(self, rows: QuerySet[Client], *, now: dt.datetime) -> Iterable[int]:
        return rows.filter(Exists(_first())).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        client = self.locked(pk)
        if client is None:
            return None
        first = Client.objects.filter(source=client.source, external_id=client.external_id, pk__lt=pk).order_by("pk")
        other = first.values_list("pk", flat=True).first()
        if other is None:
            return None
        return self.found(
            pk,
            _("El cliente %(id)s de «%(source)s» está dos veces: también es el #%(other)d.")
            % {"id": client.external_id, "source": client.source, "other": other},
            # Whoever was worked has a history, and which of the two goes on is a person's to say.
            repair=_("Se borra la repetida, que nadie trabajó.") if client.availability == Availability.FREE else "",
            other=other,
            availability=client.availability,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        try:
            Client.objects.filter(pk=finding.subject).delete()
        except ProtectedError as error:
            raise ValueError("something still points to it") from error


class WrongShard(ClientCheck):
    """In a part of the directory that is not its own: draws that begin there pass it by."""

    name = "directory.shard"

    def suspects(self, rows: QuerySet[Client], *, now: dt.datetime) -> Iterable[int]:
        known = rows.values_list("pk", "external_id", "shard").iterator()
        return [pk for pk, external_id, shard in known if shard != shard_of(external_id)]

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        client = self.locked(pk)
        if client is None or client.shard == shard_of(client.external_id):
            return None
        return self.found(
            pk,
            _("Está en la parte %(said)d del directorio y le toca la %(right)d.")
            % {"said": client.shard, "right": shard_of(client.external_id)},
            repair=_("Pasa a la suya."),
            said=client.shard,
            right=shard_of(client.external_id),
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        Client.objects.filter(pk=finding.subject).update(shard=finding.evidence["right"])


def _first() -> QuerySet[Client]:
    same = Client.objects.filter(source=OuterRef("source"), external_id=OuterRef("external_id"))
    return same.filter(pk__lt=OuterRef("pk"))
