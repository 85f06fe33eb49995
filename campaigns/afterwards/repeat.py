"""The same message, schedule and settings as a new draft, which is approved as any other."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.afterwards.reasons import retriable
from campaigns.audience.batches import BATCH, Row
from campaigns.audience.import_loop import Job, run_job
from campaigns.audience.import_record import open_record
from campaigns.audience.plan import fillable_template
from campaigns.audience.rows import Person
from campaigns.enums import CampaignState, EnvioState, ScheduleState
from campaigns.errors import Incomplete, NotAllowed
from campaigns.models import Campaign, CampaignEvent, Envio, Schedule, ScheduleWindow
from campaigns.policy import Act, require
from campaigns.rendering import NAME_FIELDS
from leadmaster.accounts.models import User
from leadmaster.lib.clock import business_day
from leadmaster.lib.language import kept

_COPIED = (
    "owner",
    "team",
    "session",
    "template",
    "official_name",
    "official_language",
    "official_parameters",
    "columns",
    "delay_min",
    "delay_max",
    "burst_size",
    "burst_pause",
    "typing",
    "max_attempts",
    "person_rest",
    "error_alert",
    "error_pause",
    "canary_size",
    "keeps_off_holidays",
)
_LONGEST_NAME = 160


class Whom(enum.StrEnum):
    """Who is in the new draft."""

    NOBODY = "nobody"
    # Cancelled, or in error and provably not sent.
    MISSING = "missing"
    EVERYBODY = "everybody"


WORDS = {
    Whom.NOBODY: gettext_lazy("Nadie todavía: importo otra lista"),
    Whom.MISSING: gettext_lazy("Solo a quienes no les llegó"),
    Whom.EVERYBODY: gettext_lazy("A todos otra vez, también a quienes ya la recibieron"),
}


def repeat(campaign: Campaign, *, by: User, now: dt.datetime, name: str = "", whom: Whom = Whom.NOBODY) -> Campaign:
    """A draft like this one. Nobody who was reached is in it unless `whom` says so, and who is in doubt never without.

    Whoever asked for silence meanwhile is left out, as in any import. Raises NotAllowed, or Incomplete for a name that
    is none.
    """
    require(by, Act.EDIT, campaign)
    if not by.has_perm("campaigns.add_campaign"):
        raise NotAllowed(_("No tienes permiso para crear campañas."))
    name = name.strip() or _("%(name)s (otra vez)") % {"name": campaign.name[: _LONGEST_NAME - 20]}
    if len(name) > _LONGEST_NAME:
        raise Incomplete(_("El nombre de la campaña tiene hasta %(most)d caracteres.") % {"most": _LONGEST_NAME})
    draft = _copy(campaign, name=name, by=by, now=now)
    if whom is not Whom.NOBODY:
        _fill(draft, campaign, whom, by=by, now=now)
    return draft


def people(campaign: Campaign, whom: Whom) -> QuerySet[Envio]:
    """Whom the draft would write to."""
    rows = Envio.objects.filter(campaign=campaign).order_by("pk")
    if whom is Whom.NOBODY:
        return rows.none()
    if whom is Whom.EVERYBODY:
        return rows
    errors = retriable(Envio.objects.filter(campaign=campaign, state=EnvioState.ERROR))
    return rows.filter(Q(state=EnvioState.CANCELLED, message_id__isnull=True) | Q(pk__in=errors.values("pk")))


# --- Private ---------------------------------------------------------------------------------------------------------


@transaction.atomic(durable=True)
def _copy(campaign: Campaign, *, name: str, by: User, now: dt.datetime) -> Campaign:
    draft = Campaign.objects.create(name=name, **{field: getattr(campaign, field) for field in _COPIED})
    today = business_day(now, campaign.session.tz)
    for schedule in campaign.schedules.exclude(state=ScheduleState.REJECTED).prefetch_related("windows"):
        # As many days as it had, from today on.
        lasts = None if schedule.ends_on is None else schedule.ends_on - schedule.starts_on
        copied = Schedule.objects.create(
            campaign=draft,
            weekdays=schedule.weekdays,
            starts_on=today,
            ends_on=None if lasts is None else today + lasts,
            daily_cap=schedule.daily_cap,
        )
        ScheduleWindow.objects.bulk_create(
            ScheduleWindow(schedule=copied, opens=window.opens, closes=window.closes)
            for window in schedule.windows.all()
        )
    CampaignEvent.objects.create(
        campaign=draft,
        at=now,
        by=by,
        from_state=CampaignState.DRAFT,
        to_state=CampaignState.DRAFT,
        reason=kept(gettext_lazy("Repite la campaña #%(id)d.")) % {"id": campaign.pk},
    )
    return draft


def _fill(draft: Campaign, campaign: Campaign, whom: Whom, *, by: User, now: dt.datetime) -> None:
    require(by, Act.IMPORT, draft)
    known = [*NAME_FIELDS, *draft.columns]
    template = fillable_template(draft, known)
    rows = people(campaign, whom)
    title = _("Campaña #%(id)d: %(whom)s") % {"id": campaign.pk, "whom": WORDS[whom]}
    record = open_record(
        draft, fields=draft.columns, mapping={"campaign": campaign.pk, "whom": whom.value}, title=title, by=by, now=now
    )
    run_job(Job(campaign=draft, template=template, batches=_batches(rows), total=rows.count(), record=record, now=now))


def _batches(rows: QuerySet[Envio]) -> Iterator[list[Row]]:
    """By keyset: nobody holds a million of them."""
    after = number = 0
    columns = ("pk", "phone", "name", "variables")
    while page := list(rows.filter(pk__gt=after).values_list(*columns)[:BATCH]):
        batch: list[Row] = []
        for pk, phone, name, variables in page:
            number += 1
            values = {str(field): str(value) for field, value in dict(variables).items()}
            batch.append(Person(row=number, raw_phone=phone, phone=phone, name=name, values=values))
            after = pk
        yield batch
