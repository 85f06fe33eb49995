"""What a role allows, for `user.has_perm` and so for the admin, the API and the pages alike."""

from __future__ import annotations

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import AnonymousUser

from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role, grants


class RoleBackend(BaseBackend):
    """Answers from the role. It logs nobody in."""

    def has_perm(self, user_obj: User | AnonymousUser, perm: str, obj: object = None) -> bool:
        return isinstance(user_obj, User) and user_obj.is_active and grants(user_obj.role, perm)

    def has_module_perms(self, user_obj: User | AnonymousUser, app_label: str) -> bool:
        if not isinstance(user_obj, User) or not user_obj.is_active:
            return False
        if user_obj.role == Role.ADMINISTRATOR:
            return True
        return any(permission.startswith(f"{app_label}.") for permission in user_obj.role_permissions())
