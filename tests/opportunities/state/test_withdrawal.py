"""Whoever loses a client stops writing to them, by whichever door the client leaves; opt-outs reach everybody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from campaigns.enums import CampaignState, EnvioState
from campaigns.models import Campaign, Envio
from campaigns.suppressions import suppress
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.directory.models import Suppression
from opportunities.assignment.filters import Filters
from opportunities.assignment.request import request_lot
from opportunities.enums import AbsencePolicy
from opportunities.funnel import moves
from opportunities.models import BulkAction, Opportunity, Promoter
from opportunities.own_campaigns import Choice, NewCampaign, draft_campaign
from opportunities.supervision import absences, bulk, decisions
from opportunities.supervision.undo import undo
from opportunities.timers import absence_clocks, expiry
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.opportunities import ClientFactory, Funnel, PromoterFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.people import NOW, People, one_of

pytestmark = pytest.mark.django_db(transaction=True)


class World:
    """Two promoters of one desk, their supervisor, and one client of the first with a message that waits."""

    def __init__(self) -> None:
        self.funnel = Funnel()
        self.now = timezone.now()
        self.first: Promoter = PromoterFactory.create()
        self.second: Promoter = PromoterFactory.create(desk=self.first.desk)
        self.boss: User = UserFactory.create(role=Role.SUPERVISOR)
        self.first.desk.team.supervisors.add(self.boss)
        ClientFactory.create()
        request_lot(self.first, Filters(), 1, key="k", now=self.now)
        self.row = Opportunity.objects.get()
        self.mine = self.campaign(self.first)
        self.phone = self.mine.envios.get().phone

    def campaign(self, promoter: Promoter) -> Campaign:
        """What they wrote to all that is theirs, running."""
        line = WhatsAppSessionFactory.create(owner=promoter.user, team=promoter.desk.team, region="MX")
        asked = NewCampaign(name="Seguimiento", template="Hola {nombre}", session=line, choice=Choice())
        drafted = draft_campaign(promoter, asked, key=f"c{Campaign.objects.count()}", now=self.now)
        Campaign.objects.filter(pk=drafted.campaign.pk).update(
            state=CampaignState.RUNNING, approved_by=self.boss, approved_at=self.now
        )
        return drafted.campaign

    def version(self) -> int:
        self.row.refresh_from_db()
        return self.row.version

    def state_of(self, campaign: Campaign) -> str:
        return campaign.envios.get().state

    # --- The doors --------------------------------------------------------------------------------------------------------

    def reassign(self) -> None:
        decisions.reassign(self.row.pk, self.second, by=self.boss, now=self.now)

    def reassign_in_bulk(self) -> BulkAction:
        report = bulk.reassign([self.row.pk], self.second, by=self.boss, now=self.now)
        return BulkAction.objects.get(pk=report.action_id)

    def pool(self) -> None:
        decisions.return_to_pool(self.row.pk, by=self.boss, now=self.now)

    def pool_in_bulk(self) -> None:
        bulk.return_to_pool([self.row.pk], by=self.boss, now=self.now)

    def close(self) -> None:
        decisions.close(self.row.pk, by=self.boss, now=self.now, reason="Se mudó")

    def expire(self) -> None:
        Opportunity.objects.filter(pk=self.row.pk).update(deadline=self.now - dt.timedelta(minutes=1))
        expiry.expire_timers(self.now)

    def leave(self) -> None:
        today = self.now.date()
        absences.announce(
            self.first,
            starts_on=today,
            ends_on=today,
            policy=AbsencePolicy.REDISTRIBUTE,
            by=self.boss,
            now=self.now,
        )
        absence_clocks.begin_and_end(self.now)

    def exit_to_the_inbox(self) -> None:
        self._move(self.funnel.no_answer)

    def exit_to_the_pool(self) -> None:
        self._move(self.funnel.pooled)

    def lose(self) -> None:
        self._move(self.funnel.lost)

    def _move(self, stage: object) -> None:
        moves.move(
            self.row.pk,
            stage,  # type: ignore[arg-type]
            by=self.first.user,
            version=self.version(),
            now=self.now,
        )


DOORS: list[Callable[[World], object]] = [
    World.reassign,
    World.reassign_in_bulk,
    World.pool,
    World.pool_in_bulk,
    World.close,
    World.expire,
    World.leave,
    World.exit_to_the_inbox,
    World.exit_to_the_pool,
    World.lose,
]


@pytest.fixture
def world(transactional_db: None) -> World:
    return World()


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_what_waits_for_a_client_does_not_outlive_their_leaving(door: Callable[[World], object], world: World) -> None:
    stranger = PromoterFactory.create()
    ClientFactory.create()
    request_lot(stranger, Filters(), 1, key="k", now=world.now)
    theirs = world.campaign(stranger)

    door(world)

    assert world.state_of(world.mine) == EnvioState.CANCELLED
    assert world.state_of(theirs) == EnvioState.PENDING
    assert world.mine.envios.get().events.exists()


def test_a_client_who_stays_in_their_hands_keeps_their_messages(world: World) -> None:
    moves.move(world.row.pk, world.funnel.contacted, by=world.first.user, version=world.version(), now=world.now)
    assert world.state_of(world.mine) == EnvioState.PENDING
    moves.move(
        world.row.pk,
        world.funnel.sold,
        by=world.first.user,
        version=world.version(),
        now=world.now,
        data={"amount": "10"},
    )
    assert world.state_of(world.mine) == EnvioState.PENDING


def test_taking_a_reassignment_back_withdraws_what_the_receiver_wrote_meanwhile(world: World) -> None:
    action = world.reassign_in_bulk()
    theirs = world.campaign(world.second)
    assert world.state_of(theirs) == EnvioState.PENDING

    undo(action, by=world.boss, now=world.now)

    world.row.refresh_from_db()
    assert world.row.owner == world.first
    assert world.state_of(theirs) == EnvioState.CANCELLED
    # What the reassignment withdrew stays withdrawn: somebody may have decided so.
    assert world.state_of(world.mine) == EnvioState.CANCELLED


def test_every_number_of_the_client_is_withdrawn_and_what_was_sent_stays(world: World) -> None:
    other = Envio.objects.create(
        campaign=world.mine, session=world.mine.session, phone="+523399999999", text="Hola", next_due=world.now
    )
    world.row.client.contacts.create(kind="telefono", raw=other.phone, normalised=other.phone, position=2)
    Envio.objects.filter(phone=world.phone).update(state=EnvioState.SENT, message_id="true_1", sent_at=world.now)

    world.reassign()

    states = dict(world.mine.envios.values_list("phone", "state"))
    assert states == {world.phone: EnvioState.SENT, other.phone: EnvioState.CANCELLED}


def test_an_opt_out_reaches_every_owner_at_once(world: World) -> None:
    directors = world.campaign(world.first)

    suppress(world.phone, source=Suppression.Source.REPLY, now=world.now)

    assert {world.state_of(world.mine), world.state_of(directors)} == {EnvioState.CANCELLED}


def test_who_loses_a_client_stops_writing_to_them(people: People) -> None:
    row = one_of(people.owner)
    phone = row.client.contacts.all()[0].normalised
    theirs = EnvioFactory(campaign=CampaignFactory(owner=people.owner.user), phone=phone)
    others = EnvioFactory(campaign=CampaignFactory(owner=people.colleague.user), phone=phone)
    expiry.expire_timers(NOW + dt.timedelta(minutes=61))
    theirs.refresh_from_db()
    others.refresh_from_db()
    assert (theirs.state, others.state) == (EnvioState.CANCELLED, EnvioState.PENDING)
