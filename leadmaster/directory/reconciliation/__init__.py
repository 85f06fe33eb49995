"""What can be untrue of the directory, one small class each. See `leadmaster.ops.reconciliation`."""

from leadmaster.directory.reconciliation.clients import ClientTwice, WrongShard
from leadmaster.directory.reconciliation.phones import ContactOff, ContactTwice, ExclusionOff
from leadmaster.directory.reconciliation.syncing import SyncStuck

CHECKS = (ClientTwice, WrongShard, ContactOff, ContactTwice, ExclusionOff, SyncStuck)
