"""The page between switching somebody off, another role or another team, and its writing: what they have in hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadmaster.accounts.models import User
from opportunities.enums import OpportunityState
from opportunities.supervision.departures import Holdings

# The fields that this page adds to what was sent.
AGREED, PAUSE, HAND_OVER = "leaving_agreed", "leaving_pause", "leaving_hand_over"
_NOT_CARRIED = ("csrfmiddlewaretoken", AGREED, PAUSE, HAND_OVER)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Leaver:
    """One person who leaves, with what happens to each thing that they have: sentences to read."""

    user: User
    held: Holdings
    sentences: Sequence[str]

    @property
    def reassign(self) -> str:
        """Where their opportunities are reassigned; empty where there are none to reassign."""
        promoter = getattr(self.user, "promoter", None)
        if promoter is None or not self.held.active:
            return ""
        asked = urlencode({"owner": promoter.pk, "state": OpportunityState.ACTIVE.value})
        return f"{reverse('admin:opportunities_opportunity_changelist')}?{asked}"


def page(
    request: HttpRequest,
    leavers: Sequence[Leaver],
    *,
    title: str,
    mark: str,
    checks: Mapping[str, tuple[str, bool]],
    context: Mapping[str, Any],
) -> TemplateResponse:
    """What was sent is carried along and comes again with `mark`. `checks`: a field, its label, whether it is ticked."""
    carried = [(name, value) for name, values in request.POST.lists() for value in values if name not in _NOT_CARRIED]
    return TemplateResponse(
        request,
        "admin/opportunities/leaving.html",
        {
            **context,
            "title": title,
            "leavers": leavers,
            "carried": [*carried, (AGREED, mark)],
            "checks": [(name, label, ticked) for name, (label, ticked) in checks.items()],
            "back": request.path,
        },
    )


def numbers(held: Holdings) -> list[tuple[str, int]]:
    return [
        (_("Oportunidades activas"), held.active),
        (_("Esperan decisión en la bandeja"), held.waiting),
        (_("Decisiones que nadie más toma"), held.decisions),
        (_("Campañas en marcha"), held.running),
        (_("Campañas por aprobar o por lanzar"), held.scheduled),
        (_("Mensajes pendientes a sus clientes"), held.messages),
        (_("Líneas de WhatsApp"), held.lines),
        (_("Recordatorios pendientes"), held.reminders),
    ]


def supervised(held: Holdings) -> list[str]:
    if not held.teams_alone:
        return []
    return [
        _(
            "Nadie más supervisa %(teams)s: sus decisiones quedan para quien administra hasta que le pongas a otra persona."
        )
        % {"teams": ", ".join(held.teams_alone)}
    ]


def campaigns(held: Holdings) -> list[str]:
    """What goes on without them."""
    said = []
    if held.running:
        said.append(
            ngettext(
                "%(n)d campaña en marcha sigue enviando: es de su equipo y la ve quien lo supervisa.",
                "%(n)d campañas en marcha siguen enviando: son de su equipo y las ve quien lo supervisa.",
                held.running,
            )
            % {"n": held.running}
        )
    if others := held.scheduled + held.other_campaigns:
        said.append(
            ngettext(
                "%(n)d campaña que todavía no envía queda como está, a la vista de quien supervisa su equipo.",
                "%(n)d campañas que todavía no envían quedan como están, a la vista de quien supervisa su equipo.",
                others,
            )
            % {"n": others}
        )
    return said


def lines(held: Holdings) -> list[str]:
    if not held.lines:
        return []
    return [
        ngettext(
            "%(n)d línea de WhatsApp sigue vinculada a su teléfono: desconéctala o dásela a otra persona en Sesiones.",
            "%(n)d líneas de WhatsApp siguen vinculadas a su teléfono: desconéctalas o dáselas a otra persona en Sesiones.",
            held.lines,
        )
        % {"n": held.lines}
    ]


def to_inbox(held: Holdings) -> list[str]:
    """What becomes of their opportunities, and of what they were to be reminded of."""
    said = []
    if held.reminders:
        said.append(
            ngettext(
                "%(n)d recordatorio pendiente sigue con su oportunidad, y el de una conversación pasa a quien supervisa.",
                "%(n)d recordatorios pendientes siguen con sus oportunidades, y los de conversaciones pasan a quien supervisa.",
                held.reminders,
            )
            % {"n": held.reminders}
        )
    if held.active:
        said.append(
            ngettext(
                "%(n)d oportunidad activa pasa a la bandeja, para que quien supervisa la reasigne.",
                "%(n)d oportunidades activas pasan a la bandeja, para que quien supervisa las reasigne.",
                held.active,
            )
            % {"n": held.active}
        )
    if held.messages:
        said.append(
            ngettext(
                "%(n)d mensaje pendiente a esos clientes no sale.",
                "%(n)d mensajes pendientes a esos clientes no salen.",
                held.messages,
            )
            % {"n": held.messages}
        )
    if held.waiting:
        said.append(
            ngettext(
                "%(n)d que ya espera en la bandeja se queda ahí.",
                "%(n)d que ya esperan en la bandeja se quedan ahí.",
                held.waiting,
            )
            % {"n": held.waiting}
        )
    return said
