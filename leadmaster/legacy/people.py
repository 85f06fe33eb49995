"""Users become people of one team, with a desk of their own where the team has none."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Collection, Sequence

from django.contrib.auth.hashers import identify_hasher, make_password
from django.utils.translation import gettext as _

from leadmaster.accounts.models import Team, User
from leadmaster.accounts.roles import Role
from leadmaster.calendars.models import OpeningWindow, OperatingCalendar
from leadmaster.directory.names import split_name
from leadmaster.legacy import values
from leadmaster.legacy.source import Row
from leadmaster.legacy.work import Work
from opportunities.models import Desk, Promoter

TABLE = "usuarios"
_ROLES = {
    "promotor": Role.PROMOTER,
    "supervisor": Role.SUPERVISOR,
    "admin": Role.ADMINISTRATOR,
    "administrador": Role.ADMINISTRATOR,
}
# Nobody wrote the old desk's hours down: an office's, until somebody says otherwise.
_OPENS, _CLOSES = dt.time(9), dt.time(18)


@dataclasses.dataclass(frozen=True)
class _Person:
    row: Row
    name: str
    email: str
    role: Role
    active: bool
    password: str


def take(work: Work) -> None:
    working = _working(work)
    for batch in work.batches(TABLE):
        people = [_decided(row, work) for row in batch]
        work.write(batch, functools.partial(_write, people, working, work))


def team_of(work: Work) -> Team:
    team, _made = Team.objects.get_or_create(name=work.team_name)
    return team


def desk_of(work: Work) -> Desk:
    """The team's desk; a new one keeps office hours in the old server's zone."""
    team = team_of(work)
    desk = Desk.objects.filter(team=team).first()
    if desk is not None:
        return desk
    calendar = OperatingCalendar.objects.filter(team=team).first()
    if calendar is None:
        calendar = OperatingCalendar.objects.create(name=f"{work.team_name}"[:80], time_zone=work.tz.key, team=team)
        OpeningWindow.objects.bulk_create(
            OpeningWindow(calendar=calendar, weekday=weekday, opens=_OPENS, closes=_CLOSES) for weekday in range(5)
        )
    return Desk.objects.create(team=team, calendar=calendar)


def _working(work: Work) -> set[int]:
    """Who has opportunities, lots or quotas, whatever their role says."""
    told: set[int] = set()
    for table in ("oportunidades", "lotes", "cupo_diario"):
        told |= work.source.distinct(table, "usuario_id")
    return told


def _decided(row: Row, work: Work) -> _Person:
    said = values.text(row["rol"]).lower()
    role = _ROLES.get(said, Role.PROMOTER)
    if said not in _ROLES:
        work.correct(row, "unknown_role", _("No se conoce el rol “%(role)s”: entra como promotor.") % {"role": said})
    password = values.text(row["password"])
    if not _is_ours(password):
        if password:
            work.correct(
                row,
                "password",
                _("Su contraseña no se puede usar aquí: necesita una nueva para entrar por primera vez."),
            )
        password = ""
    return _Person(
        row=row,
        name=values.text(row["nombre"]),
        email=values.text(row["email"]).lower()[:254],
        role=role,
        active=values.truth(row["activo"]) if row["activo"] is not None else True,
        password=password,
    )


def _is_ours(password: str) -> bool:
    """Whether this is a hash that we check passwords against."""
    try:
        return bool(password) and bool(identify_hasher(password))
    except ValueError:
        return False


# --- Writing ----------------------------------------------------------------------------------------------------------


def _write(people: Sequence[_Person], working: Collection[int], work: Work) -> dict[int, int]:
    team, desk = team_of(work), desk_of(work)
    made: dict[int, int] = {}
    for person in people:
        user = _known(person) or _new(person, work)
        made[person.row.id] = user.pk
        if person.role == Role.SUPERVISOR:
            team.supervisors.add(user)
        if person.role == Role.PROMOTER or person.row.id in working:
            team.members.add(user)
            Promoter.objects.get_or_create(user=user, defaults={"desk": desk, "available": person.active})
    return made


def _known(person: _Person) -> User | None:
    """Somebody who has an account here already keeps it as it is: role, password and all."""
    if not person.email:
        return None
    return User.objects.filter(email__iexact=person.email).order_by("id").first()


def _new(person: _Person, work: Work) -> User:
    name, last_names = split_name(person.name)
    user = User(
        username=_free_name(person),
        email=person.email,
        first_name=name[:150],
        last_name=last_names[:150],
        role=person.role,
        is_active=person.active,
        password=person.password or make_password(None),
        password_set_at=work.now if person.password else None,
    )
    user.save()
    return user


def _free_name(person: _Person) -> str:
    wanted = User.normalize_username(person.email[:150]) or f"usuario-{person.row.id}"
    if not User.objects.filter(username__iexact=wanted).exists():
        return wanted
    return f"{wanted[:120]}-{person.row.id}"
