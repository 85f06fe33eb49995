"""A request without Django: the statements that it makes, by hand through mysqlclient, with everything else left out."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from typing import Any

from opportunities.assignment.filters import Filters
from opportunities.models import Promoter, Stage
from tests.bench import database

_NOT_RESTING = (
    "(SELECT d.id FROM opportunities_cooldown d WHERE d.client_id = c.id AND d.promoter_id = {promoter} "
    "AND d.until > '{now}' LIMIT 1) IS NULL"
)
_NOT_OPTED_OUT = (
    "(SELECT p.id FROM directory_contactpoint p WHERE p.client_id = c.id AND p.normalised IN (SELECT s.phone FROM "
    "directory_suppression s) LIMIT 1) IS NULL"
)
_POOL = (
    "SELECT open_client_id, state_since, id FROM opportunities_opportunity WHERE team_id = %s AND state = 'pool' "
    "ORDER BY state_since, id LIMIT {}"
)
_PLENTY = 2000


class Desk:
    """The desk in one process."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._database = database.connect()

    def request(self, person: Promoter, filters: Filters, quantity: int, *, key: str, now: dt.datetime) -> int:
        """As many as `quantity` free clients of one index; the pool is empty on this stage."""
        promoter, team, day = person.pk, person.desk.team_id, now.date()
        calendar, moment = person.desk.calendar_id, now.replace(tzinfo=None)
        segment = "c.availability = 'libre' AND c.gone_at IS NULL"
        segment += "".join(f" AND c.{name} = '{value}'" for name, value in filters.as_dict().items())
        rows, run = self._rows, self._run
        rows("SELECT answer FROM opportunities_assignmentrequest WHERE promoter_id = %s AND `key` = %s", promoter, key)
        rows("SELECT id FROM opportunities_dailyquota WHERE promoter_id = %s AND day = %s", promoter, day)
        offerable = f"{_NOT_RESTING.format(promoter=promoter, now=moment)} AND {_NOT_OPTED_OUT}"
        count = "SELECT COUNT(*) FROM (SELECT c.id FROM directory_client c WHERE {} LIMIT {}) t"
        [[seen]] = rows(count.format(segment, _PLENTY))
        if seen < _PLENTY:
            [[seen]] = rows(count.format(f"{segment} AND {offerable}", 1001))
            rows(_POOL.format(_PLENTY), team)
        run("BEGIN")
        request = run(
            "INSERT INTO opportunities_assignmentrequest (promoter_id, `key`, at, answer) VALUES (%s, %s, %s, '{}')",
            *(promoter, key, moment),
        )
        locked = "SELECT id, `limit`, used FROM opportunities_dailyquota WHERE promoter_id = %s AND day = %s FOR UPDATE"
        [[quota, _limit, _used]] = rows(locked, promoter, day)
        rows(
            "SELECT p.available AND u.is_active, EXISTS(SELECT 1 FROM opportunities_absence a WHERE a.promoter_id = p.id "
            "AND a.starts_on <= %s AND a.ends_on >= %s AND a.ended_at IS NULL), (SELECT COUNT(*) FROM "
            "opportunities_opportunity o WHERE o.owner_id = p.id AND o.state = 'activa') "
            "FROM opportunities_promoter p JOIN accounts_user u ON u.id = p.user_id WHERE p.id = %s",
            *(day, day, promoter),
        )
        run(
            "UPDATE opportunities_dailyquota SET used = used + %s WHERE id = %s AND `limit` >= used + %s",
            *(quantity, quota, quantity),
        )
        rows(_POOL.format(100), team)
        drawn = self._draw(promoter, f"{segment} AND {offerable}", quantity, moment)
        if not drawn:
            run("ROLLBACK")
            return 0
        lot = run(
            "INSERT INTO opportunities_lot (promoter_id, team_id, day, created_at, asked, granted, from_pool, filters, "
            "available_seen, seed) VALUES (%s, %s, %s, %s, %s, %s, 0, %s, %s, 0)",
            *(promoter, team, day, moment, quantity, len(drawn), json.dumps(filters.as_dict()), seen),
        )
        run(
            "INSERT INTO opportunities_quotaentry (quota_id, kind, amount, at, by_id, reason, lot_id) "
            "VALUES (%s, 'asignacion', %s, %s, %s, '', %s)",
            *(quota, len(drawn), moment, person.user_id, lot),
        )
        rows("SELECT * FROM opportunities_stage WHERE active AND type = 'inicial' ORDER BY `order`, id LIMIT 1")
        rows(
            "SELECT c.* FROM opportunities_desk d JOIN calendars_operatingcalendar c ON c.id = d.calendar_id "
            "WHERE d.team_id = %s LOCK IN SHARE MODE",
            team,
        )
        rows("SELECT weekday, opens, closes FROM calendars_openingwindow WHERE calendar_id = %s", calendar)
        rows("SELECT date FROM calendars_holiday WHERE calendar_id = %s", calendar)
        ids = ", ".join(map(str, drawn))
        run(f"UPDATE directory_client SET availability = 'tomado' WHERE id IN ({ids})")
        run(
            "INSERT INTO opportunities_opportunity (client_id, open_client_id, team_id, owner_id, stage_id, lot_id, "
            "state, origin, version, stage_since, state_since, deadline, extended, attempts, exit_reason, data, "
            "created_at) SELECT id, id, %s, %s, %s, %s, 'activa', 'asignacion', 1, %s, %s, %s, 0, 1, '', '{}', %s "
            f"FROM directory_client WHERE id IN ({ids})",
            *(team, promoter, self._stage.pk, lot, moment, moment, moment + dt.timedelta(days=2), moment),
        )
        run(
            "INSERT INTO opportunities_opportunityevent (opportunity_id, kind, at, by_id, from_state, to_state, "
            "to_stage_id, to_owner_id, reason, data) SELECT id, 'asignada', %s, %s, '', state, stage_id, owner_id, '', "
            "'{}' FROM opportunities_opportunity WHERE lot_id = %s AND version = 1",
            *(moment, person.user_id, lot),
        )
        run(
            "UPDATE opportunities_assignmentrequest SET lot_id = %s, answer = %s WHERE id = %s",
            *(lot, json.dumps({"lot_id": lot, "granted": len(drawn)}), request),
        )
        run("COMMIT")
        return len(drawn)

    def _draw(self, promoter: int, segment: str, quantity: int, moment: dt.datetime) -> list[int]:
        seed = zlib.crc32(f"{promoter}:{moment:%Y-%m-%d}".encode()) % 64
        drawn: list[int] = []
        for shard in (*range(seed, 64, 2), *range(0, seed, 2)):
            found = self._rows(
                f"SELECT c.shard, c.id FROM directory_client c WHERE {segment} AND c.shard >= {shard} "
                f"AND c.shard < {shard + 2} ORDER BY c.shard, c.id LIMIT 50"
            )
            named = [pk for _shard, pk in found]
            while named and len(drawn) < quantity:
                wanted, named = named[: quantity - len(drawn)], named[quantity - len(drawn) :]
                ids = ", ".join(map(str, wanted))
                states = self._rows(
                    f"SELECT id, availability FROM directory_client WHERE id IN ({ids}) AND gone_at IS NULL ORDER BY id "
                    "FOR UPDATE SKIP LOCKED"
                )
                drawn += [pk for pk, availability in states if availability == "libre"]
            if len(drawn) == quantity:
                break
        return drawn

    def _rows(self, sql: str, *parameters: Any) -> list[Any]:
        cursor = self._database.cursor()
        cursor.execute(sql, parameters or None)
        return list(cursor.fetchall())

    def _run(self, sql: str, *parameters: Any) -> int:
        """The id of what was inserted."""
        cursor = self._database.cursor()
        cursor.execute(sql, parameters or None)
        return int(cursor.lastrowid)
