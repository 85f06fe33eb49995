"""Three days of work at two desks, through the doors that people use."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools

from campaigns.enums import Ack, EnvioState
from campaigns.models import Campaign
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.directory.models import Suppression
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.enums import ContactChannel, ContactOutcome
from opportunities.funnel import contact, moves
from opportunities.funnel.contact import Press, Result
from opportunities.models import Opportunity, Promoter, Stage
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import (
    CampaignFactory,
    EnvioFactory,
    ReplyFactory,
    WrittenReplyFactory,
)
from tests.factories.opportunities import CalendarFactory, ClientFactory, DeskFactory, Funnel, PromoterFactory
from tests.factories.whatsapp import WhatsAppSessionFactory

# A Monday; the desks open from nine to six, in UTC.
MONDAY = dt.datetime(2026, 3, 2, 10, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
# Everything is over, and summed.
AFTER = MONDAY + 6 * DAY
_numbers = itertools.count(1)


@dataclasses.dataclass
class World:
    funnel: Funnel
    ana: Promoter
    beto: Promoter
    supervisor: User
    administrator: User
    campaign: Campaign
    other: Campaign


def build() -> World:
    hours = [(day, dt.time(9), dt.time(18)) for day in range(7)]
    funnel = Funnel()
    # Clocks are tried elsewhere.
    Stage.objects.update(timer_minutes=None)
    desk = DeskFactory.create(calendar=CalendarFactory.create(windows=hours))
    ana = PromoterFactory.create(desk=desk)
    beto = PromoterFactory.create(desk=DeskFactory.create(calendar=CalendarFactory.create(windows=hours)))
    supervisor = UserFactory.create(role=Role.SUPERVISOR)
    supervisor.supervised_teams.add(desk.team)
    line = WhatsAppSessionFactory.create(team=desk.team, owner=ana.user, time_zone="UTC")
    return World(
        funnel=funnel,
        ana=ana,
        beto=beto,
        supervisor=supervisor,
        administrator=UserFactory.create(role=Role.ADMINISTRATOR),
        campaign=CampaignFactory.create(owner=ana.user, team=desk.team, session=line),
        other=CampaignFactory.create(owner=beto.user, team=beto.desk.team),
    )


def draw(promoter: Promoter, number: int, *, at: dt.datetime, province: str = "Jalisco") -> list[Opportunity]:
    ClientFactory.create_batch(number, province=province, created_at=at - 30 * DAY)
    key = f"k{next(_numbers)}"
    before = set(Opportunity.objects.values_list("pk", flat=True))
    request_lot(promoter, Filters(province=province), number, key=key, now=at)
    return list(Opportunity.objects.exclude(pk__in=before).order_by("pk"))


def sell(row: Opportunity, world: World, amount: str, *, at: dt.datetime) -> Opportunity:
    row.refresh_from_db()
    assert row.owner is not None
    by = row.owner.user
    return moves.move(row.pk, world.funnel.sold, by=by, version=row.version, now=at, data={"amount": amount})


def call(row: Opportunity, outcome: ContactOutcome, *, at: dt.datetime) -> None:
    assert row.owner is not None
    phone = row.client.contacts.get().normalised
    press = Press(channel=ContactChannel.CALL, key=f"c{next(_numbers)}", phone=phone)
    contact.tell(row.pk, press, Result(outcome=outcome, note=""), by=row.owner.user, now=at)


def said(campaign: Campaign, phone: str, *, at: dt.datetime) -> None:
    ReplyFactory.create(session=campaign.session, phone=phone, at=at)


def answered(campaign: Campaign, phone: str, by: User, *, at: dt.datetime) -> None:
    WrittenReplyFactory.create(
        session=campaign.session, phone=phone, author=by, state=EnvioState.SENT, sent_at=at, created_at=at
    )


def work(world: World) -> list[Opportunity]:
    """Monday to Wednesday. Returns what Ana drew first."""
    first = draw(world.ana, 4, at=MONDAY)
    draw(world.ana, 2, at=MONDAY + DAY, province="Sonora")
    theirs = draw(world.beto, 3, at=MONDAY + DAY)
    for row, outcome in zip(first, (ContactOutcome.ANSWERED, ContactOutcome.NO_ANSWER), strict=False):
        call(row, outcome, at=MONDAY + 30 * MINUTE)
    moves.move(
        first[0].pk, world.funnel.contacted, by=world.ana.user, version=first[0].version, now=MONDAY + 40 * MINUTE
    )
    sell(first[0], world, "100.50", at=MONDAY + DAY)
    sell(first[1], world, "200", at=MONDAY + 50 * MINUTE)
    sell(theirs[0], world, "40", at=MONDAY + 2 * DAY)
    for number, ack in enumerate((Ack.NONE, Ack.SERVER, Ack.DELIVERED, Ack.READ)):
        for campaign in (world.campaign, world.other):
            phone = f"+54935100{number:05d}"
            EnvioFactory.create(
                campaign=campaign,
                session=campaign.session,
                phone=phone,
                state=EnvioState.SENT,
                sent_at=MONDAY,
                ack=ack,
            )
    EnvioFactory.create(
        campaign=world.campaign, session=world.campaign.session, state=EnvioState.ERROR, ended_at=MONDAY
    )
    # Asked at ten past five, answered at ten past nine of the next day: an hour's work.
    said(world.campaign, "+5493510000001", at=MONDAY + 430 * MINUTE)
    said(world.campaign, "+5493510000001", at=MONDAY + 440 * MINUTE)
    answered(world.campaign, "+5493510000001", world.ana.user, at=MONDAY + DAY - 50 * MINUTE)
    answered(world.campaign, "+5493510000001", world.ana.user, at=MONDAY + DAY - 40 * MINUTE)
    said(world.campaign, "+5493510000002", at=MONDAY + DAY)
    answered(world.campaign, "+5493510000002", world.supervisor, at=MONDAY + DAY + 7 * MINUTE)
    # Nobody knows who asked them.
    said(world.other, "+5493519999999", at=MONDAY + DAY)
    Suppression.objects.create(
        phone="+5493510000003", source=Suppression.Source.REPLY, created_at=MONDAY + DAY, reason="BAJA"
    )
    Suppression.objects.create(phone="+5493510000002", source=Suppression.Source.FILE, created_at=MONDAY + DAY)
    return first
