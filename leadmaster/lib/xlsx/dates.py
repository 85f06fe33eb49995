"""Dates and times as a sheet shows them, in Spanish.

A full date in digits comes out as dd/mm/yyyy, and a time as hh:mm, whatever their order and shape in the sheet: so
everybody who gets the message reads it. What names a month, or leaves out a part, is shown as it is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol, TypeAlias

# What openpyxl makes of a serial number.
Moment: TypeAlias = dt.datetime | dt.date | dt.time | dt.timedelta | None

_MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio",
    "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
)  # fmt: skip
_DAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
# The letter of minutes, which the codes share with months.
_MINUTE = "i"
_SECONDS_OF = {"h": 3600, "m": 60, "s": 1}


class _Token(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def literal(self) -> str: ...


def date_text(value: Moment) -> str:
    """dd/mm/yyyy, with hh:mm unless it is midnight."""
    if isinstance(value, dt.datetime):
        return value.strftime("%d/%m/%Y %H:%M" if value.time() != dt.time() else "%d/%m/%Y")
    if isinstance(value, dt.date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, dt.time):
        return value.strftime("%H:%M")
    return "" if value is None else str(value)


def date_shown(tokens: Sequence[_Token], serial: float, moment: Moment) -> str:
    """The moment that `serial` stands for, as a section with these tokens shows it."""
    roles = _roles(tokens)
    kinds = {role[0] for role in roles if role}
    elapsed = any(token.kind == "elapsed" for token in tokens)
    if not elapsed and {"y", "m", "d"} <= kinds and not _names(roles):
        with_time = "h" in kinds or not isinstance(moment, dt.datetime)
        return date_text(moment if with_time else moment.date() if isinstance(moment, dt.datetime) else moment)
    if not elapsed and "h" in kinds and not kinds & {"y", "m", "d"}:
        return _clock(serial, with_seconds="s" in kinds)
    day = moment if isinstance(moment, dt.datetime) else None
    seconds = round(serial * 86_400)
    return "".join(_one(token, role, day, seconds) for token, role in zip(tokens, roles, strict=True))


def _roles(tokens: Sequence[_Token]) -> list[str]:
    """What each token stands for: its letters in lower case, those of minutes told from months, empty for no date."""
    roles = [token.text.lower() if token.kind in {"date", "elapsed"} else "" for token in tokens]
    dated = [at for at, role in enumerate(roles) if role]
    for place, at in enumerate(dated):
        if roles[at] not in {"m", "mm"} or tokens[at].kind == "elapsed":
            continue
        before = roles[dated[place - 1]][0] if place else ""
        after = roles[dated[place + 1]][0] if place + 1 < len(dated) else ""
        if before == "h" or after == "s":
            roles[at] = _MINUTE * len(roles[at])
    return ["y" * max(len(role), 4) if role.startswith("e") else role for role in roles]


def _names(roles: Sequence[str]) -> bool:
    return any(role.startswith(("mmm", "ddd")) for role in roles)


def _clock(serial: float, *, with_seconds: bool) -> str:
    seconds = round(serial % 1 * 86_400) % 86_400
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return f"{text}:{seconds % 60:02}" if with_seconds and seconds % 60 else text


def _one(token: _Token, role: str, day: dt.datetime | None, seconds: int) -> str:
    if token.kind == "elapsed":
        return str(seconds // _SECONDS_OF[role[0]]).zfill(len(role))
    if token.kind in {"point", "comma", "digit", "general"}:
        return token.text
    if not role:
        return token.literal
    if role[0] == _MINUTE:
        return str(seconds // 60 % 60).zfill(len(role))
    if role[0] == "s":
        return str(seconds % 60).zfill(len(role.partition(".")[0]))
    if role[0] == "h":
        return str(seconds // 3600 % 24).zfill(len(role))
    return _of_day(role, day) if day else ""


def _of_day(role: str, day: dt.datetime) -> str:
    if role[0] == "y":
        return f"{day:%Y}" if len(role) > 2 else f"{day:%y}"
    number, names = (day.month, _MONTHS[day.month - 1]) if role[0] == "m" else (day.day, _DAYS[day.weekday()])
    if len(role) <= 2:
        return str(number).zfill(len(role))
    if len(role) == 3:
        return names[:3]
    return names[0].upper() if len(role) == 5 and role[0] == "m" else names
