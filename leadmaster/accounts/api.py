"""Who asks, and what their role lets them ask for."""

from __future__ import annotations

from typing import cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from leadmaster.accounts.models import User


def person(request: Request) -> User:
    """The logged-in person. Every view of the API requires one before it runs."""
    return cast("User", request.user)


class RolePermission(BasePermission):
    """The view's `needs` names the permission of each action; an action that it doesn't name is nobody's.

    The role gives the verb. Which rows is decided by `visible_to` (404) and by the operation itself (403).
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        action = getattr(view, "action", None)
        if action is None or action == "metadata":
            return True  # a method that the view doesn't have: it says so itself
        needs: dict[str, str] = getattr(view, "needs", {})
        return action in needs and person(request).has_perm(needs[action])
