"""The sender's rows. States may be asked for directly: the row then carries what the constraints demand of it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from campaigns.enums import (
    CAMPAIGN_ENDED,
    Ack,
    AttemptOutcome,
    AutomaticKind,
    CampaignState,
    ConversationState,
    EnvioState,
    Evidence,
    HeldBack,
    ScheduleState,
)
from campaigns.models import (
    Attempt,
    AutomaticAnswer,
    AutomaticRule,
    Campaign,
    CampaignEvent,
    Conversation,
    Envio,
    EnvioEvent,
    JournalReport,
    Lane,
    RecipientImport,
    Reply,
    Restore,
    Schedule,
    ScheduleDay,
    ScheduleWindow,
    Sender,
    SenderSwitch,
    SessionDay,
    Tick,
)
from leadmaster.accounts.roles import Role
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.whatsapp import WhatsAppSessionFactory

_NEEDS_APPROVAL = (CampaignState.APPROVED, CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.FINISHED)
_LAUNCHED = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.FINISHED)


class CampaignFactory(DjangoModelFactory[Campaign]):
    """A draft of its own owner, team and READY session, without recipients or schedules."""

    class Meta:
        model = Campaign

    name = factory.Sequence(lambda n: f"Campaña {n}")
    owner = factory.SubFactory(UserFactory)
    team = factory.SubFactory(TeamFactory)
    session = factory.SubFactory(WhatsAppSessionFactory, team=factory.SelfAttribute("..team"))
    template = "Hola {nombre_destino}, te escribe {nombre}."
    state = CampaignState.DRAFT
    approved_by = factory.Maybe(
        factory.LazyAttribute(lambda campaign: campaign.state in _NEEDS_APPROVAL),
        yes_declaration=factory.SubFactory(UserFactory, role=Role.SUPERVISOR),
        no_declaration=None,
    )
    approved_at = factory.LazyAttribute(lambda row: timezone.now() if row.state in _NEEDS_APPROVAL else None)
    launched_at = factory.LazyAttribute(lambda row: timezone.now() if row.state in _LAUNCHED else None)
    ended_at = factory.LazyAttribute(lambda row: timezone.now() if row.state in CAMPAIGN_ENDED else None)


class CampaignEventFactory(DjangoModelFactory[CampaignEvent]):
    class Meta:
        model = CampaignEvent

    campaign = factory.SubFactory(CampaignFactory)
    at = factory.LazyFunction(timezone.now)
    from_state = CampaignState.DRAFT
    to_state = CampaignState.AWAITING_APPROVAL


class ScheduleFactory(DjangoModelFactory[Schedule]):
    """Waits for approval, every day of the week, all day long. `windows=[(dt.time(9), dt.time(13)), …]` says others.

    `state=APPROVED` or `REJECTED` brings somebody who decided.
    """

    class Meta:
        model = Schedule
        skip_postgeneration_save = True

    campaign = factory.SubFactory(CampaignFactory)
    weekdays = "0123456"
    starts_on = dt.date(2026, 1, 1)
    ends_on = None
    daily_cap = 180
    state = ScheduleState.PENDING
    decided_by = factory.Maybe(
        factory.LazyAttribute(lambda schedule: schedule.state != ScheduleState.PENDING),
        yes_declaration=factory.SubFactory(UserFactory, role=Role.SUPERVISOR),
        no_declaration=None,
    )
    decided_at = factory.LazyAttribute(lambda row: timezone.now() if row.state != ScheduleState.PENDING else None)
    zone = factory.LazyAttribute(
        lambda row: row.campaign.session.time_zone if row.state == ScheduleState.APPROVED else ""
    )

    @factory.post_generation
    def windows(self: Schedule, create: bool, extracted: Sequence[tuple[dt.time, dt.time]] | None, **_: Any) -> None:
        if not create:
            return
        all_day = [(dt.time(0), dt.time(0))]
        ScheduleWindow.objects.bulk_create(
            [
                ScheduleWindow(schedule=self, opens=opens, closes=closes)
                for opens, closes in (all_day if extracted is None else extracted)
            ]
        )


class LaneFactory(DjangoModelFactory[Lane]):
    """A free lane; `busy=True` brings token and lease."""

    class Meta:
        model = Lane

    session = factory.SubFactory(WhatsAppSessionFactory)
    slot = factory.Sequence(lambda n: n)
    busy = False
    next_due = factory.LazyFunction(timezone.now)
    token = factory.LazyAttribute(lambda lane: uuid.uuid4() if lane.busy else None)
    lease_until = factory.LazyAttribute(lambda lane: timezone.now() + dt.timedelta(minutes=5) if lane.busy else None)


class EnvioFactory(DjangoModelFactory[Envio]):
    """A pending envío of a draft, in its campaign's session, to a number of its own.

    `state=` may be any state: SENT brings `message_id` and `sent_at`, SENDING a busy lane with the same token and
    lease, SENT_BY_HAND its author and reason. `ack=` brings a time for each step reached.
    """

    class Meta:
        model = Envio

    class Params:
        sent = factory.LazyAttribute(lambda envio: envio.state == EnvioState.SENT)
        in_flight = factory.LazyAttribute(lambda envio: envio.state == EnvioState.SENDING)
        by_hand = factory.LazyAttribute(lambda envio: envio.state == EnvioState.SENT_BY_HAND)

    campaign = factory.SubFactory(CampaignFactory)
    session = factory.SelfAttribute("campaign.session")
    phone = factory.Sequence(lambda n: f"+549351{n + 2_000_000:07d}")
    name = factory.Sequence(lambda n: f"Destinataria {n}")
    text = factory.LazyAttribute(lambda envio: f"Hola {envio.name}")
    state = EnvioState.PENDING
    next_due = factory.LazyFunction(timezone.now)
    lane = factory.Maybe(
        "in_flight",
        yes_declaration=factory.SubFactory(LaneFactory, session=factory.SelfAttribute("..session"), busy=True),
        no_declaration=None,
    )
    token = factory.LazyAttribute(lambda envio: envio.lane.token if envio.lane else None)
    lease_until = factory.LazyAttribute(lambda envio: envio.lane.lease_until if envio.lane else None)
    message_id = factory.LazyAttribute(
        lambda envio: f"true_{uuid.uuid4().hex}" if envio.sent or envio.ack > Ack.NONE else None
    )
    sent_at = factory.LazyAttribute(lambda envio: timezone.now() if envio.sent else None)
    ack = Ack.NONE
    server_at = factory.LazyAttribute(lambda envio: timezone.now() if envio.ack >= Ack.SERVER else None)
    delivered_at = factory.LazyAttribute(lambda envio: timezone.now() if envio.ack >= Ack.DELIVERED else None)
    read_at = factory.LazyAttribute(lambda envio: timezone.now() if envio.ack >= Ack.READ else None)
    settled_by = factory.Maybe(
        "by_hand", yes_declaration=factory.SubFactory(UserFactory, role=Role.SUPERVISOR), no_declaration=None
    )
    settled_reason = factory.LazyAttribute(lambda envio: "Le escribí yo" if envio.by_hand else "")


class ConversationFactory(DjangoModelFactory[Conversation]):
    """Somebody wrote and waits: one message of theirs, on a READY line."""

    class Meta:
        model = Conversation
        skip_postgeneration_save = True

    session = factory.SubFactory(WhatsAppSessionFactory)
    phone = factory.Sequence(lambda n: f"+549351{n + 4_000_000:07d}")
    state = ConversationState.WAITING
    waiting_since = factory.LazyFunction(timezone.now)
    due_at = factory.SelfAttribute("waiting_since")
    last_at = factory.SelfAttribute("waiting_since")
    unread = 1

    @factory.post_generation
    def words(self: Conversation, create: bool, extracted: str | None, **_: Any) -> None:
        if create:
            said = ReplyFactory(
                session=self.session,
                phone=self.phone or "",
                lid=self.lid or "",
                text=extracted or "¿Cuánto sale?",
                at=self.last_at,
            )
            Conversation.objects.filter(pk=self.pk).update(last_reply=said)


class ReplyFactory(DjangoModelFactory[Reply]):
    """A message of theirs."""

    class Meta:
        model = Reply

    session = factory.SubFactory(WhatsAppSessionFactory)
    phone = factory.Sequence(lambda n: f"+549351{n + 4_500_000:07d}")
    text = "Hola"
    at = factory.LazyFunction(timezone.now)
    message_id = factory.Sequence(lambda n: f"de-ellos-{n}")


class WrittenReplyFactory(EnvioFactory):
    """A pending answer of a person of ours; any state, as for an envío."""

    campaign = None
    session = factory.SubFactory(WhatsAppSessionFactory)
    name = ""
    text = "Sale $ 10.000"
    warm = True
    author = factory.SubFactory(UserFactory, role=Role.ADMINISTRATOR)
    written_key = factory.LazyFunction(lambda: uuid.uuid4().hex)


class AutomaticRuleFactory(DjangoModelFactory[AutomaticRule]):
    """One that is on."""

    class Meta:
        model = AutomaticRule

    team = factory.SubFactory(TeamFactory)
    session = None
    kind = AutomaticKind.FIRST_ANSWER
    text = "Gracias por escribir. Te contestamos pronto."
    enabled = True
    changed_at = factory.LazyFunction(timezone.now)
    changed_by = factory.SubFactory(UserFactory)


class AutomaticAnswerFactory(DjangoModelFactory[AutomaticAnswer]):
    """One that was held back: what wrote was a machine."""

    class Meta:
        model = AutomaticAnswer

    rule = factory.SubFactory(AutomaticRuleFactory)
    kind = factory.SelfAttribute("rule.kind")
    session = factory.SubFactory(WhatsAppSessionFactory)
    at = factory.LazyFunction(timezone.now)
    held_back = HeldBack.MACHINE


class EnvioEventFactory(DjangoModelFactory[EnvioEvent]):
    class Meta:
        model = EnvioEvent

    envio = factory.SubFactory(EnvioFactory)
    at = factory.LazyFunction(timezone.now)
    evidence = Evidence.LEASE
    from_state = EnvioState.SENDING
    to_state = EnvioState.UNCERTAIN


class SessionDayFactory(DjangoModelFactory[SessionDay]):
    class Meta:
        model = SessionDay
        django_get_or_create = ("session", "day")

    session = factory.SubFactory(WhatsAppSessionFactory)
    day = dt.date(2026, 1, 1)
    used = 0


class ScheduleDayFactory(DjangoModelFactory[ScheduleDay]):
    class Meta:
        model = ScheduleDay
        django_get_or_create = ("schedule", "day")

    schedule = factory.SubFactory(ScheduleFactory, state=ScheduleState.APPROVED)
    day = dt.date(2026, 1, 1)
    used = 0


class AttemptFactory(DjangoModelFactory[Attempt]):
    """An open attempt on a message; any other `outcome=` brings its end. Charges no day: the rows stay at `used` 0."""

    class Meta:
        model = Attempt

    envio = factory.SubFactory(EnvioFactory)
    token = factory.LazyFunction(uuid.uuid4)
    session_day = factory.SubFactory(SessionDayFactory, session=factory.SelfAttribute("..envio.session"))
    schedule_day = factory.SubFactory(ScheduleDayFactory, schedule__campaign=factory.SelfAttribute("...envio.campaign"))
    worker = "prueba"
    claimed_at = factory.LazyFunction(timezone.now)
    outcome = AttemptOutcome.OPEN
    finished_at = factory.LazyAttribute(
        lambda attempt: None if attempt.outcome == AttemptOutcome.OPEN else timezone.now()
    )


class RecipientImportFactory(DjangoModelFactory[RecipientImport]):
    class Meta:
        model = RecipientImport

    campaign = factory.SubFactory(CampaignFactory)
    file_name = "destinatarios.csv"
    state = RecipientImport.State.DONE
    started_at = factory.LazyFunction(timezone.now)
    finished_at = factory.LazyAttribute(
        lambda row: None if row.state == RecipientImport.State.RUNNING else timezone.now()
    )


class SenderSwitchFactory(DjangoModelFactory[SenderSwitch]):
    class Meta:
        model = SenderSwitch

    on = True
    at = factory.LazyFunction(timezone.now)
    reason = "Prueba"


class SenderFactory(DjangoModelFactory[Sender]):
    class Meta:
        model = Sender

    key = factory.LazyFunction(uuid.uuid4)
    name = factory.Sequence(lambda n: f"equipo-{n}")
    first_seen_at = factory.LazyFunction(timezone.now)
    last_seen_at = factory.LazyFunction(timezone.now)


class RestoreFactory(DjangoModelFactory[Restore]):
    class Meta:
        model = Restore

    detected_at = factory.LazyFunction(timezone.now)
    reason = "Prueba"


class JournalReportFactory(DjangoModelFactory[JournalReport]):
    class Meta:
        model = JournalReport

    restore = factory.SubFactory(RestoreFactory)
    sender = factory.SubFactory(SenderFactory)


class TickFactory(DjangoModelFactory[Tick]):
    class Meta:
        model = Tick

    minute = factory.Sequence(lambda n: dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=n))
    slot = 0
    worker = "prueba"
    started_at = factory.LazyAttribute(lambda tick: tick.minute)


def campaign_of(envio: Envio) -> Campaign:
    """Of an envío that is no reply."""
    assert envio.campaign is not None
    return envio.campaign


def running_campaign(*, envios: int = 0, **fields: Any) -> Campaign:
    """A campaign in progress with one approved schedule that is open all day, and so many pending envíos."""
    campaign: Campaign = CampaignFactory(state=CampaignState.RUNNING, **fields)
    ScheduleFactory(campaign=campaign, state=ScheduleState.APPROVED)
    EnvioFactory.create_batch(envios, campaign=campaign)
    return campaign
