"""Who may ask the desk for something of their own: whoever works at one."""

from __future__ import annotations

from leadmaster.accounts.current_user import current_user
from leadmaster.lib.api.requests import DescribedRequests
from opportunities.policy import promoter_of


class AskedByPromoters(DescribedRequests):
    """Views whose creations are for people at a desk. Others are told so before anything about what they sent."""

    action: str

    def stop_strangers(self) -> None:
        super().stop_strangers()
        if self.action == "create":
            promoter_of(current_user(self.request))
