"""Who works here, and through which lines."""

from __future__ import annotations

import dataclasses
import os

from leadmaster.accounts.models import Team, User
from leadmaster.accounts.roles import Role
from whatsapp.models import Region, WhatsAppSession

PASSWORD = "leadmaster-demo"  # noqa: S105 - printed for whoever tries the product on their own machine

# The tenants that the bundled simulator has paired when it starts; `demo-nueva` is there to be paired.
TENANTS = ("demo-cba-1", "demo-cba-2", "demo-mty")
NEW_TENANT = "demo-nueva"


@dataclasses.dataclass(frozen=True)
class Staff:
    administrator: User
    supervisor: User
    promoters: tuple[User, User, User]
    # A promoter of the south, too; no campaign is hers.
    on_leave: User
    north: Team
    south: Team


@dataclasses.dataclass(frozen=True)
class Lines:
    cordoba: WhatsAppSession
    cordoba_two: WhatsAppSession
    monterrey: WhatsAppSession
    new: WhatsAppSession


def hire() -> Staff:
    south = Team.objects.create(name="Córdoba")
    north = Team.objects.create(name="Monterrey")
    administrator = _user("admin", "Administración", "", Role.ADMINISTRATOR)
    supervisor = _user("laura", "Laura", "Benítez", Role.SUPERVISOR)
    promoters = (
        _user("diego", "Diego", "Ferreyra", Role.PROMOTER),
        _user("sofia", "Sofía", "Quiroga", Role.PROMOTER),
        _user("martin", "Martín", "Garza", Role.PROMOTER),
    )
    on_leave = _user("paula", "Paula", "Medina", Role.PROMOTER)
    south.members.set([*promoters[:2], on_leave])
    north.members.set(promoters[2:])
    south.supervisors.add(supervisor)
    north.supervisors.add(supervisor)
    return Staff(administrator, supervisor, promoters, on_leave, north, south)


def connect_lines(staff: Staff) -> Lines:
    cordoba, sofia, martin = staff.promoters
    return Lines(
        cordoba=_line("Córdoba 1", TENANTS[0], staff.south, cordoba),
        cordoba_two=_line("Córdoba 2", TENANTS[1], staff.south, sofia),
        monterrey=_line("Monterrey", TENANTS[2], staff.north, martin, region=Region.MX, time_zone="America/Monterrey"),
        new=_line("Línea nueva", NEW_TENANT, staff.south, None),
    )


def logins() -> str:
    """What `demo` prints: whom to be, and what each sees."""
    rows = [
        ("laura", "supervisora", "/admin/"),
        ("diego", "promotor", "/"),
        ("admin", "administración", "/admin/"),
    ]
    lines = [f"  {name:<8} {PASSWORD:<18} {role:<16} {where}" for name, role, where in rows]
    return "\n".join(["Usuarios de demostración (usuario, contraseña, rol, dónde entra):", *lines])


def _user(username: str, first: str, last: str, role: Role) -> User:
    user = User(
        username=username,
        first_name=first,
        last_name=last,
        email=f"{username}@example.com",
        role=role,
        is_staff=role != Role.PROMOTER,
        is_superuser=role == Role.ADMINISTRATOR,
    )
    user.set_password(PASSWORD)
    user.save()
    return user


def _line(
    name: str,
    tenant: str,
    team: Team,
    owner: User | None,
    *,
    region: Region = Region.AR,
    time_zone: str = "America/Argentina/Cordoba",
) -> WhatsAppSession:
    return WhatsAppSession.objects.create(
        name=name,
        tenant_id=tenant,
        team=team,
        owner=owner,
        region=region,
        time_zone=time_zone,
        webhook_secret=os.environ.get("SESSION_MANAGER_WEBHOOK_SECRET", ""),
    )
