"""Two desks and the people around one of their opportunities."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.utils import timezone

from campaigns.inbound import receive
from campaigns.models import Campaign, Conversation
from leadmaster.accounts.models import Team
from leadmaster.accounts.roles import Role
from leadmaster.calendars.models import Holiday
from leadmaster.directory.models import SyncState
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.capacity import quota
from opportunities.enums import AbsencePolicy, ContactChannel
from opportunities.funnel import contact, moves
from opportunities.models import (
    Absence,
    BulkAction,
    ContactAttempt,
    DailyQuota,
    Lot,
    Opportunity,
    Promoter,
    Reminder,
    Stage,
    StageRoute,
)
from opportunities.supervision import absences, bulk, decisions
from opportunities.timers import reminders
from tests.api_people import People, new_key
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.calendars import HolidayFactory
from tests.factories.campaigns import CampaignFactory
from tests.factories.opportunities import ClientFactory, DeskFactory, Funnel, PromoterFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp.inbound import Inbound
from whatsapp.models import WhatsAppSession


@dataclasses.dataclass(frozen=True, kw_only=True)
class World(People):
    """`owner` and `colleague` are promoters of the team that `boss` supervises; the others are of another team."""

    funnel: Funnel

    def promoter(self, who: str) -> Promoter:
        return Promoter.objects.select_related("user", "desk__team", "desk__calendar").get(user=getattr(self, who))

    def give(self, number: int = 1, *, to: str = "owner") -> list[Opportunity]:
        """So many new clients, assigned to this promoter now, the first one first."""
        ClientFactory.create_batch(number)
        promoter = self.promoter(to)
        request_lot(promoter, Filters(), number, key=new_key(), now=timezone.now())
        return list(Opportunity.objects.filter(owner=promoter).order_by("-id")[:number])[::-1]

    def one(self) -> Opportunity:
        return self.give()[0]

    def line(self) -> WhatsAppSession:
        """The owner's own, with somebody to write to."""
        self.one()
        row: WhatsAppSession = WhatsAppSessionFactory.create(owner=self.owner, team=self.team, region="MX")
        return row

    def campaign(self) -> Campaign:
        row: Campaign = CampaignFactory.create(owner=self.owner, team=self.team)
        return row

    def talk(self) -> Conversation:
        """Somebody answers the owner's line."""
        return hear(WhatsAppSessionFactory.create(owner=self.owner, team=self.team, region="MX"))

    def contact(self) -> ContactAttempt:
        """The owner called one of their clients and has not told how it went."""
        row = self.one()
        press = contact.Press(channel=ContactChannel.CALL, key=new_key(), phone=row.client.contacts.all()[0].normalised)
        return contact.begin(row.pk, press, by=self.owner, now=timezone.now())

    def reminder(self) -> Reminder:
        """The owner's, on what they just called."""
        row, now = self.contact(), timezone.now()
        wish = reminders.Wish(due_at=now + dt.timedelta(hours=1), key=new_key(), note="Llamar")
        return reminders.remind(row.opportunity_id, wish, by=self.owner, now=now)

    def exit(self) -> Opportunity:
        """One that its owner let go: it waits in the inbox."""
        row = self.one()
        stage: Stage = self.funnel.no_answer
        return moves.move(row.pk, stage, by=self.owner, version=row.version, now=timezone.now())

    def pooled(self) -> Opportunity:
        return decisions.return_to_pool(self.one().pk, by=self.boss, now=timezone.now(), reason="Vuelve")

    def sold(self) -> Opportunity:
        row = self.one()
        return moves.move(
            row.pk, self.funnel.sold, by=self.owner, version=row.version, now=timezone.now(), data={"amount": "100"}
        )

    def overdue(self) -> Opportunity:
        row = self.one()
        Opportunity.objects.filter(pk=row.pk).update(deadline=timezone.now() - dt.timedelta(minutes=1))
        return Opportunity.objects.get(pk=row.pk)

    def lot(self) -> Lot:
        self.one()
        return Lot.objects.latest("id")

    def quota(self) -> DailyQuota:
        promoter, now = self.promoter("owner"), timezone.now()
        return quota.change_limit(promoter, now.date(), 25, by=self.boss, reason="Campaña nueva", now=now)

    def bulk_action(self, number: int = 1) -> BulkAction:
        report = bulk.return_to_pool(
            [row.pk for row in self.give(number)], by=self.boss, now=timezone.now(), reason="Vuelven"
        )
        return BulkAction.objects.get(pk=report.action_id)

    def sync(self) -> SyncState:
        return SyncState.objects.create(source=new_key(), report={"read": 20, "new": 3}, finished_at=timezone.now())

    def free_team(self) -> Team:
        row: Team = TeamFactory.create()
        return row

    def absence(self, *, who: str = "owner", days: int = 1) -> Absence:
        now = timezone.now()
        begins = now.date() + dt.timedelta(days=days + Absence.objects.count())
        return absences.announce(
            self.promoter(who), starts_on=begins, ends_on=begins, policy=AbsencePolicy.PAUSE, by=self.admin, now=now
        )

    def holiday(self) -> Holiday:
        row: Holiday = HolidayFactory.create(
            calendar=self.promoter("owner").desk.calendar,
            date=dt.date(2026, 12, 25) + dt.timedelta(days=Holiday.objects.count()),
        )
        return row

    def route(self) -> StageRoute:
        return StageRoute.objects.get(from_stage=self.funnel.new, to_stage=self.funnel.contacted)


def hear(line: WhatsAppSession, text: str = "Hola", *, phone: str = "+523312345678") -> Conversation:
    """One message of this person to this line."""
    now = timezone.now()
    inbound = Inbound(tenant_id=line.tenant_id, message_id=new_key(), phone=phone, lid="", text=text, at=now)
    receive(inbound, session=line, now=now)
    return Conversation.objects.get(session=line, phone=phone)


def build() -> World:
    desk, other_desk = DeskFactory.create_batch(2, daily_quota=100)
    owner, colleague = (PromoterFactory(desk=desk).user for _ in range(2))
    outsider = PromoterFactory(desk=other_desk).user
    boss, other_boss = UserFactory.create_batch(2, role=Role.SUPERVISOR)
    desk.team.supervisors.add(boss)
    desk.team.members.add(owner, colleague)
    other_desk.team.supervisors.add(other_boss)
    other_desk.team.members.add(outsider)
    return World(
        owner=owner,
        colleague=colleague,
        boss=boss,
        outsider=outsider,
        other_boss=other_boss,
        admin=UserFactory.create(role=Role.ADMINISTRATOR),
        team=desk.team,
        funnel=Funnel(),
    )
