"""The desk's tables, one noun per module."""

from opportunities.models.bulk import BulkAction, BulkItem
from opportunities.models.contact import ContactAttempt
from opportunities.models.lot import AssignmentRequest, Lot
from opportunities.models.opportunity import CoolDown, Opportunity, OpportunityEvent
from opportunities.models.promoter import Absence, Desk, Promoter
from opportunities.models.quota import DailyQuota, QuotaEntry
from opportunities.models.reminder import Reminder
from opportunities.models.result_day import ResultDay
from opportunities.models.retiming import Retiming, RetimingLine
from opportunities.models.sale import Sale
from opportunities.models.stage import Stage, StageRoute

__all__ = [
    "Absence",
    "AssignmentRequest",
    "BulkAction",
    "BulkItem",
    "ContactAttempt",
    "CoolDown",
    "DailyQuota",
    "Desk",
    "Lot",
    "Opportunity",
    "OpportunityEvent",
    "Promoter",
    "QuotaEntry",
    "Reminder",
    "ResultDay",
    "Retiming",
    "RetimingLine",
    "Sale",
    "Stage",
    "StageRoute",
]
