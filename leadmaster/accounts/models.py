"""People: users, their teams, their roles."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.roles import PERMISSIONS, Role


class LeadMasterUserManager(UserManager["User"]):
    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **extra: Any
    ) -> User:
        extra.setdefault("role", Role.ADMINISTRATOR)
        return super().create_superuser(username, email, password, **extra)


class User(AbstractUser):
    """A person. The role says what they may do; teams say to whose work."""

    role = models.CharField(_("rol"), max_length=16, choices=Role, default=Role.PROMOTER)
    time_zone = models.CharField(_("zona horaria"), max_length=64, blank=True)

    objects: ClassVar[LeadMasterUserManager] = LeadMasterUserManager()

    class Meta:
        verbose_name = _("persona")
        verbose_name_plural = _("personas")
        constraints = [models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known")]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def is_administrator(self) -> bool:
        return self.role == Role.ADMINISTRATOR or self.is_superuser

    @property
    def is_supervisor(self) -> bool:
        return self.role == Role.SUPERVISOR

    @cached_property
    def supervised_team_ids(self) -> frozenset[int]:
        """Asked once for each person object, which lives as long as its request, as Django's permissions are."""
        return frozenset(self.supervised_teams.values_list("pk", flat=True))

    def role_permissions(self) -> frozenset[str]:
        return PERMISSIONS.get(Role(self.role), frozenset())


class Team(models.Model):
    """People who share supervisors. A supervisor sees and acts on the work of the teams they supervise."""

    name = models.CharField(_("nombre"), max_length=120, unique=True)
    members = models.ManyToManyField(User, related_name="teams", blank=True, verbose_name=_("promotores"))
    supervisors = models.ManyToManyField(
        User, related_name="supervised_teams", blank=True, verbose_name=_("supervisores")
    )

    class Meta:
        verbose_name = _("equipo")
        verbose_name_plural = _("equipos")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
