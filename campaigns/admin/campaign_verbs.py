"""What people do to a campaign, each by the confirm recipe: the page says what it touches, the verb is lifecycle's."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django import forms
from django.db.models import Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import lifecycle
from campaigns.admin.campaign_live import LABELS
from campaigns.brakes import watch
from campaigns.enums import EnvioState, ScheduleState
from campaigns.forecast import forecast
from campaigns.lifecycle import Verb
from campaigns.models import Campaign, Envio, Schedule
from campaigns.overlap import overlap
from campaigns.progress import progress
from leadmaster.accounts.models import User
from leadmaster.lib.admin.confirm import Confirmation, NoForm, OptionalReasonForm, ReasonForm, SeenForm
from leadmaster.lib.phones import parsing

_SAMPLE = 5
# People sleep before the one and after the other.
_MORNING, _NIGHT = dt.time(7), dt.time(22)


@dataclasses.dataclass(frozen=True, kw_only=True)
class VerbPage:
    """How one verb is asked about and told. `done` takes the campaign's name."""

    question: Promise
    done: Promise
    run: Callable[[Campaign, User, dt.datetime, Mapping[str, Any]], object]
    form: type[forms.Form] = NoForm
    warning: Promise | str = ""


class ApprovalForm(SeenForm, OptionalReasonForm):
    pass


class RejectionForm(SeenForm, ReasonForm):
    pass


PAGES: dict[Verb, VerbPage] = {
    Verb.SUBMIT: VerbPage(
        question=gettext_lazy(
            "Un supervisor revisa el mensaje, los destinatarios y las programaciones antes de que salga."
        ),
        done=gettext_lazy("“%(name)s” espera la aprobación de un supervisor."),
        run=lambda campaign, by, now, _data: lifecycle.submit(campaign, by=by, now=now),
    ),
    Verb.APPROVE: VerbPage(
        question=gettext_lazy(
            "Apruebas el mensaje, los destinatarios y las programaciones que esperan con la campaña."
        ),
        done=gettext_lazy("“%(name)s” quedó aprobada. Ahora puede ponerse en marcha."),
        run=lambda campaign, by, now, data: lifecycle.approve(campaign, by=by, now=now, **data),
        form=ApprovalForm,
    ),
    Verb.REJECT: VerbPage(
        question=gettext_lazy("La campaña vuelve a borrador y quien la preparó lee el motivo."),
        done=gettext_lazy("“%(name)s” volvió a borrador con tu motivo."),
        run=lambda campaign, by, now, data: lifecycle.reject(campaign, by=by, now=now, **data),
        form=RejectionForm,
    ),
    Verb.LAUNCH: VerbPage(
        question=gettext_lazy(
            "Desde ahora envía por sí sola dentro de sus ventanas, sus cupos y el límite de la sesión."
        ),
        done=gettext_lazy("“%(name)s” está en marcha."),
        run=lambda campaign, by, now, _data: lifecycle.launch(campaign, by=by, now=now),
    ),
    Verb.PAUSE: VerbPage(
        question=gettext_lazy(
            "Deja de enviar hasta que alguien la reanude. A lo sumo sale el mensaje que ya iba en camino."
        ),
        done=gettext_lazy("“%(name)s” quedó en pausa."),
        run=lambda campaign, by, now, data: lifecycle.pause(campaign, by=by, now=now, reason=data["reason"]),
        form=OptionalReasonForm,
    ),
    Verb.RESUME: VerbPage(
        question=gettext_lazy("Vuelve a enviar desde donde quedó, dentro de sus ventanas y cupos."),
        done=gettext_lazy("“%(name)s” vuelve a enviar."),
        run=lambda campaign, by, now, data: lifecycle.resume(campaign, by=by, now=now, reason=data["reason"]),
        form=OptionalReasonForm,
    ),
    Verb.CANCEL: VerbPage(
        question=gettext_lazy(
            "Termina la campaña: lo que está pendiente no se envía nunca. Lo que ya salió no se toca."
        ),
        done=gettext_lazy("“%(name)s” quedó cancelada."),
        run=lambda campaign, by, now, data: lifecycle.cancel(campaign, by=by, now=now, reason=data["reason"]),
        form=ReasonForm,
        warning=gettext_lazy("No se puede deshacer."),
    ),
}


def confirmation(campaign: Campaign, verb: Verb, now: dt.datetime) -> Confirmation:
    """What this verb would touch: counts, and a sample of people or of messages."""
    facts, sample, title = _touched(campaign, verb, now)
    page = PAGES[verb]
    return Confirmation(
        title=f"{LABELS[verb]} · {campaign.name}",
        question=str(page.question),
        button=str(LABELS[verb]),
        facts=facts,
        sample=sample,
        sample_title=title,
        warning=str(page.warning),
        tone="danger" if verb in {Verb.CANCEL, Verb.REJECT} else "primary",
    )


def brake_page(campaign: Campaign, now: dt.datetime) -> Confirmation:
    """What holds it, and what letting go means."""
    held = watch.holding(campaign, now)
    return Confirmation(
        title=_("Soltar el freno · %(name)s") % {"name": campaign.name},
        question=_(
            "La campaña vuelve a enviar, y lo que pasó hasta ahora deja de contar. Hazlo cuando sepas por qué se frenó."
        ),
        button=_("Soltar el freno"),
        facts=[(str(kind.label), why) for kind, why in held.items()] or [(_("Frenos"), _("Ninguno la detiene."))],
    )


def _touched(campaign: Campaign, verb: Verb, now: dt.datetime) -> tuple[list[tuple[str, object]], list[str], str]:
    done = progress(campaign)
    pending = done.counts[EnvioState.PENDING]
    counts = (
        (_("Pendientes que no saldrán") if verb is Verb.CANCEL else _("Mensajes pendientes"), pending),
        (_("Ya enviados"), done.sent + done.counts[EnvioState.SENT_BY_HAND]),
        (_("En camino ahora"), done.counts[EnvioState.SENDING]),
        (_("Inciertos"), done.counts[EnvioState.UNCERTAIN]),
    )
    # The pending are the point; of the others, only what is there.
    facts: list[tuple[str, object]] = [counts[0], *(count for count in counts[1:] if count[1])]
    rows = Envio.objects.filter(campaign=campaign, state=EnvioState.PENDING).order_by("next_due", "id")
    if verb is Verb.CANCEL:
        return (
            facts,
            [_who(envio) for envio in rows.only("name", "phone")[:_SAMPLE]],
            _("Por ejemplo, a estas personas"),
        )
    if verb in {Verb.SUBMIT, Verb.APPROVE, Verb.LAUNCH}:
        waiting = campaign.schedules.exclude(state=ScheduleState.REJECTED).prefetch_related("windows")
        if left_out := exclusions(campaign):
            facts.append((_("Quedaron fuera"), left_out))
        facts.append((_("Programaciones"), " / ".join(_when(schedule) for schedule in waiting) or "—"))
        facts.append((_("Feriados"), _("No envía") if campaign.keeps_off_holidays else _("Envía igual")))
        facts.append((_("Previsión"), forecast(campaign, now, done=done).sentence))
        facts += [(_("Ojo"), remark) for remark in remarks(waiting)]
        if told := overlap(campaign, now).sentences(now):
            facts.append((_("Otras campañas"), " ".join(told)))
        return (
            facts,
            [f"{_who(envio)}: {envio.text}" for envio in rows.only("name", "phone", "text")[:3]],
            _("Así les llega"),
        )
    return facts, [], ""


def exclusions(campaign: Campaign) -> str:
    """Who was in the lists and gets nothing, and why; empty when everybody does."""
    sums = campaign.imports.order_by().aggregate(
        rows=Sum("rows"),
        duplicates=Sum("duplicates"),
        invalid=Sum("invalid"),
        opted_out=Sum("opted_out"),
        already_there=Sum("already_there"),
    )
    counts = {name: number or 0 for name, number in sums.items()}
    parts = (
        (counts["opted_out"], _("pidieron no recibir mensajes")),
        (counts["duplicates"] + counts["already_there"], _("repetidos")),
        (counts["invalid"], _("con el teléfono o los datos mal")),
    )
    left_out = sum(number for number, _why in parts)
    if not left_out:
        return ""
    told = ", ".join(f"{number} {why}" for number, why in parts if number)
    return _("%(n)d de %(rows)d: %(told)s") % {"n": left_out, "rows": counts["rows"], "told": told}


def remarks(schedules: Iterable[Schedule]) -> list[str]:
    """What whoever approves may want to look at twice."""
    every_hour = any(window.opens == window.closes == dt.time(0) for one in schedules for window in one.windows.all())
    at_night = any(
        window.opens < _MORNING or window.opens >= _NIGHT or dt.time(0) < window.closes <= _MORNING
        for one in schedules
        for window in one.windows.all()
    )
    if every_hour:
        return [_("Una ventana dura todo el día, también de noche.")]
    return [_("Una ventana abre de noche o de madrugada.")] if at_night else []


def _who(envio: Envio) -> str:
    number = parsing.pretty(envio.phone)
    return f"{envio.name} · {number}" if envio.name else number


def _when(schedule: Any) -> str:
    return f"{schedule} ({', '.join(str(window) for window in schedule.windows.all())})"
