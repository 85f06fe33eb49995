"""What a desk stands on: hours, rules, funnel, clients."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random

from campaigns.demo.people import Staff
from leadmaster.accounts.models import Team, User
from leadmaster.calendars.models import OpeningWindow, OperatingCalendar
from leadmaster.directory.models import Client, ContactPoint
from leadmaster.directory.models.client import shard_of
from opportunities.enums import ExitTo, StageType
from opportunities.models import Desk, Promoter, Stage, StageRoute

_FIRST = [
    "Alicia",
    "Bernardo",
    "Cecilia",
    "Damián",
    "Estela",
    "Federico",
    "Graciela",
    "Horacio",
    "Irene",
    "Jorge",
    "Lidia",
    "Marcos",
    "Norma",
    "Oscar",
]
_LAST = [
    "Aguirre",
    "Bustos",
    "Cáceres",
    "Duarte",
    "Espinosa",
    "Figueroa",
    "Godoy",
    "Herrera",
    "Luna",
    "Maldonado",
    "Navarro",
    "Ojeda",
    "Paz",
    "Ríos",
]
_PLACES = {
    "Córdoba": (("Córdoba", "Córdoba"), ("Córdoba", "Villa María"), ("Santa Fe", "Rosario")),
    "Monterrey": (("Nuevo León", "Monterrey"), ("Nuevo León", "San Pedro"), ("Jalisco", "Guadalajara")),
}
_AGREEMENTS = ("Docentes", "Salud", "Comercio", "Sin convenio")
_TYPES = ("activo", "jubilado", "independiente")


@dataclasses.dataclass(frozen=True)
class Funnel:
    new: Stage
    contacted: Stage
    interested: Stage
    no_answer: Stage
    not_interested: Stage
    later: Stage
    sale: Stage
    lost: Stage


def open_desk(team: Team, *, time_zone: str, users: tuple[User, ...]) -> list[Promoter]:
    """Hours with a lunch break and half a Saturday, a quota of 30, and its promoters."""
    calendar = OperatingCalendar.objects.create(name=f"Horario {team}", time_zone=time_zone, team=team)
    windows = [(day, opens, closes) for day in range(5) for opens, closes in ((9, 13), (16, 20))]
    OpeningWindow.objects.bulk_create(
        OpeningWindow(calendar=calendar, weekday=day, opens=dt.time(opens), closes=dt.time(closes))
        for day, opens, closes in [*windows, (5, 9, 13)]
    )
    desk = Desk.objects.create(team=team, calendar=calendar, daily_quota=30)
    return [Promoter.objects.create(user=user, desk=desk) for user in users]


def join_desk(team: Team, user: User) -> Promoter:
    """One more at a desk that is open."""
    return Promoter.objects.create(user=user, desk=Desk.objects.get(team=team))


def build_funnel() -> Funnel:
    """New → contacted → interested → sale; three ways out and one end."""
    funnel = Funnel(
        new=_stage("Nueva", StageType.INITIAL, 1, "#0ea5e9", minutes=8 * 60),
        contacted=_stage("Contactada", StageType.PROGRESS, 2, "#6366f1", minutes=16 * 60),
        interested=_stage("Interesada", StageType.PROGRESS, 3, "#8b5cf6", minutes=24 * 60),
        no_answer=_stage("No contesta", StageType.EXIT, 4, "#f59e0b", cooldown=7),
        not_interested=_stage("No le interesa", StageType.EXIT, 5, "#ef4444", cooldown=90),
        later=_stage("Más adelante", StageType.EXIT, 6, "#64748b", cooldown=30, to_pool=True),
        sale=_stage("Venta", StageType.SALE, 7, "#16a34a", required=["amount"]),
        lost=_stage("Descartada", StageType.LOST, 8, "#475569"),
    )
    ends = (funnel.no_answer, funnel.not_interested, funnel.later, funnel.sale, funnel.lost)
    steps = [(funnel.new, funnel.contacted), (funnel.contacted, funnel.interested), (funnel.new, funnel.interested)]
    steps += [(source, end) for source in (funnel.new, funnel.contacted, funnel.interested) for end in ends]
    StageRoute.objects.bulk_create(
        StageRoute(from_stage=source, to_stage=target, needs_reason=target in (funnel.not_interested, funnel.lost))
        for source, target in steps
    )
    return funnel


def fill_directory(staff: Staff, *, count: int, now: dt.datetime, chance: random.Random) -> None:
    """So many clients in each team's places, each with a phone and some with a mail."""
    for team, area in ((staff.south, "+549351"), (staff.north, "+5281")):
        clients = [_client(team, number, now=now, chance=chance) for number in range(count)]
        Client.objects.bulk_create(clients)
        made = Client.objects.filter(source="demo", external_id__startswith=f"{team}-").order_by("id")
        width = 13 - len(area) if area.startswith("+52") else 14 - len(area)
        ContactPoint.objects.bulk_create(
            [
                ContactPoint(
                    client=client,
                    kind=ContactPoint.Kind.PHONE,
                    label="celular",
                    raw=f"{area}{5_000_000 + position:0{width}d}",
                    normalised=f"{area}{5_000_000 + position:0{width}d}",
                    is_primary=True,
                )
                for position, client in enumerate(made)
            ]
        )


def _client(team: Team, number: int, *, now: dt.datetime, chance: random.Random) -> Client:
    province, city = chance.choice(_PLACES[team.name])
    external_id = f"{team}-{number}"
    return Client(
        source="demo",
        external_id=external_id,
        shard=shard_of(external_id),
        name=chance.choice(_FIRST),
        last_names=f"{chance.choice(_LAST)} {chance.choice(_LAST)}",
        province=province,
        city=city,
        agreement=chance.choice(_AGREEMENTS),
        client_type=chance.choice(_TYPES),
        created_at=now,
        updated_at=now,
    )


def _stage(
    name: str,
    kind: StageType,
    order: int,
    colour: str,
    *,
    minutes: int | None = None,
    cooldown: int = 7,
    to_pool: bool = False,
    required: list[str] | None = None,
) -> Stage:
    greeting = "Hola {nombre}, te escribe {promotor}. ¿Tienes un minuto?" if minutes else ""
    return Stage.objects.create(
        name=name,
        type=kind,
        order=order,
        colour=colour,
        timer_minutes=minutes,
        cooldown_days=cooldown,
        exit_to=ExitTo.POOL if to_pool else ExitTo.INBOX,
        required_fields=required or [],
        message_template=greeting,
    )
