"""The one door to `Campaign.state`: what people (and the end of the work) do to a campaign.

Every verb checks the person, takes the step by compare-and-set, writes the history line in the same transaction, and
raises `Refused` with a sentence when it can't. `by=None` is the system.
"""

from __future__ import annotations

import datetime as dt
import enum
import functools
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, cast

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from campaigns import envio_states, holds, versions
from campaigns.audience.import_record import interrupt_lost
from campaigns.enums import CAMPAIGN_ENDED, BrakeKind, CampaignState, EnvioState, Evidence, ScheduleState
from campaigns.errors import Incomplete, WrongState
from campaigns.models import Campaign, CampaignEvent, Envio, RecipientImport, Schedule
from campaigns.policy import Act, may, require
from campaigns.template_checks import check_template
from leadmaster.accounts.models import User
from leadmaster.lib.db.retry import retrying

S = CampaignState


class Verb(enum.StrEnum):
    SUBMIT = "submit"
    REJECT = "reject"
    APPROVE = "approve"
    LAUNCH = "launch"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    FINISH = "finish"


# verb → from which states, to which state, and the permission it takes.
TABLE: dict[Verb, tuple[tuple[CampaignState, ...], CampaignState, Act]] = {
    Verb.SUBMIT: ((S.DRAFT,), S.AWAITING_APPROVAL, Act.OPERATE),
    Verb.REJECT: ((S.AWAITING_APPROVAL, S.APPROVED), S.DRAFT, Act.APPROVE),
    Verb.APPROVE: ((S.AWAITING_APPROVAL,), S.APPROVED, Act.APPROVE),
    Verb.LAUNCH: ((S.APPROVED,), S.RUNNING, Act.OPERATE),
    Verb.PAUSE: ((S.RUNNING,), S.PAUSED, Act.OPERATE),
    Verb.RESUME: ((S.PAUSED,), S.RUNNING, Act.OPERATE),
    Verb.CANCEL: ((S.DRAFT, S.AWAITING_APPROVAL, S.APPROVED, S.RUNNING, S.PAUSED), S.CANCELLED, Act.OPERATE),
    Verb.FINISH: ((S.RUNNING,), S.FINISHED, Act.OPERATE),
}

_CANCEL_BATCH = 500
_ADDING = (RecipientImport.State.QUEUED, RecipientImport.State.RUNNING)


P = ParamSpec("P")


def _verb(verb: Verb) -> Callable[[Callable[P, Campaign]], Callable[P, Campaign]]:
    """One durable transaction, again when the database gives up; the person is asked for before anything else.

    So nobody learns what a campaign lacks that is not theirs to act on.
    """

    def decorate(step: Callable[P, Campaign]) -> Callable[P, Campaign]:
        @functools.wraps(step)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Campaign:
            require(cast("User | None", kwargs.get("by")), TABLE[verb][2], cast("Campaign", args[0]))

            def once() -> Campaign:
                with transaction.atomic(durable=True):
                    return step(*args, **kwargs)

            return retrying(once)

        return guarded

    return decorate


def allowed_verbs(campaign: Campaign) -> list[Verb]:
    """The verbs that this campaign's state admits, for buttons."""
    return [verb for verb, (sources, _target, _act) in TABLE.items() if campaign.state in sources]


@_verb(Verb.SUBMIT)
def submit(campaign: Campaign, *, by: User | None, now: dt.datetime) -> Campaign:
    """Hand a draft to whoever approves. Raises Incomplete naming what is missing.

    From here on nobody is added: what is approved is what goes out. So an import that is at work is waited for.
    """
    # An import locks the row with every batch: none begins between the look and the step.
    Campaign.objects.select_for_update().get(pk=campaign.pk)
    _check_nobody_arrives(campaign, now=now)
    _check_complete(campaign)
    return _step(campaign, Verb.SUBMIT, by=by, now=now, submitted_at=now)


@_verb(Verb.REJECT)
def reject(
    campaign: Campaign, *, by: User | None, now: dt.datetime, reason: str, version: str | None = None
) -> Campaign:
    """Back to draft, with the reason its owner reads. Raises Stale when it is not as they saw it: see `approve`."""
    if not reason.strip():
        raise Incomplete(_("Escribe el motivo del rechazo: lo leerá quien preparó la campaña."))
    _require_version(campaign, Verb.REJECT, version)
    return _step(campaign, Verb.REJECT, by=by, now=now, reason=reason, approved_at=None, approved_by=None)


@_verb(Verb.APPROVE)
def approve(
    campaign: Campaign, *, by: User, now: dt.datetime, reason: str = "", version: str | None = None
) -> Campaign:
    """Approve the campaign and the schedules that wait with it.

    Raises Stale when it is not as this person saw it (`versions.of_campaign`); without a `version` they decide about
    whatever it has become.
    """
    zone = _require_version(campaign, Verb.APPROVE, version).session.time_zone
    _check_complete(campaign)
    campaign = _step(campaign, Verb.APPROVE, by=by, now=now, reason=reason, approved_at=now, approved_by=by)
    campaign.schedules.awaiting_approval().update(
        state=ScheduleState.APPROVED, decided_by=by, decided_at=now, zone=zone
    )
    return campaign


@_verb(Verb.LAUNCH)
def launch(campaign: Campaign, *, by: User | None, now: dt.datetime) -> Campaign:
    """From here on its windows decide when it sends."""
    if not campaign.schedules.in_force().exists():
        raise Incomplete(_("La campaña no tiene ninguna programación aprobada. Agrega una y pide que la aprueben."))
    campaign = _step(campaign, Verb.LAUNCH, by=by, now=now, launched_at=now)
    holds.release_first(campaign)
    return campaign


@_verb(Verb.PAUSE)
def pause(campaign: Campaign, *, by: User | None, now: dt.datetime, reason: str = "") -> Campaign:
    """Stop sending. At most the message that is in flight still goes out."""
    return _step(campaign, Verb.PAUSE, by=by, now=now, reason=reason)


@_verb(Verb.RESUME)
def resume(campaign: Campaign, *, by: User | None, now: dt.datetime, reason: str = "") -> Campaign:
    """Send again. What a brake paused is let go by `release` alone."""
    held = holds.open_of(campaign)
    if held:
        raise WrongState(
            _("La campaña “%(name)s” se frenó sola: %(why)s. Un supervisor suelta el freno, con un motivo.")
            % {"name": campaign.name, "why": held[0].detail}
        )
    return _step(campaign, Verb.RESUME, by=by, now=now, reason=reason)


@_verb(Verb.PAUSE)
def brake(campaign: Campaign, *, kind: BrakeKind, detail: str, by: None, now: dt.datetime) -> Campaign:
    """A brake stops it: a machine's pause, which only `release` ends. Raises WrongState when it runs no more."""
    reason = _("Se frenó sola: %(why)s.") % {"why": detail}
    campaign = _step(campaign, Verb.PAUSE, by=by, now=now, reason=reason)
    holds.open_one(campaign, kind, detail=detail, now=now)
    return campaign


def release(campaign: Campaign, *, kind: BrakeKind, by: User, reason: str, now: dt.datetime) -> Campaign:
    """Let go of the brake that paused it, in the caller's transaction; it sends again."""
    require(by, Act.APPROVE, campaign)
    holds.close(campaign, kind, by=by, reason=reason, now=now)
    return _step(campaign, Verb.RESUME, by=by, now=now, reason=reason)


def cancel(campaign: Campaign, *, by: User | None, now: dt.datetime, reason: str) -> Campaign:
    """End it: what is pending becomes `cancelado`; what is in flight is still told truthfully."""
    campaign = _cancel(campaign, by=by, now=now, reason=reason)
    sweep_cancelled(campaign, by=by, now=now, reason=reason)
    return campaign


@_verb(Verb.CANCEL)
def _cancel(campaign: Campaign, *, by: User | None, now: dt.datetime, reason: str) -> Campaign:
    if not reason.strip():
        raise Incomplete(_("Escribe por qué se cancela: queda en el historial."))
    holds.close(campaign, by=by, reason=reason, now=now)
    return _step(campaign, Verb.CANCEL, by=by, now=now, reason=reason, ended_at=now)


@_verb(Verb.FINISH)
def finish(campaign: Campaign, *, now: dt.datetime) -> Campaign:
    """Close a running campaign that has nothing open left. Raises WrongState while it has."""
    if Envio.objects.filter(campaign=campaign, state__in=_OPEN).exists():
        raise WrongState(_("La campaña todavía tiene envíos abiertos."))
    return _step(campaign, Verb.FINISH, by=None, now=now, ended_at=now)


def finish_done(now: dt.datetime) -> None:
    """Close every running campaign that has nothing open left. One query when there is none."""
    open_ones = Envio.objects.filter(campaign=OuterRef("pk"), state__in=_OPEN)
    for campaign in Campaign.objects.running().filter(~Exists(open_ones)).order_by("id"):
        try:
            retrying(functools.partial(finish, campaign, now=now))
        except WrongState:
            continue


_OPEN = (EnvioState.PENDING, EnvioState.SENDING, EnvioState.UNCERTAIN)


def sweep_cancelled(campaign: Campaign, *, by: User | None, now: dt.datetime, reason: str) -> int:
    """Turn what is pending in a cancelled campaign into `cancelado`, in short transactions. Safe to repeat."""
    swept = 0
    while some := retrying(functools.partial(_sweep_some, campaign, by=by, now=now, reason=reason)):
        swept += some
    return swept


@transaction.atomic(durable=True)
def _sweep_some(campaign: Campaign, *, by: User | None, now: dt.datetime, reason: str) -> int:
    ids = list(
        Envio.objects.filter(campaign=campaign, state=EnvioState.PENDING)
        .order_by("id")
        .select_for_update(skip_locked=True)
        .values_list("id", flat=True)[:_CANCEL_BATCH]
    )
    if not ids:
        return 0
    moved = envio_states.move(*ids, source=EnvioState.PENDING, target=EnvioState.CANCELLED, ended_at=now)
    envio_states.record(
        ids,
        source=EnvioState.PENDING,
        target=EnvioState.CANCELLED,
        evidence=Evidence.CAMPAIGN,
        now=now,
        by=by,
        reason=reason,
    )
    return moved


@transaction.atomic(durable=True)
def decide_schedule(
    schedule: Schedule, *, approve: bool, by: User, now: dt.datetime, version: str | None = None
) -> Schedule:
    """Approve or reject one schedule, for those added after the campaign was approved, or whose line changed its zone.

    Raises Stale when it is not as this person saw it (`versions.of_schedule`).
    """
    require(by, Act.APPROVE, schedule.campaign)
    Campaign.objects.select_for_update().get(pk=schedule.campaign_id)
    seen = Schedule.objects.select_related("campaign__session").get(pk=schedule.pk)
    if version is not None:
        versions.require_schedule(seen, version)
    state = ScheduleState.APPROVED if approve else ScheduleState.REJECTED
    # The zone that was compared: of one that changes meanwhile nobody has approved the hours.
    zone = seen.campaign.session.time_zone
    Schedule.objects.filter(pk=schedule.pk).update(state=state, decided_by=by, decided_at=now, zone=zone)
    schedule.refresh_from_db()
    return schedule


def may_change_schedules(user: User | AnonymousUser | None, campaign: Campaign) -> bool:
    """Whether this person may change when it sends. What waits for approval only whoever approves may change.

    Otherwise somebody would approve what they did not see.
    """
    if campaign.state in CAMPAIGN_ENDED:
        return False
    return may(user, Act.APPROVE if campaign.state == S.AWAITING_APPROVAL else Act.EDIT, campaign)


def hold_schedules(campaign: Campaign, *, by: User | None) -> None:
    """Raise unless `by` may change when this campaign sends, and hold its state until the caller's transaction ends."""
    require(by, Act.EDIT, campaign)
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if locked.state in CAMPAIGN_ENDED:
        raise WrongState(_("La campaña ya terminó: su programación no se cambia."))
    if not may_change_schedules(by, locked):
        raise WrongState(_("La campaña espera aprobación: para cambiar cuándo sale, pide antes que la rechacen."))


@transaction.atomic
def schedule_changed(schedule: Schedule, changed: Mapping[str, tuple[Any, Any]]) -> bool:
    """An edited schedule waits for approval again; whether it does now. Called by whatever form or API saved it.

    `changed` is what it said before and says now, by field. A lower daily cap sends nothing that was not approved.
    """
    before, after = changed.get("daily_cap", (0, 0))
    if changed.keys() <= {"daily_cap"} and after <= before:
        return False
    Schedule.objects.filter(pk=schedule.pk).update(
        state=ScheduleState.PENDING, decided_by=None, decided_at=None, zone=""
    )
    schedule.refresh_from_db()
    return True


def _step(
    campaign: Campaign, verb: Verb, *, by: User | None, now: dt.datetime, reason: str = "", **fields: Any
) -> Campaign:
    sources, target, _act = TABLE[verb]
    source = Campaign.objects.values_list("state", flat=True).get(pk=campaign.pk)
    moved = 0
    if source in sources:
        moved = Campaign.objects.filter(pk=campaign.pk, state=source).update(state=target, **fields)
    if moved != 1:
        campaign.refresh_from_db()
        raise WrongState(
            _("La campaña “%(name)s” está %(state)s: desde ahí no se puede hacer esto. Actualiza la página.")
            % {"name": campaign.name, "state": campaign.get_state_display().lower()}
        )
    CampaignEvent.objects.create(
        campaign=campaign, at=now, by=by, from_state=source, to_state=target, reason=reason.strip()[:300]
    )
    campaign.refresh_from_db()
    return campaign


def _require_version(campaign: Campaign, verb: Verb, version: str | None) -> Campaign:
    """The campaign as it was compared, with its line. Whoever writes it or its schedules holds the row, so none of it changes between the look and the step.

    Of one that is past this step already, the step tells where it is.
    """
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if version is not None and locked.state in TABLE[verb][0]:
        versions.require(locked, version)
    return locked


def _check_nobody_arrives(campaign: Campaign, *, now: dt.datetime) -> None:
    """Raise Incomplete while recipients are still being added."""
    interrupt_lost(now)
    if campaign.imports.filter(state__in=_ADDING).exists():
        raise Incomplete(
            _("Todavía se están agregando destinatarios: espera a que termine la importación y vuelve a enviarla.")
        )


def has_schedule(campaign: Campaign) -> bool:
    """Whether there is a time at which it may send, once that is approved."""
    return campaign.schedules.filter(windows__isnull=False).exclude(state=ScheduleState.REJECTED).exists()


def _check_complete(campaign: Campaign) -> None:
    # Judged as it stands now: an import may have brought columns since the caller read it.
    campaign.refresh_from_db()
    missing = []
    if not Envio.objects.filter(campaign=campaign).exists():
        missing.append(_("importa los destinatarios"))
    if not has_schedule(campaign):
        missing.append(_("agrega una programación con al menos una ventana"))
    if missing:
        raise Incomplete(_("Antes de seguir: %(steps)s.") % {"steps": "; ".join(missing)})
    check_template(campaign.template, columns=campaign.columns)
