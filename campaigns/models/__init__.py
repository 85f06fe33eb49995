"""The sender's tables, one noun per module."""

from campaigns.models.attempt import Attempt
from campaigns.models.brake import CampaignBrake, CampaignCanary
from campaigns.models.campaign import Campaign, CampaignEvent
from campaigns.models.control import SenderSwitch, Tick
from campaigns.models.conversation import Conversation
from campaigns.models.early_receipt import EarlyReceipt, RefusedEvent
from campaigns.models.envio import Envio, EnvioEvent, UncertainEnvio
from campaigns.models.lane import Lane
from campaigns.models.person_rest import PersonRest
from campaigns.models.recipient_import import RecipientImport
from campaigns.models.reply import Reply
from campaigns.models.restore import DatabaseIdentity, ForgottenDispatch, JournalReport, Restore, Sender
from campaigns.models.schedule import Schedule, ScheduleDay, ScheduleWindow, SessionDay
from campaigns.models.send_day import SendDay
from campaigns.models.tally import AttemptTally
from campaigns.models.totals import CampaignTotals

__all__ = [
    "Attempt",
    "AttemptTally",
    "Campaign",
    "CampaignBrake",
    "CampaignCanary",
    "CampaignEvent",
    "CampaignTotals",
    "Conversation",
    "DatabaseIdentity",
    "EarlyReceipt",
    "Envio",
    "EnvioEvent",
    "ForgottenDispatch",
    "JournalReport",
    "Lane",
    "PersonRest",
    "RecipientImport",
    "RefusedEvent",
    "Reply",
    "Restore",
    "Schedule",
    "ScheduleDay",
    "ScheduleWindow",
    "SendDay",
    "Sender",
    "SenderSwitch",
    "SessionDay",
    "Tick",
    "UncertainEnvio",
]
