"""What can be untrue of the sender's tables, one small class each. See `leadmaster.ops.reconciliation`."""

from campaigns.reconciliation.campaigns import EndedButPending, RunningButDone
from campaigns.reconciliation.days import ScheduleDayOff, SessionDayOff
from campaigns.reconciliation.envios import (
    AttemptsMiscounted,
    Phantom,
    SendingWithoutLease,
    SentButDenied,
    UnknownButPending,
)
from campaigns.reconciliation.lanes import BusyForNobody, OpenForNobody
from campaigns.reconciliation.receipts import EarlyReceiptOfKnown
from campaigns.reconciliation.sums import SendSumsOff
from campaigns.reconciliation.totals import WrongTotals
from campaigns.reconciliation.uncertain import DoubtUndecided, DoubtWithoutReason, LookupForgotten

CHECKS = (
    SendingWithoutLease,
    Phantom,
    SentButDenied,
    UnknownButPending,
    AttemptsMiscounted,
    DoubtWithoutReason,
    DoubtUndecided,
    LookupForgotten,
    EarlyReceiptOfKnown,
    WrongTotals,
    SessionDayOff,
    ScheduleDayOff,
    BusyForNobody,
    OpenForNobody,
    RunningButDone,
    EndedButPending,
    SendSumsOff,
)
