"""What people do at the two desks all the while: by programs and by forms, one thing after the other."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import connection

from leadmaster.lib.clock import database_now
from opportunities.models import Opportunity, Promoter
from tests.chaos.desk import Desks, Person, Team
from tests.chaos.doors import Browser, CutOffError, Program, Watch

_PAUSE = (0.2, 1.2)
_VERSION = re.compile(r'name="version" value="(\d+)"')
_STEP = re.compile(r'action="(/oportunidades/\d+/mover/\d+/)"')
_LISTED = re.compile(r"/opportunities/opportunity/(\d+)/change/")
_UNDO = re.compile(r"/admin/opportunities/bulkaction/\d+/undo/")
_FROZEN = re.compile(r'name="ids"[^>]*value="([^"]*)"')
_ALL_DAY = [{"opens": "00:00", "closes": "00:00"}]
_WITH_LUNCH = [{"opens": "00:00", "closes": "12:00"}, {"opens": "13:00", "closes": "00:00"}]
_OPPORTUNITY = "/admin/opportunities/opportunity/"

Verb = Callable[[], None]


class Crowd:
    """A thread for each person. `standing_back` keeps all of them away from the server, and from the tables."""

    def __init__(self, desks: Desks, base_url: str, *, seed: int) -> None:
        self.watch = Watch()
        self._ended = threading.Event()
        self._may_act = threading.Event()
        self._may_act.set()
        self._acting: set[int] = set()
        self._turn = threading.Condition()
        self.cut_off = 0
        people = [who for team in desks.teams for who in _team(team, base_url, self.watch, seed)]
        people.append(_Administrator(desks, base_url, self.watch, random.Random(seed)))
        self._people = people
        self._threads = [threading.Thread(target=self._live, args=(who,), daemon=True) for who in people]
        for thread in self._threads:
            thread.start()

    @contextlib.contextmanager
    def standing_back(self) -> Iterator[None]:
        self._may_act.clear()
        with self._turn:
            assert self._turn.wait_for(lambda: not self._acting, timeout=600), "somebody does not come back"
        try:
            yield
        finally:
            self._may_act.set()

    def end(self) -> None:
        """When everybody was answered at least once. The server is up."""
        while not all(self.watch.answers[who.person.user.username] for who in self._people):
            assert all(thread.is_alive() for thread in self._threads), self.watch.troubles
            time.sleep(0.2)
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout=600)
            assert not thread.is_alive()

    def told(self) -> str:
        statuses = {name: number for name, number in self.watch.answers.items() if name.endswith("xx")}
        return f"{statuses}, {self.cut_off} cut off, {self.watch.shown} rows shown"

    def _live(self, who: _Somebody) -> None:
        me = threading.get_ident()
        while not self._ended.is_set():
            if not self._may_act.wait(timeout=1):
                continue
            with self._turn:
                if not self._may_act.is_set():
                    continue
                self._acting.add(me)
            try:
                who.chance.choice(who.verbs)()
            except CutOffError:
                self.cut_off += 1
            except Exception as error:  # noqa: BLE001 - told at the end, and the others go on
                self.watch.trouble(f"{who.person.user}: {error!r}")
            finally:
                connection.close()
                with self._turn:
                    self._acting.discard(me)
                    self._turn.notify_all()
            time.sleep(who.chance.uniform(*_PAUSE))


class _Somebody:
    verbs: Sequence[Verb]

    def __init__(self, person: Person, chance: random.Random) -> None:
        self.person, self.chance = person, chance

    def _foreign(self, team: int) -> int | None:
        """A row of the other team, as whoever types numbers into an address finds it."""
        return Opportunity.objects.filter(team=team).order_by("?").values_list("pk", flat=True).first()


def _team(team: Team, base_url: str, watch: Watch, seed: int) -> Iterator[_Somebody]:
    def chance(number: int) -> random.Random:
        return random.Random(f"{seed} {team.id} {number}")

    yield _PromoterByApi(team, Program(team.by_api, base_url, watch), chance(1))
    yield _PromoterByForms(team, Browser(team.by_forms, base_url, watch), chance(2))
    yield _BossByApi(team, Program(team.boss_by_api, base_url, watch), chance(3))
    yield _BossByForms(team, Browser(team.boss_by_forms, base_url, watch), chance(4))


class _PromoterByApi(_Somebody):
    def __init__(self, team: Team, program: Program, chance: random.Random) -> None:
        super().__init__(team.by_api, chance)
        self._team, self._program = team, program
        self.verbs = [self._ask, self._ask, self._move, self._move, self._move, self._extend, self._note, self._capture,
                      self._knock]  # fmt: skip

    def _ask(self) -> None:
        key, quantity = uuid.uuid4().hex, self.chance.randint(1, 3)
        answers = [
            self._program.post("lots/", key=key, quantity=quantity) for _ in range(self.chance.choice((1, 1, 2)))
        ]
        lots = {answer.json()["lot"] for answer in answers if answer.ok}
        if len(lots) > 1:
            self._program.watch.trouble(f"one key gave {self.person.user} the lots {lots}")
        self._program.watch.see_lots(self.person, [lot for lot in lots if lot], "lots/")

    def _move(self) -> None:
        row = self._one()
        detail = self._program.get(f"opportunities/{row['id']}/") if row else None
        if not detail or not detail["steps"]:
            return
        step = self.chance.choice(detail["steps"])
        told = {"data": {"amount": "5"}, "reason": "Prueba", "version": detail["version"]}
        self._program.post(f"opportunities/{detail['id']}/move/", stage=step["stage"]["id"], **told)

    def _extend(self) -> None:
        if row := self._one():
            self._program.post(f"opportunities/{row['id']}/extend/", version=row["version"])

    def _note(self) -> None:
        if row := self._one():
            self._program.post(f"opportunities/{row['id']}/note/", text="Llamar el lunes")

    def _capture(self) -> None:
        self._program.post("captures/", name="Ana", phones=[f"+54935155{self.chance.randint(50_000, 50_400)}"])

    def _knock(self) -> None:
        pk = self._foreign(self._team.other)
        if pk is None:
            return
        if self._program.get(f"opportunities/{pk}/") is not None:
            self._program.watch.trouble(f"{self.person.user} read {pk} of another team")
        if self._program.post(f"opportunities/{pk}/note/", text="Hola").ok:
            self._program.watch.trouble(f"{self.person.user} wrote to {pk} of another team")

    def _one(self) -> dict[str, Any] | None:
        rows = [row for row in self._program.rows("opportunities/") if row["state"] == "activa"]
        return self.chance.choice(rows) if rows else None


class _PromoterByForms(_Somebody):
    def __init__(self, team: Team, browser: Browser, chance: random.Random) -> None:
        super().__init__(team.by_forms, chance)
        self._team, self._browser = team, browser
        self.verbs = [self._ask, self._ask, self._move, self._move, self._move, self._extend, self._note, self._capture,
                      self._knock]  # fmt: skip

    def _ask(self) -> None:
        page = self._browser.open("/pedir/")
        key = re.search(r'name="key" value="([0-9a-f]{32})"', page)
        if key:
            quantity = str(self.chance.randint(1, 3))
            for _press in range(self.chance.choice((1, 1, 2))):
                self._browser.send("/pedir/", page, key=key[1], quantity=quantity)

    def _move(self) -> None:
        _row, page = self._one()
        if steps := sorted({*_STEP.findall(page)}):
            step = self.chance.choice(steps)
            self._browser.send(step, page, version=_version(page), reason="Prueba", **{"dato-amount": "5"})

    def _extend(self) -> None:
        row, page = self._one()
        if page:
            self._browser.send(f"/oportunidades/{row}/prorroga/", page, version=_version(page))

    def _note(self) -> None:
        row, page = self._one()
        if page:
            self._browser.send(f"/oportunidades/{row}/nota/", page, text="Llamar el lunes")

    def _capture(self) -> None:
        page = self._browser.open("/captar/")
        key = re.search(r'name="key" value="([0-9a-f]{32})"', page)
        if key:
            phone = f"+54935155{self.chance.randint(50_000, 50_400)}"
            self._browser.send("/captar/", page, key=key[1], name="Eva", phone=phone)

    def _knock(self) -> None:
        pk = self._foreign(self._team.other)
        if pk is not None and self._browser.status(f"/oportunidades/{pk}/") == 200:
            self._browser.watch.trouble(f"{self.person.user} opened {pk} of another team")

    def _one(self) -> tuple[str, str]:
        rows = sorted({*re.findall(r"/oportunidades/(\d+)/", self._browser.open("/oportunidades/"))})
        if not rows:
            return "", ""
        row = self.chance.choice(rows)
        return row, self._browser.open(f"/oportunidades/{row}/")


class _BossByApi(_Somebody):
    def __init__(self, team: Team, program: Program, chance: random.Random) -> None:
        super().__init__(team.boss_by_api, chance)
        self._team, self._program = team, program
        self.verbs = [self._decide, self._decide, self._many, self._many, self._undo, self._leave, self._come_back,
                      self._limit, self._look, self._knock]  # fmt: skip

    def _decide(self) -> None:
        if rows := self._some(1):
            verb, told = self._verdict()
            self._program.post(f"opportunities/{rows[0]['id']}/{verb}/", version=rows[0]["version"], **told)

    def _many(self) -> None:
        if rows := self._some(5):
            verb, told = self._verdict()
            ids = [f"{row['id']}:{row['version']}" for row in rows]
            self._program.post(f"bulk-actions/{verb}/", ids=ids, **told)

    def _undo(self) -> None:
        actions = (self._program.get("bulk-actions/") or {}).get("results", [])
        if open_ones := [one["id"] for one in actions if one["undone_at"] is None]:
            self._program.post(f"bulk-actions/{self.chance.choice(open_ones)}/undo/")

    def _leave(self) -> None:
        day = database_now().date()
        last = day + dt.timedelta(days=self.chance.randint(0, 1))
        told = {"starts_on": day.isoformat(), "ends_on": last.isoformat()}
        policy = self.chance.choice(("pausar", "pausar", "redistribuir"))
        self._program.post("absences/", promoter=self._promoter(), policy=policy, **told)

    def _come_back(self) -> None:
        found = (self._program.get("absences/") or {}).get("results", [])
        self._program.watch.see_absences(self.person, [one["id"] for one in found], "absences/")
        for one in found:
            if one["ended_at"] is None:
                self._program.post(f"absences/{one['id']}/call-off/")

    def _limit(self) -> None:
        limit = self.chance.choice((20, 60, 90))
        self._program.post(f"promoters/{self._promoter()}/quota/", limit=limit, reason="Hoy")

    def _look(self) -> None:
        for path in ("pool/", "promoters/", "lots/"):
            found = (self._program.get(path) or {}).get("results", [])
            see = {"pool/": self._program.watch.see, "lots/": self._program.watch.see_lots}
            see.get(path, self._program.watch.see_promoters)(self.person, [one["id"] for one in found], path)

    def _knock(self) -> None:
        pk = self._foreign(self._team.other)
        if pk is None:
            return
        if self._program.get(f"opportunities/{pk}/") is not None:
            self._program.watch.trouble(f"{self.person.user} read {pk} of another team")
        answer = self._program.post("bulk-actions/close/", ids=[pk], reason="Fin")
        if answer.ok and answer.json()["done"]:
            self._program.watch.trouble(f"{self.person.user} closed {pk} of another team")

    def _verdict(self) -> tuple[str, dict[str, Any]]:
        verb = self.chance.choice(("reassign", "reassign", "return-to-pool", "give-back", "close"))
        more = {"promoter": self._promoter()} if verb == "reassign" else {}
        return verb, {"reason": "Urge", **more}

    def _some(self, most: int) -> list[dict[str, Any]]:
        rows = self._program.rows(self.chance.choice(("opportunities/", "inbox/", "pool/")))
        return self.chance.sample(rows, min(most, len(rows)))

    def _promoter(self) -> int:
        return self.chance.choice([self._team.by_api, self._team.by_forms]).promoter or 0


class _BossByForms(_Somebody):
    def __init__(self, team: Team, browser: Browser, chance: random.Random) -> None:
        super().__init__(team.boss_by_forms, chance)
        self._team, self._browser = team, browser
        self.verbs = [self._decide, self._decide, self._decide, self._undo, self._limit, self._look, self._knock]

    def _decide(self) -> None:
        where = _OPPORTUNITY + self.chance.choice(("", "inbox/", "pool/"))
        rows = sorted({*_LISTED.findall(self._browser.open(where))})
        if not rows:
            return
        verb = self.chance.choice(("reassign", "reassign", "pool", "give-back", "close"))
        address = (
            f"{_OPPORTUNITY}decide/{verb}/?ids={','.join(self.chance.sample(rows, min(4, len(rows))))}&back={where}"
        )
        page = self._browser.open(address)
        frozen = _FROZEN.search(page)
        if frozen:
            who = self.chance.choice([self._team.by_api, self._team.by_forms]).promoter
            self._browser.send(address, page, ids=frozen[1], reason="Urge", receiver=str(who))

    def _undo(self) -> None:
        if buttons := sorted({*_UNDO.findall(self._browser.open("/admin/opportunities/bulkaction/"))}):
            address = self.chance.choice(buttons)
            self._browser.send(address, self._browser.open(address))

    def _limit(self) -> None:
        who = self.chance.choice([self._team.by_api, self._team.by_forms]).promoter
        address = f"/admin/opportunities/promoter/{who}/quota/"
        self._browser.send(
            address, self._browser.open(address), limit=self.chance.choice(("20", "60", "90")), reason="Hoy"
        )

    def _look(self) -> None:
        for path in (_OPPORTUNITY, f"{_OPPORTUNITY}pool/", "/admin/opportunities/promoter/radar/", "/admin/"):
            self._browser.open(path)

    def _knock(self) -> None:
        pk = self._foreign(self._team.other)
        if pk is not None and self._browser.status(f"{_OPPORTUNITY}{pk}/change/") == 200:
            self._browser.watch.trouble(f"{self.person.user} opened {pk} of another team")
        stranger = Promoter.objects.filter(desk__team=self._team.other).values_list("pk", flat=True).first()
        if self._browser.status(f"/admin/opportunities/promoter/{stranger}/change/") == 200:
            self._browser.watch.trouble(f"{self.person.user} opened promoter {stranger} of another team")


class _Administrator(_Somebody):
    """Changes hours and timers under everybody's clocks, each rehearsed as the page asks."""

    def __init__(self, desks: Desks, base_url: str, watch: Watch, chance: random.Random) -> None:
        super().__init__(desks.administrator, chance)
        self._desks = desks
        self._program = Program(desks.administrator, base_url, watch)
        self.verbs = [self._hours, self._timer, self._look]

    def _hours(self) -> None:
        calendar = self.chance.choice(self._desks.teams).desk.calendar_id
        week = [self.chance.choice((_ALL_DAY, _WITH_LUNCH)) for _day in range(7)]
        rehearsed = self._program.post(f"calendars/{calendar}/rehearse/", week=week)
        if rehearsed.ok:
            self._program.patch(f"calendars/{calendar}/", week=week, rehearsed=rehearsed.json()["rehearsed"])

    def _timer(self) -> None:
        stage, minutes = self.chance.choice(self._desks.stages).pk, self.chance.choice((1, 2, 45, 120))
        rehearsed = self._program.post(f"stages/{stage}/rehearse-timer/", timer_minutes=minutes)
        if rehearsed.ok:
            self._program.patch(f"stages/{stage}/", timer_minutes=minutes, rehearsed=rehearsed.json()["rehearsed"])

    def _look(self) -> None:
        self._program.rows("opportunities/")


def _version(page: str) -> str:
    found = _VERSION.search(page)
    return found[1] if found else ""
