"""The page that asks before a supervisor's verb is done, to one or to many: rows frozen at their versions in, a report out.

Every decision goes through `opportunities.supervision.bulk`, one row included, so that each can be undone for ten minutes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leadmaster.accounts.models import User
from leadmaster.lib.admin.confirm import Confirmation, OptionalReasonForm, ReasonForm, confirm_and_run
from leadmaster.lib.screens import spoken
from opportunities.admin.base import require_supervisor_role
from opportunities.admin.decisions import sharing_page
from opportunities.admin.decisions.receivers import Receiver, proposed, receiver_field, receivers
from opportunities.admin.decisions.verbs import PAGES, Verb, address, chosen_in, verbs_for, way_back
from opportunities.badges import first_phone
from opportunities.enums import OpportunityState
from opportunities.errors import Refused
from opportunities.models import Opportunity
from opportunities.policy import EXCEED
from opportunities.queries.latest_message import latest_messages
from opportunities.scope import team_ids_of
from opportunities.state import withdrawal
from opportunities.supervision import bulk
from opportunities.supervision.bulk import BulkReport
from opportunities.supervision.frozen import Seen, seen, written

_SAMPLE: Final = 8
_REFUSED_TOLD: Final = 3


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tab:
    """The same rows, decided by another verb."""

    label: str
    url: str
    chosen: bool


def decide(request: HttpRequest, verb: Verb, *, context: Mapping[str, Any]) -> HttpResponse:
    """GET shows what would happen to the frozen rows; POST does it to each by itself and tells what was refused."""
    user = require_supervisor_role(request)
    asked = chosen_in(request.POST.get("ids") or request.GET.get("ids", ""))
    rows = _rows(user, [one.id for one in asked])
    back = way_back(request, "admin:opportunities_opportunity_changelist")
    if not rows:
        messages.warning(request, _("Elige al menos una oportunidad de tus equipos."))
        return HttpResponseRedirect(back)
    now = timezone.now()
    # Without a version the page that asks is where it was seen. Its button always sends one.
    shown = {row.pk: seen(row) for row in rows} if request.method != "POST" else {}
    ids = [one if one.version is not None else shown.get(one.id, Seen(one.id, 0)) for one in asked]

    def run(data: Mapping[str, Any]) -> str | HttpResponse:
        if verb is Verb.REASSIGN:
            page = {**context, "again": address(verb, ids, back=back), "back": back}
            done = sharing_page.reassign(request, ids, data, by=user, now=now, page=page)
        else:
            done = _do(verb, ids, data, by=user, now=now)
        return done if isinstance(done, HttpResponse) else tell(request, done, PAGES[verb].done)

    found = _receivers(rows, user, now) if verb is Verb.REASSIGN else []
    return confirm_and_run(
        request,
        page=_page(verb, rows, user, now),
        run=run,
        refusals=Refused,
        form_class=_form(verb, found, number=len(rows), may_exceed=user.has_perm(EXCEED)),
        initial={"ids": written(ids), **_proposed(verb, rows, found)},
        back=back,
        context={**context, "tabs": _tabs(verb, rows, ids, back)},
    )


def tell(request: HttpRequest, report: BulkReport, done: tuple[Any, Any]) -> str:
    """What became of it: the refusals as messages, what was done as the sentence to show. Raises Refused for nothing."""
    refused = list(report.refused.values())
    if refused:
        some = " ".join(dict.fromkeys(refused[:_REFUSED_TOLD]))
        rest = len(refused) - _REFUSED_TOLD
        if rest > 0:
            some += " " + ngettext("Y %(n)d más: mira el informe.", "Y %(n)d más: mira el informe.", rest) % {"n": rest}
        if not report.done:
            raise Refused(some)
        messages.error(request, some)
    number = len(report.done)
    return str(done[0] if number == 1 else done[1]) % {"n": number}


def _rows(user: User, ids: Sequence[int]) -> list[Opportunity]:
    """Those of the frozen rows that this person decides about, in the order in which they were chosen."""
    found = (
        Opportunity.objects.filter(pk__in=ids, team_id__in=team_ids_of(user))
        .select_related("client", "owner__user", "stage")
        .prefetch_related("client__contacts")
        .in_bulk()
    )
    return [found[pk] for pk in ids if pk in found]


def _do(verb: Verb, ids: Sequence[Seen], data: Mapping[str, Any], *, by: User, now: dt.datetime) -> BulkReport:
    reason = data["reason"]
    if verb is Verb.POOL:
        return bulk.return_to_pool(ids, by=by, now=now, reason=reason)
    if verb is Verb.CLOSE:
        return bulk.close(ids, by=by, now=now, reason=reason)
    return bulk.give_back(ids, by=by, now=now, reason=reason)


# --- What is asked ----------------------------------------------------------------------------------------------------


def _tabs(verb: Verb, rows: Sequence[Opportunity], ids: Sequence[Seen], back: str) -> list[Tab]:
    """Whoever sees here that another decision is better goes there with the same rows."""
    fit = verbs_for(*(row.state for row in rows))
    return [
        Tab(label=str(PAGES[other].label), url=address(other, ids, back=back), chosen=other is verb) for other in fit
    ]


def _page(verb: Verb, rows: Sequence[Opportunity], user: User, now: dt.datetime) -> Confirmation:
    asks = PAGES[verb]
    fit = [row for row in rows if row.state in asks.states]
    alone = rows[0] if len(rows) == 1 else None
    whose = _name(alone) if alone else ngettext("%(n)d oportunidad", "%(n)d oportunidades", len(fit)) % {"n": len(fit)}
    pending = withdrawal.pending_of(fit) if asks.withdraws else 0
    return Confirmation(
        title=f"{asks.label} · {whose}",
        question=str(asks.question[alone is None]),
        button=str(asks.label) if alone else f"{asks.label} ({len(fit)})",
        facts=_about(alone, user, now) if alone else _counted(rows, fit),
        sample=[] if alone else [_line(row, told=row not in fit) for row in rows[:_SAMPLE]],
        sample_title=_("Por ejemplo, estas") if len(rows) > _SAMPLE else _("Estas"),
        warning=" ".join(filter(None, [_withdrawn(pending), str(asks.warning)])),
        tone=asks.tone,
    )


def _withdrawn(pending: int) -> str:
    """What the former owner's campaigns lose by it."""
    if not pending:
        return ""
    sentence = ngettext(
        "No sale %(n)d mensaje que las campañas de su promotor tenían pendiente.",
        "No salen %(n)d mensajes que las campañas de su promotor tenían pendientes.",
        pending,
    )
    return sentence % {"n": pending}


def _about(row: Opportunity, user: User, now: dt.datetime) -> list[tuple[str, object]]:
    """What somebody asks themselves before deciding about this one."""
    leaving = row.state == OpportunityState.EXIT
    said = latest_messages([row], viewer=user).get(row.pk)
    facts: list[tuple[str, object]] = [
        (_("Teléfono"), first_phone(row)),
        (_("Estado"), "" if leaving else row.get_state_display()),
        (_("Promotor"), str(row.owner) if row.owner else ""),
        (_("Por qué salió"), ": ".join(filter(None, [str(row.stage or ""), row.exit_reason])) if leaving else ""),
        (_("Desde"), spoken(row.state_since, now)),
        (_("Última conversación"), f"“{said.text}” · {said.what}" if said else ""),
    ]
    return [(label, value) for label, value in facts if value]


def _counted(rows: Sequence[Opportunity], fit: Sequence[Opportunity]) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [(_("Oportunidades"), len(fit))]
    if len(rows) > len(fit):
        facts.append((_("Ya no se puede"), len(rows) - len(fit)))
    owners = Counter(str(row.owner) for row in fit if row.owner is not None)
    if owners:
        facts.append((_("De"), ", ".join(f"{owner} ({number})" for owner, number in owners.most_common(_SAMPLE))))
    return facts


def _name(row: Opportunity) -> str:
    return row.client.full_name or str(row)


def _line(row: Opportunity, *, told: bool) -> str:
    """`told`: its state too, because that is why nothing can be done with it."""
    reason = row.exit_reason if row.state == OpportunityState.EXIT else ""
    state = str(row.get_state_display()) if told else ""
    return " · ".join(part for part in (_name(row), first_phone(row), state, reason) if part)


class _Frozen(forms.Form):
    ids = forms.CharField(widget=forms.HiddenInput)


class _CloseForm(_Frozen, ReasonForm):
    pass


class _PlainForm(_Frozen, OptionalReasonForm):
    pass


class _ReassignForm(_Frozen, sharing_page.SharingForm, OptionalReasonForm):
    field_order = ("receiver", "over_quota", "reason")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("over_quota") and not data.get("reason", "").strip():
            self.add_error("reason", _("Escribe por qué se pasa el cupo: queda en el libro."))
        return data


def _receivers(rows: Sequence[Opportunity], user: User, now: dt.datetime) -> list[Receiver]:
    owners = {row.owner_id for row in rows}
    sole = [owner for owner in owners if owner is not None] if len(owners) == 1 else []
    return receivers(user, rows, without=sole, now=now)


def _proposed(verb: Verb, rows: Sequence[Opportunity], found: Sequence[Receiver]) -> dict[str, Any]:
    """What is chosen and written already, for the decision that needs no thinking: one look and one click."""
    if verb is Verb.REASSIGN:
        best = proposed(found, len(rows), not_to={row.owner_id for row in rows})
        return {"receiver": [best.promoter.pk]} if best else {}
    reasons = {row.exit_reason for row in rows if row.state == OpportunityState.EXIT}
    return {"reason": reasons.pop()} if verb is Verb.CLOSE and len(reasons) == 1 else {}


def _form(verb: Verb, found: Sequence[Receiver], *, number: int, may_exceed: bool) -> type[forms.Form]:
    if verb is Verb.CLOSE:
        return _CloseForm
    if verb is not Verb.REASSIGN:
        return _PlainForm
    fields: dict[str, forms.Field] = {"receiver": receiver_field(found, number=number, over_quota=may_exceed)}
    if may_exceed:
        fields["over_quota"] = forms.BooleanField(
            label=gettext_lazy("Pasar su cupo de hoy si hace falta"),
            required=False,
            help_text=gettext_lazy("Sube el límite del día y queda escrito en el libro del cupo, con el motivo."),
        )
    return type("ReassignForm", (_ReassignForm,), fields)
