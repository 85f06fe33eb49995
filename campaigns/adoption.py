"""The door for what another system did: campaigns that are over or stand still, and messages in the state they are in.

Nothing that comes in here goes out by itself. A campaign is paused, a draft, or ended; its schedules wait for approval,
so a pending message leaves only after a person approved when it may, and resumed the campaign.

A row comes in with its line of history, which says what the other system knew. `enviado` takes the gateway's id and a
time here as everywhere; what the other system only claims is `historico`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns import totals
from campaigns.engine import person_rest
from campaigns.engine.timing import LOOKUP_AFTER
from campaigns.enums import CAMPAIGN_ENDED, Ack, CampaignState, EnvioState, Evidence, ScheduleState
from campaigns.models import Campaign, CampaignEvent, Envio, EnvioEvent, Schedule, ScheduleWindow
from leadmaster.accounts.models import Team, User
from leadmaster.ops import rollups
from whatsapp.models import WhatsAppSession

# None of them sends.
ADOPTED = (CampaignState.DRAFT, CampaignState.PAUSED, *CAMPAIGN_ENDED)
# It was tried, and not by us: whoever approves the campaign afterwards is asked for again.
_APPROVED = (CampaignState.PAUSED, CampaignState.FINISHED)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PastCampaign:
    name: str
    template: str
    state: CampaignState
    columns: Sequence[str] = ()
    reason: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class PastSchedule:
    """Weekdays as digits, Monday is 0. A rejected one stays rejected; any other waits for approval."""

    weekdays: str
    opens: dt.time
    closes: dt.time
    starts_on: dt.date
    ends_on: dt.date | None
    daily_cap: int
    rejected: bool


@dataclasses.dataclass(frozen=True, kw_only=True)
class PastEnvio:
    """`at` is when the other system says that it happened; `reason` is what is known of it."""

    phone: str
    name: str
    text: str
    state: EnvioState
    variables: Mapping[str, str] = dataclasses.field(default_factory=dict)
    at: dt.datetime | None = None
    message_id: str = ""
    delivered_at: dt.datetime | None = None
    read_at: dt.datetime | None = None
    ack: Ack = Ack.NONE
    error_code: str = ""
    reason: str = ""


def adopt_campaign(
    past: PastCampaign,
    *,
    owner: User,
    team: Team,
    session: WhatsAppSession,
    by: User,
    created_at: dt.datetime,
    now: dt.datetime,
) -> Campaign:
    """Raises ValueError for a state in which a campaign sends."""
    if past.state not in ADOPTED:
        raise ValueError(f"a campaign of another system never comes in as {past.state}")
    approved = past.state in _APPROVED
    campaign = Campaign(
        name=past.name[:160],
        owner=owner,
        team=team,
        session=session,
        template=past.template,
        columns=list(past.columns),
        state=past.state,
        approved_at=now if approved else None,
        approved_by=by if approved else None,
        ended_at=now if past.state in CAMPAIGN_ENDED else None,
    )
    campaign.save()
    Campaign.objects.filter(pk=campaign.pk).update(created_at=created_at)
    CampaignEvent.objects.create(
        campaign=campaign,
        at=now,
        by=by,
        from_state=CampaignState.DRAFT,
        to_state=past.state,
        reason=past.reason[:300],
    )
    return campaign


def adopt_schedule(campaign: Campaign, past: PastSchedule, *, by: User, now: dt.datetime) -> Schedule:
    schedule = Schedule.objects.create(
        campaign=campaign,
        weekdays=past.weekdays,
        starts_on=past.starts_on,
        ends_on=past.ends_on,
        daily_cap=past.daily_cap,
        state=ScheduleState.REJECTED if past.rejected else ScheduleState.PENDING,
        decided_by=by if past.rejected else None,
        decided_at=now if past.rejected else None,
    )
    ScheduleWindow.objects.create(schedule=schedule, opens=past.opens, closes=past.closes)
    return schedule


def adopt_envios(campaign: Campaign, rows: Sequence[PastEnvio], *, by: User, now: dt.datetime) -> list[int]:
    """The ids, in the order of the rows. Runs in the caller's transaction; a phone twice in one campaign is refused by
    the database. Raises ValueError for a campaign that sends: what comes in goes out after a person said so."""
    held = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if held.state not in ADOPTED:
        raise ValueError(f"nobody is added to a campaign that is {held.state}")
    # Whoever writes totals down holds the campaign meanwhile.
    totals.forget(campaign.pk)
    envios = [_envio(campaign, past, now=now) for past in rows]
    Envio.objects.bulk_create(envios)
    rollups.changed({envio.sent_at or envio.ended_at for envio in envios}, now=now)
    person_rest.remember(_lately_written(rows, now), campaign)
    ours = [envio.client_message_id for envio in envios]
    # MySQL gives no ids back from a bulk insert.
    ids = dict(Envio.objects.filter(client_message_id__in=ours).values_list("client_message_id", "pk"))
    EnvioEvent.objects.bulk_create(_lines(zip(envios, rows, strict=True), ids, by=by, now=now))
    return [ids[key] for key in ours]


def _lately_written(rows: Sequence[PastEnvio], now: dt.datetime) -> dict[str, dt.datetime]:
    """Whom the other system wrote to, as far as it says so, within the usual rest."""
    since = now - dt.timedelta(hours=settings.PERSON_REST_HOURS)
    wrote = (EnvioState.SENT, EnvioState.UNCERTAIN, EnvioState.HISTORICAL)
    return {row.phone: row.at for row in rows if row.state in wrote and row.at is not None and row.at > since}


def _envio(campaign: Campaign, past: PastEnvio, *, now: dt.datetime) -> Envio:
    is_sent, is_doubt = past.state == EnvioState.SENT, past.state == EnvioState.UNCERTAIN
    is_over = past.state in (EnvioState.ERROR, EnvioState.CANCELLED, EnvioState.HISTORICAL)
    return Envio(
        campaign=campaign,
        session_id=campaign.session_id,
        phone=past.phone[:20],
        name=past.name[:200],
        variables=dict(past.variables),
        text=past.text,
        state=past.state,
        message_id=past.message_id[:160] if is_sent else None,
        sent_at=past.at if is_sent else None,
        ack=past.ack if is_sent else Ack.NONE,
        delivered_at=past.delivered_at if is_sent else None,
        read_at=past.read_at if is_sent else None,
        ended_at=(past.at or now) if is_over else None,
        error_code=past.error_code,
        error_text=past.reason[:300] if is_doubt or past.error_code else "",
        # No gateway knows our id of a message that another system sent: asking would prove nothing.
        lookups=len(LOOKUP_AFTER) if is_doubt else 0,
        next_due=now,
        created_at=now,
    )


def _lines(
    pairs: Iterable[tuple[Envio, PastEnvio]], ids: Mapping[uuid.UUID, int], *, by: User, now: dt.datetime
) -> list[EnvioEvent]:
    return [
        EnvioEvent(
            envio_id=ids[envio.client_message_id],
            at=now,
            by=by,
            evidence=Evidence.IMPORTED,
            from_state=EnvioState.PENDING,
            to_state=envio.state,
            reason=(past.reason or _("Importado del sistema anterior."))[:300],
        )
        for envio, past in pairs
    ]
