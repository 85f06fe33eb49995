"""What a role allows, and whose rows it allows it on."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Permission

from campaigns.models import Campaign
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import PERMISSIONS, Role, grants
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.campaigns import CampaignFactory

pytestmark = pytest.mark.django_db


def test_every_permission_of_a_role_exists() -> None:
    known = {
        f"{app_label}.{codename}"
        for app_label, codename in Permission.objects.values_list("content_type__app_label", "codename")
    }

    for role, permissions in PERMISSIONS.items():
        assert permissions <= known, role


@pytest.mark.parametrize(
    ("role", "permission", "allowed"),
    [
        (Role.PROMOTER, "campaigns.operate_campaign", True),
        (Role.PROMOTER, "campaigns.approve_campaign", False),
        (Role.PROMOTER, "campaigns.decide_envio", False),
        (Role.PROMOTER, "campaigns.switch_sender", False),
        (Role.SUPERVISOR, "campaigns.approve_campaign", True),
        (Role.SUPERVISOR, "accounts.change_user", False),
        (Role.ADMINISTRATOR, "accounts.change_user", True),
    ],
)
def test_a_role_allows_what_its_table_says(role: Role, permission: str, *, allowed: bool) -> None:
    user = UserFactory(role=role)

    assert user.has_perm(permission) is allowed
    assert grants(role, permission) is allowed


def test_somebody_who_left_may_nothing() -> None:
    assert not UserFactory(role=Role.ADMINISTRATOR, is_active=False).has_perm("campaigns.view_campaign")


def test_each_sees_their_own_and_supervisors_their_teams() -> None:
    owner, colleague, outsider = UserFactory(), UserFactory(), UserFactory()
    supervisor, other_supervisor = UserFactory(role=Role.SUPERVISOR), UserFactory(role=Role.SUPERVISOR)
    team = TeamFactory(members=[owner, colleague], supervisors=[supervisor])
    TeamFactory(members=[outsider], supervisors=[other_supervisor])
    campaign = CampaignFactory(owner=owner, team=team)

    def sees(user: User | AnonymousUser) -> bool:
        return campaign in Campaign.objects.visible_to(user)

    assert [sees(user) for user in (owner, supervisor, UserFactory(role=Role.ADMINISTRATOR))] == [True, True, True]
    assert [sees(user) for user in (colleague, outsider, other_supervisor, AnonymousUser())] == [False] * 4


def test_somebody_who_left_sees_nothing() -> None:
    campaign = CampaignFactory()
    User.objects.filter(pk=campaign.owner_id).update(is_active=False)
    campaign.owner.refresh_from_db()

    assert not Campaign.objects.visible_to(campaign.owner).exists()
