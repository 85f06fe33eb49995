"""Who may do what to which campaign. The role gives the verb; the row has to be theirs or their team's."""

from __future__ import annotations

import enum

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext as _

from campaigns.errors import NotAllowed
from campaigns.models import Campaign
from leadmaster.accounts.models import User


class Act(enum.StrEnum):
    """What can be done to a campaign, each with the permission it takes."""

    VIEW = "campaigns.view_campaign"
    EDIT = "campaigns.change_campaign"
    IMPORT = "campaigns.add_recipientimport"
    OPERATE = "campaigns.operate_campaign"
    APPROVE = "campaigns.approve_campaign"
    DECIDE = "campaigns.decide_envio"


def may(user: User | AnonymousUser | None, act: Act, campaign: Campaign) -> bool:
    """Whether this person may do this to this campaign. `None` is the system itself, which may."""
    if user is None:
        return True
    if not isinstance(user, User) or not user.is_active or not user.has_perm(act.value):
        return False
    if user.is_administrator or campaign.owner_id == user.pk:
        return True
    return user.is_supervisor and campaign.team_id in user.supervised_team_ids


def require(user: User | AnonymousUser | None, act: Act, campaign: Campaign) -> None:
    """Raise NotAllowed unless `may`."""
    if not may(user, act, campaign):
        raise NotAllowed(_("No tienes permiso para hacer esto en la campaña “%(name)s”.") % {"name": campaign.name})
