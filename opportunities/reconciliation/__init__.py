"""What can be untrue of the desk's tables, one small class each. See `leadmaster.ops.reconciliation`.

Their order is that of the repairs: what a row is comes before what hangs on it.
"""

from opportunities.reconciliation.clients import AvailabilityOff, CapturedWithoutPerson
from opportunities.reconciliation.clocks import (
    AbsenceForgotten,
    ClockMissing,
    ClockNeedless,
    ClockRunsWhileAway,
    ClockStandsForNobody,
    DeadlineOff,
    NoHours,
    Overdue,
    UnfollowedHours,
)
from opportunities.reconciliation.history import HistoryEndsElsewhere, SaleOfUnsold, SaleRewritten, SoldWithoutSale
from opportunities.reconciliation.lots import InAnothersLot, LotMiscounted, LotOfNothing
from opportunities.reconciliation.quotas import QuotaOff
from opportunities.reconciliation.sums import ResultSumsOff
from opportunities.reconciliation.visibility import (
    CapturedByNobody,
    ClientHeldWrongly,
    Dangling,
    Invisible,
    OpenTwice,
    OwnerGone,
    PooledButOwned,
    StageWithoutWork,
)

CHECKS = (
    LotOfNothing,
    LotMiscounted,
    InAnothersLot,
    QuotaOff,
    Dangling,
    Invisible,
    PooledButOwned,
    SaleOfUnsold,
    SoldWithoutSale,
    OpenTwice,
    ClientHeldWrongly,
    StageWithoutWork,
    OwnerGone,
    CapturedByNobody,
    SaleRewritten,
    HistoryEndsElsewhere,
    AbsenceForgotten,
    UnfollowedHours,
    ClockMissing,
    ClockNeedless,
    ClockStandsForNobody,
    ClockRunsWhileAway,
    DeadlineOff,
    Overdue,
    NoHours,
    AvailabilityOff,
    CapturedWithoutPerson,
    ResultSumsOff,
)
