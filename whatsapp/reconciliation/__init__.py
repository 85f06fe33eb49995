"""What can be untrue of the phone lines, one small class each. See `leadmaster.ops.reconciliation`."""

from whatsapp.reconciliation.lines import HeldForYears, ReadyUnasked, TestLost
from whatsapp.reconciliation.secrets import SecretUnreadable

CHECKS = (SecretUnreadable, ReadyUnasked, HeldForYears, TestLost)
