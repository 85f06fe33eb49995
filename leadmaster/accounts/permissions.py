"""What a role lets people ask the API for."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class RolePermission(BasePermission):
    """The view's `needs` names the permission of each action; an action that it doesn't name is nobody's.

    The role gives the verb. Which rows is decided by `visible_to` (404) and by the operation itself (403).
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        action = getattr(view, "action", None)
        if action is None or action == "metadata":
            return True  # a method that the view doesn't have: it says so itself
        needs: dict[str, str] = getattr(view, "needs", {})
        return action in needs and request.user.has_perm(needs[action])
