"""Two teams and the people around one of their campaigns."""

from __future__ import annotations

import dataclasses
from typing import Any

from campaigns.enums import CampaignState, EnvioState, ScheduleState
from campaigns.models import AutomaticAnswer, AutomaticRule, Campaign, Envio, RecipientImport, Schedule
from leadmaster.accounts.roles import Role
from leadmaster.directory.models import Suppression
from tests.api_people import People
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.campaigns import (
    AutomaticAnswerFactory,
    AutomaticRuleFactory,
    CampaignFactory,
    EnvioFactory,
    RecipientImportFactory,
    ScheduleFactory,
)
from tests.factories.directory import SuppressionFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp.models import WhatsAppSession

# Nobody listens there: what reaches the gateway is refused at once.
NOWHERE = "http://127.0.0.1:1"


@dataclasses.dataclass(frozen=True, kw_only=True)
class World(People):
    """`owner` and `colleague` are promoters of the team that `boss` supervises; the others are of another team."""

    session: WhatsAppSession

    def campaign(self, state: CampaignState = CampaignState.DRAFT, **fields: Any) -> Campaign:
        campaign: Campaign = CampaignFactory.create(
            owner=self.owner, team=self.team, session=self.session, state=state, **fields
        )
        return campaign

    def complete(self, state: CampaignState) -> Campaign:
        """With somebody to write to and a time to do it."""
        campaign = self.campaign(state)
        self.envio(EnvioState.PENDING, campaign=campaign)
        self.schedule(ScheduleState.APPROVED, campaign=campaign)
        return campaign

    def envio(self, state: EnvioState = EnvioState.PENDING, campaign: Campaign | None = None) -> Envio:
        envio: Envio = EnvioFactory.create(campaign=campaign or self.campaign(CampaignState.RUNNING), state=state)
        return envio

    def schedule(self, state: ScheduleState = ScheduleState.PENDING, campaign: Campaign | None = None) -> Schedule:
        schedule: Schedule = ScheduleFactory.create(campaign=campaign or self.campaign(), state=state)
        return schedule

    def finished_import(self) -> RecipientImport:
        row: RecipientImport = RecipientImportFactory.create(campaign=self.campaign())
        return row

    def automatic_rule(self) -> AutomaticRule:
        row: AutomaticRule = AutomaticRuleFactory.create(team=self.team)
        return row

    def automatic_answer(self) -> AutomaticAnswer:
        row: AutomaticAnswer = AutomaticAnswerFactory.create(session=self.session)
        return row

    def suppression(self, source: str = Suppression.Source.REPLY) -> Suppression:
        row: Suppression = SuppressionFactory.create(source=source)
        return row


def build() -> World:
    owner, colleague, outsider = UserFactory.create_batch(3)
    boss, other_boss = UserFactory.create_batch(2, role=Role.SUPERVISOR)
    team = TeamFactory.create(members=[owner, colleague], supervisors=[boss])
    TeamFactory.create(members=[outsider], supervisors=[other_boss])
    return World(
        owner=owner,
        colleague=colleague,
        boss=boss,
        outsider=outsider,
        other_boss=other_boss,
        admin=UserFactory.create(role=Role.ADMINISTRATOR),
        team=team,
        session=WhatsAppSessionFactory.create(owner=owner, team=team, base_url=NOWHERE),
    )
