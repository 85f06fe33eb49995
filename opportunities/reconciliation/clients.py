"""Clients whose availability is not what their opportunities say: taken by nobody, free and worked, in no pool."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from leadmaster.directory.enums import Availability
from leadmaster.directory.models import Client, ContactPoint
from leadmaster.ops.reconciliation.check import Check, Finding
from opportunities.assignment.capture import SOURCE
from opportunities.enums import OPEN, OWNED, OpportunityState
from opportunities.models import Opportunity
from opportunities.state import machine


class AvailabilityOff(Check[Client]):
    area = "clients"
    name = "clients.availability"

    def rows(self) -> QuerySet[Client]:
        return Client.objects.all()

    def suspects(self, rows: QuerySet[Client], *, now: dt.datetime) -> Iterable[int]:
        own = Opportunity.objects.filter(client=OuterRef("pk"))
        taken, pooled = Exists(own.filter(state__in=OWNED)), Exists(own.filter(state=OpportunityState.POOL))
        is_open, ever = Exists(own.filter(state__in=OPEN)), Exists(own)
        off = (
            Q(Q(availability=Availability.FREE), ever)
            | Q(Q(availability=Availability.TAKEN), ~taken)
            | Q(Q(availability=Availability.POOL), Q(~pooled) | Q(taken))
            | Q(Q(availability=Availability.CLOSED), Q(is_open) | Q(~ever))
            | ~Q(availability__in=Availability.values)
        )
        return rows.filter(off).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        client = Client.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
        if client is None:
            return None
        right = machine.availability_of(pk)
        if client.availability == right:
            return None
        return self.found(
            pk,
            _("Figura «%(said)s» y por sus oportunidades está «%(right)s».")
            % {"said": client.get_availability_display().lower(), "right": right.label.lower()},
            repair=_("Vale lo que dicen sus oportunidades."),
            said=client.availability,
            right=right,
        )

    def mend(self, finding: Finding, *, now: dt.datetime) -> None:
        machine.make_available(finding.subject)


class CapturedWithoutPerson(Check[Client]):
    """A promoter captured somebody, and there is no phone left that says whom, or nobody ever worked them."""

    area = "clients"
    name = "clients.captured"

    def rows(self) -> QuerySet[Client]:
        # Whose data was erased on request has no name either.
        return Client.objects.filter(source=SOURCE).exclude(name="", last_names="")

    def suspects(self, rows: QuerySet[Client], *, now: dt.datetime) -> Iterable[int]:
        phone = ContactPoint.objects.filter(client=OuterRef("pk"), kind=ContactPoint.Kind.PHONE)
        worked = Opportunity.objects.filter(client=OuterRef("pk"))
        return rows.filter(~Exists(phone) | ~Exists(worked)).values_list("pk", flat=True)

    def examine(self, pk: int, *, now: dt.datetime) -> Finding | None:
        client = Client.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
        if client is None or not list(self.suspects(self.rows().filter(pk=pk), now=now)):
            return None
        worked = Opportunity.objects.filter(client=pk).exists()
        return self.found(
            pk,
            _("Lo captó un promotor y no queda ningún teléfono suyo: nadie sabe a quién llamar.")
            if worked
            else _("Figura como captado y ninguna oportunidad dice quién lo captó."),
            external_id=client.external_id,
            name=client.full_name,
        )
