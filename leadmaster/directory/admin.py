"""What the directory registers by itself. Clients and silences are registered above, by who knows what hangs from them."""

from __future__ import annotations

from leadmaster.directory.sync_admin import SyncStateAdmin

__all__ = ["SyncStateAdmin"]
