"""A promoter writes to their own clients: a draft campaign from their open opportunities, approved like any other.

Only what is theirs now: active, and not overdue. Whoever loses one of them before the draft is written is not in it,
and whoever loses one later takes it out (`withdrawing`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns.audience.batches import BATCH
from campaigns.audience.clients import (
    CLIENT_FIELDS,
    AddReport,
    People,
    add_clients,
    first_phones,
    name_of,
    read_fields,
    values_of_client,
)
from campaigns.audience.plan import fillable_template
from campaigns.errors import Refused as CampaignRefused
from campaigns.models import Campaign, RecipientImport, Schedule, ScheduleWindow
from campaigns.policy import Act
from campaigns.rendering import NAME_FIELDS, MissingValuesError, Template, UnsendableTextError, values_of
from leadmaster.calendars.arithmetic import Hours
from leadmaster.directory.models import Client
from leadmaster.lib.clock import business_day
from opportunities.assignment import request_keys
from opportunities.assignment.request_keys import Operation
from opportunities.errors import Incomplete, NotAllowed, WrongState
from opportunities.models import Opportunity, Promoter
from opportunities.policy import promoter_of
from opportunities.querysets import OpportunityQuerySet
from whatsapp.models import WhatsAppSession

_CREATE = "campaigns.add_campaign"
_KEY = "opportunities"
_LONGEST_NAME = 160


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """Which of their opportunities: these ids, or those of a stage that meet a condition; all of them by default."""

    ids: frozenset[int] | None = None
    stage: int | None = None
    where: Q = dataclasses.field(default_factory=Q)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewCampaign:
    """What the promoter wrote."""

    name: str
    template: str
    session: WhatsAppSession
    choice: Choice


@dataclasses.dataclass(frozen=True, kw_only=True)
class Drafted:
    """The draft, and what became of the chosen ones: who was left out is counted with its reason."""

    campaign: Campaign
    report: RecipientImport


def own_rows(promoter: Promoter, choice: Choice, *, now: dt.datetime) -> OpportunityQuerySet:
    """The chosen ones among what this promoter is working now."""
    rows = Opportunity.objects.filter(choice.where, owner=promoter).on_time(now)
    if choice.ids is not None:
        rows = rows.filter(id__in=choice.ids)
    return rows if choice.stage is None else rows.filter(stage=choice.stage)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Example:
    """How the message reaches one of the chosen ones; `problem` says why it can't be written."""

    name: str
    text: str
    problem: str


def examples(promoter: Promoter, asked: NewCampaign, *, now: dt.datetime, most: int = 3) -> list[Example]:
    """The message as the first few would get it. Raises AudienceError for one that nobody's data can fill."""
    template = fillable_template(Campaign(template=asked.template), [*NAME_FIELDS, *CLIENT_FIELDS])
    rows = own_rows(promoter, asked.choice, now=now).select_related("client").order_by("id")[:most]
    clients = [row.client for row in rows]
    phones = first_phones(clients)
    return [
        _example(client, template, phone=phones.get(client.pk, ""), region=asked.session.region) for client in clients
    ]


def _example(client: Client, template: Template, *, phone: str, region: str) -> Example:
    name = name_of(client)
    try:
        text = template.render(values_of(name, values_of_client(client, region=region)), seed=phone)
    except (MissingValuesError, UnsendableTextError) as problem:
        return Example(name=client.full_name, text="", problem=str(problem))
    return Example(name=client.full_name, text=text, problem="")


def sessions_of(promoter: Promoter) -> list[WhatsAppSession]:
    """The lines that this promoter may write through: their own, in their team."""
    return list(WhatsAppSession.objects.filter(owner=promoter.user, team=promoter.desk.team))


def draft_campaign(promoter: Promoter, asked: NewCampaign, *, key: str, now: dt.datetime) -> Drafted:
    """Write a draft in the promoter's name, with its recipients and the desk's hours; somebody else approves it.

    A key that was seen before answers with the same draft. Raises NotAllowed, Incomplete (nobody chosen, nobody who may
    be written to, no such line) or AudienceError (a message that the clients' data can't fill); nothing is left then.
    """
    promoter = promoter_of(promoter.user)
    if not promoter.user.has_perm(_CREATE) or not promoter.user.has_perm(Act.IMPORT):
        raise NotAllowed(_("No puedes crear campañas. Habla con tu supervisor."))
    request_keys.require_key(Operation.CAMPAIGN, key)
    answer = request_keys.answered(promoter, Operation.CAMPAIGN, key)
    done = None if answer is None else _drafted(answer)
    if done is None:
        _check(promoter, asked, now=now)
        done = request_keys.once(
            promoter,
            Operation.CAMPAIGN,
            key,
            act=lambda: _open(promoter, asked, key=key, now=now),
            again=_drafted,
        )
    return _fill(done, promoter, asked, key=key, now=now)


# --- The draft --------------------------------------------------------------------------------------------------------


def _check(promoter: Promoter, asked: NewCampaign, *, now: dt.datetime) -> None:
    if not asked.name.strip():
        raise Incomplete(_("Ponle un nombre a la campaña."))
    if asked.session not in sessions_of(promoter):
        raise Incomplete(_("Elige una línea de WhatsApp que sea tuya."))
    if not asked.template.strip():
        raise Incomplete(_("Escribe el mensaje de la campaña."))
    fillable_template(Campaign(template=asked.template), [*NAME_FIELDS, *CLIENT_FIELDS])
    if not own_rows(promoter, asked.choice, now=now).exists():
        raise Incomplete(_("Ninguna de tus oportunidades cumple lo que elegiste."))


@transaction.atomic(durable=True)
def _open(promoter: Promoter, asked: NewCampaign, *, key: str, now: dt.datetime) -> Campaign:
    request = request_keys.begin(promoter, Operation.CAMPAIGN, key, now=now)
    session = asked.session
    campaign = Campaign.objects.create(
        name=asked.name.strip()[:_LONGEST_NAME],
        owner=promoter.user,
        team=session.team,
        session=session,
        template=asked.template,
    )
    for weekdays, hours in _shifts(promoter):
        schedule = Schedule.objects.create(
            campaign=campaign,
            weekdays=weekdays,
            starts_on=business_day(now, session.tz),
            daily_cap=max(session.daily_limit, 1),
        )
        ScheduleWindow.objects.bulk_create(
            ScheduleWindow(schedule=schedule, opens=window.opens, closes=window.closes) for window in hours.windows
        )
    request_keys.keep(request, {"campaign": campaign.pk})
    return campaign


def _shifts(promoter: Promoter) -> list[tuple[str, Hours]]:
    """The desk's hours as schedules: the weekdays that keep the same hours go together."""
    days: dict[Hours, str] = {}
    for weekday, hours in enumerate(promoter.desk.calendar.week()):
        if hours.windows:
            days[hours] = days.get(hours, "") + str(weekday)
    return [(weekdays, hours) for hours, weekdays in days.items()]


def _drafted(answer: Mapping[str, Any]) -> Campaign:
    campaign = Campaign.objects.filter(pk=answer["campaign"]).first()
    if campaign is None:
        raise WrongState(_("Ese borrador ya se borró: vuelve a empezar la campaña."))
    return campaign


# --- Its recipients ---------------------------------------------------------------------------------------------------


def _fill(campaign: Campaign, promoter: Promoter, asked: NewCampaign, *, key: str, now: dt.datetime) -> Drafted:
    """Add the chosen ones, once; a draft that nobody may be written to is taken back."""
    found = campaign.imports.order_by("id").first()
    if found is not None:
        return Drafted(campaign=campaign, report=found)
    try:
        report = add_clients(campaign, _people(promoter, asked.choice, now=now), by=promoter.user, now=now)
        if not report.accepted:
            raise Incomplete(_nobody(report))
    except (CampaignRefused, Incomplete):
        _take_back(campaign, promoter, key)
        raise
    campaign.refresh_from_db()
    return Drafted(campaign=campaign, report=campaign.imports.latest("id"))


def _people(promoter: Promoter, choice: Choice, *, now: dt.datetime) -> People:
    def excluded(ids: Collection[int]) -> dict[int, str]:
        """Locked until the envíos are written: whoever takes one of them away waits, and then finds its envío."""
        with transaction.atomic():
            rows = own_rows(promoter, Choice(), now=now).filter(open_client__in=ids).order_by("id")
            still = set(rows.select_for_update().values_list("client_id", flat=True))
        return dict.fromkeys(set(ids) - still, _("Ya no está en tus manos."))

    return People(
        pages=_pages(own_rows(promoter, choice, now=now)),
        title=_("Mis oportunidades"),
        mapping={_KEY: {"stage": choice.stage, "ids": sorted(choice.ids) if choice.ids is not None else None}},
        excluded=excluded,
    )


def _pages(rows: OpportunityQuerySet) -> Iterator[Sequence[Client]]:
    last = 0
    while page := list(rows.filter(id__gt=last).order_by("id").values_list("id", "client_id")[:BATCH]):
        clients = Client.objects.only(*read_fields()).in_bulk([client_id for _id, client_id in page])
        yield [clients[client_id] for _id, client_id in page]
        last = page[-1][0]


def _nobody(report: AddReport) -> str:
    if report.opted_out == report.rows:
        return _("Todos los que elegiste pidieron no recibir mensajes.")
    return _(
        "No queda nadie a quien escribirle: %(opted_out)d pidieron no recibir mensajes y %(invalid)d no tienen "
        "teléfono válido o algún dato que el mensaje usa."
    ) % {"opted_out": report.opted_out, "invalid": report.invalid + report.duplicates}


@transaction.atomic(durable=True)
def _take_back(campaign: Campaign, promoter: Promoter, key: str) -> None:
    request_keys.forget(promoter, Operation.CAMPAIGN, key)
    if not campaign.envios.exists():
        campaign.delete()
