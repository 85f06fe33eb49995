"""A small company for tests of screens: everybody who may look at one team's campaign, and everybody who may not."""

from __future__ import annotations

import dataclasses

from django.contrib.messages import get_messages
from django.test import Client

from leadmaster.accounts.models import Team, User
from leadmaster.accounts.roles import Role
from tests.factories.accounts import TeamFactory, UserFactory


@dataclasses.dataclass(frozen=True)
class Company:
    """`owner` and `colleague` are promoters of the team that `supervisor` supervises; `stranger` supervises another."""

    team: Team
    owner: User
    colleague: User
    supervisor: User
    other_team: Team
    stranger: User
    administrator: User


def build() -> Company:
    owner, colleague = UserFactory(), UserFactory()
    supervisor, stranger = UserFactory(role=Role.SUPERVISOR), UserFactory(role=Role.SUPERVISOR)
    return Company(
        team=TeamFactory(members=[owner, colleague], supervisors=[supervisor]),
        owner=owner,
        colleague=colleague,
        supervisor=supervisor,
        other_team=TeamFactory(supervisors=[stranger]),
        stranger=stranger,
        administrator=UserFactory(role=Role.ADMINISTRATOR),
    )


def signed_in(user: User) -> Client:
    """A browser of somebody who has logged in."""
    client = Client()
    client.force_login(user, backend="leadmaster.accounts.backends.PersonBackend")
    return client


def let_into_the_admin(user: User) -> None:
    """As no form does it: the role says who is staff. So that a page has to refuse by itself."""
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.refresh_from_db()


def told(response: object) -> list[str]:
    """What the page says to the person about what they just did."""
    request = getattr(response, "wsgi_request")  # noqa: B009 - the test client puts it there
    return [str(message) for message in get_messages(request)]
