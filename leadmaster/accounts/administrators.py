"""Who is let in and who no longer is; there is always somebody who may decide it."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from leadmaster.accounts import api_tokens
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role


def require_another(user: User, *, role: str, is_active: bool) -> None:
    """Raises ValidationError if with this role, or without coming in, nobody would be left who administers.

    Inside a transaction it holds against two who take each other's role at once: it locks those who are left.
    """
    if role == Role.ADMINISTRATOR and is_active:
        return
    rows = list(User.objects.select_for_update().filter(role=Role.ADMINISTRATOR, is_active=True).order_by("pk"))
    if rows and all(row.pk == user.pk for row in rows):
        field = "role" if role != Role.ADMINISTRATOR else "is_active"
        raise ValidationError(
            {field: _("Es la última persona que administra LeadMaster: nombra antes a otra que pueda entrar.")}
        )


def shut_out(user: User) -> None:
    """They come in no more, nor do their programs. Runs in a transaction. Raises ValidationError for the last administrator.

    Work that they have in hand stays where it is: see `opportunities.supervision.departures`.
    """
    require_another(user, role=user.role, is_active=False)
    User.objects.filter(pk=user.pk).update(is_active=False)
    user.is_active = False
    api_tokens.end(user)
