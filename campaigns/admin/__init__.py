"""The supervisors' desk for the sender: one module per noun, every action by the confirm recipe."""

from campaigns.admin.alert import ScopedAlertAdmin
from campaigns.admin.attempt import AttemptAdmin
from campaigns.admin.automatic import AutomaticAnswerAdmin, AutomaticRuleAdmin
from campaigns.admin.campaign import CampaignAdmin
from campaigns.admin.envio import EnvioAdmin
from campaigns.admin.journal_report import JournalReportAdmin
from campaigns.admin.refused_event import RefusedEventAdmin
from campaigns.admin.suppression import CancellingSuppressionAdmin
from campaigns.admin.switch import SenderSwitchAdmin
from campaigns.admin.tick import TickAdmin
from campaigns.admin.uncertain import UncertainEnvioAdmin

__all__ = [
    "AttemptAdmin",
    "AutomaticAnswerAdmin",
    "AutomaticRuleAdmin",
    "CampaignAdmin",
    "CancellingSuppressionAdmin",
    "EnvioAdmin",
    "JournalReportAdmin",
    "RefusedEventAdmin",
    "ScopedAlertAdmin",
    "SenderSwitchAdmin",
    "TickAdmin",
    "UncertainEnvioAdmin",
]
