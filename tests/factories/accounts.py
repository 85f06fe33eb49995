"""People and teams."""

from __future__ import annotations

from typing import Any

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory, Password

from leadmaster.accounts import api_tokens
from leadmaster.accounts.models import Team, User
from leadmaster.accounts.roles import Role

PASSWORD = "una-clave-de-prueba-larga"


class UserFactory(DjangoModelFactory[User]):
    """`UserFactory(role=Role.SUPERVISOR)`. Supervisors and administrators are staff, as the user form makes them."""

    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"persona{n}")
    first_name = "Persona"
    last_name = factory.Sequence(lambda n: f"Número {n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    role = Role.PROMOTER
    is_staff = factory.LazyAttribute(lambda user: user.role != Role.PROMOTER)
    password = Password(PASSWORD)


class TeamFactory(DjangoModelFactory[Team]):
    """`TeamFactory(members=[promoter], supervisors=[boss])`. Empty unless told."""

    class Meta:
        model = Team
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Equipo {n}")

    @factory.post_generation
    def members(self: Team, create: bool, extracted: list[User] | None, **_: Any) -> None:
        if create and extracted:
            self.members.set(extracted)

    @factory.post_generation
    def supervisors(self: Team, create: bool, extracted: list[User] | None, **_: Any) -> None:
        if create and extracted:
            self.supervisors.set(extracted)


def token_of(user: User) -> str:
    """What a program of this person puts behind `Authorization: Token`."""
    return api_tokens.issue(user, now=timezone.now())[0]
