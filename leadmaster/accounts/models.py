"""People: users, their teams, their roles."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from leadmaster.accounts.roles import PERMISSIONS, Role
from leadmaster.lib.fields import IdentifierField


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
    # Somebody else chose the password: the next log-in asks for one that nobody else knows.
    must_change_password = models.BooleanField(_("tiene que cambiar la contraseña"), default=False, editable=False)
    password_set_at = models.DateTimeField(_("contraseña puesta"), null=True, editable=False)
    # Part of what a log-in proves: one more ends every log-in there is, those of before anybody noted devices included.
    log_in_round = models.PositiveIntegerField(default=0, editable=False)

    objects: ClassVar[LeadMasterUserManager] = LeadMasterUserManager()

    class Meta:
        verbose_name = _("persona")
        verbose_name_plural = _("personas")
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known"),
            # Django lets a superuser do everything before it asks the role.
            models.CheckConstraint(
                condition=models.Q(is_superuser=False) | models.Q(role=Role.ADMINISTRATOR),
                name="user_role_decides_alone",
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def save(self, *args: Any, **options: Any) -> None:
        """The role alone says who comes to the desk and who may do everything."""
        self.is_staff = self.role != Role.PROMOTER
        self.is_superuser = self.is_superuser and self.role == Role.ADMINISTRATOR
        if (named := options.get("update_fields")) is not None and "role" in named:
            options["update_fields"] = {*named, "is_staff", "is_superuser"}
        super().save(*args, **options)

    def set_password(self, raw_password: str | None) -> None:
        """Programs' tokens of before end with it. (A hash that is only made stronger at a log-in is saved alone.)"""
        super().set_password(raw_password)
        self.password_set_at = timezone.now()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's, of the password, and of the round once there was one."""
        of_password: str = super()._get_session_auth_hash(secret=secret)  # type: ignore[misc]  # Django's own seam
        return f"{self.log_in_round}.{of_password}" if self.log_in_round else of_password

    @property
    def is_administrator(self) -> bool:
        return self.role == Role.ADMINISTRATOR

    @property
    def is_supervisor(self) -> bool:
        return self.role == Role.SUPERVISOR

    def decided_teams(self) -> models.QuerySet[Team]:
        """Whose work this person decides about: administrators all teams', supervisors their own, others nobody's.

        Not whose supervisor somebody once was: the role says.
        """
        if self.is_administrator:
            return Team.objects.all()
        return self.supervised_teams.all() if self.is_supervisor else Team.objects.none()

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


class ApiToken(models.Model):
    """What a program speaks with for a person. Only its hash is kept; `leadmaster.accounts.api_tokens` makes and ends it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens", verbose_name=_("persona"))
    digest = IdentifierField(max_length=64, unique=True)
    # The first letters, for people to tell one from another.
    hint = models.CharField(_("empieza con"), max_length=8)
    created_at = models.DateTimeField(_("creado"))
    expires_at = models.DateTimeField(_("vence"))
    last_used_at = models.DateTimeField(_("último uso"), null=True)

    class Meta:
        verbose_name = _("acceso de un programa")
        verbose_name_plural = _("accesos de programas")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.hint}…"


class Device(models.Model):
    """A browser in which a person is logged in. `leadmaster.accounts.devices` notes and ends it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="devices", verbose_name=_("persona"))
    # Of Django's session, not the session's key: whoever reads this table is logged in nowhere.
    digest = IdentifierField(max_length=64, unique=True)
    agent = models.CharField(_("navegador"), max_length=200, blank=True)
    opened_at = models.DateTimeField(_("desde"))
    seen_at = models.DateTimeField(_("visto"))

    class Meta:
        verbose_name = _("dispositivo")
        verbose_name_plural = _("dispositivos")
        ordering = ["-seen_at", "-id"]

    def __str__(self) -> str:
        return self.agent or str(self.pk)
