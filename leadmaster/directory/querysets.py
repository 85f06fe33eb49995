"""The directory's business words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

from leadmaster.directory.enums import Availability

if TYPE_CHECKING:
    from leadmaster.directory.models.client import Client  # noqa: F401 - named in a string below


class ClientQuerySet(models.QuerySet["Client"]):
    def present(self) -> Self:
        """Still there in the source they came from."""
        return self.filter(gone_at__isnull=True)

    def drawable(self) -> Self:
        """Nobody's, and still there. Served by the `client_free…` indexes."""
        return self.present().filter(availability=Availability.FREE)

    def with_contacts(self) -> Self:
        """Phones and mails of all of them in one more query; `client.contacts.all()` then asks nothing."""
        return self.prefetch_related("contacts")
