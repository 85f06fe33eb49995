"""How a person's browser or program talks to the web server, and who watches what it is shown."""

from __future__ import annotations

import dataclasses
import re
import threading
import uuid
from collections import Counter
from collections.abc import Collection
from typing import Any, NoReturn

import requests

from opportunities.models import Absence, Lot, Opportunity, OpportunityEvent, Promoter
from tests.chaos.desk import Person
from tests.factories.accounts import PASSWORD

PATIENCE = 60  # seconds, on a machine that is being killed
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_ROW = re.compile(r"/(?:oportunidades|opportunities/opportunity)/(\d+)/")


class CutOffError(Exception):
    """Nobody answered: the server is being killed or not up yet."""


@dataclasses.dataclass
class Watch:
    """What went wrong, in sentences, and how often who was answered. Shared by all."""

    troubles: list[str] = dataclasses.field(default_factory=list)
    answers: Counter[str] = dataclasses.field(default_factory=Counter)
    shown: int = 0
    _lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def note(self, who: Person, method: str, path: str, answer: requests.Response) -> None:
        with self._lock:
            self.answers[f"{answer.status_code // 100}xx"] += 1
            self.answers[who.user.username] += 1
            if answer.status_code >= 500:
                self.troubles.append(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")

    def trouble(self, sentence: str) -> None:
        with self._lock:
            self.troubles.append(sentence)

    def see(self, who: Person, ids: Collection[int], where: str) -> None:
        """That these rows are theirs to see, by the tables. A row's team is for ever, an owner was it once."""
        if who.team is None or not ids:
            return
        with self._lock:
            self.shown += len(ids)
        known = dict(Opportunity.objects.filter(pk__in=ids).values_list("pk", "team_id"))
        foreign = sorted(pk for pk in ids if known.get(pk) != who.team)
        if who.promoter is not None:
            had = OpportunityEvent.objects.filter(opportunity__in=ids, to_owner=who.promoter)
            foreign += sorted({*ids} - {*had.values_list("opportunity_id", flat=True)} - {*foreign})
        if foreign:
            self.trouble(f"{where} showed {who.user} (team {who.team}) rows {foreign}")

    def see_promoters(self, who: Person, ids: Collection[int], where: str) -> None:
        foreign = Promoter.objects.filter(pk__in=ids).exclude(desk__team=who.team).values_list("pk", flat=True)
        if who.team is not None and foreign:
            self.trouble(f"{where} showed {who.user} (team {who.team}) promoters {list(foreign)}")

    def see_lots(self, who: Person, ids: Collection[int], where: str) -> None:
        foreign = Lot.objects.filter(pk__in=ids).exclude(team=who.team).values_list("pk", flat=True)
        if who.team is not None and foreign:
            self.trouble(f"{where} showed {who.user} (team {who.team}) lots {list(foreign)}")

    def see_absences(self, who: Person, ids: Collection[int], where: str) -> None:
        self.see_promoters(who, Absence.objects.filter(pk__in=ids).values_list("promoter", flat=True), where)


class _Door:
    def __init__(self, person: Person, base_url: str, watch: Watch) -> None:
        self.person, self.watch, self._base_url = person, watch, base_url
        self._wire = requests.Session()
        self._wire.trust_env = False
        self._in = False

    def _not_let_in(self, answer: requests.Response) -> NoReturn:
        """Too many at once may be told to wait; nothing else keeps out who knows the password."""
        if answer.status_code != 429:
            self.watch.trouble(f"{self.person.user} was not let in: {answer.status_code} {answer.text[:300]}")
        raise CutOffError(f"{answer.status_code}")

    def _request(self, method: str, path: str, **told: Any) -> requests.Response:
        try:
            answer = self._wire.request(method, self._base_url + path, timeout=PATIENCE, **told)
        except requests.RequestException as error:
            raise CutOffError(str(error)) from error
        self.watch.note(self.person, method, path, answer)
        return answer


class Program(_Door):
    """The API, by a token."""

    def get(self, path: str, **query: Any) -> Any:
        """The answer, None where there is none for them."""
        answer = self._asked("GET", path, params=query)
        return answer.json() if answer.ok else None

    def post(self, path: str, *, key: str = "", **body: Any) -> requests.Response:
        return self._asked("POST", path, json=body, headers={"Idempotency-Key": key or uuid.uuid4().hex})

    def patch(self, path: str, **body: Any) -> requests.Response:
        return self._asked("PATCH", path, json=body)

    def rows(self, path: str) -> list[dict[str, Any]]:
        """A page of opportunities, each of which is theirs to see."""
        found: list[dict[str, Any]] = (self.get(path) or {}).get("results", [])
        self.watch.see(self.person, [row["id"] for row in found], path)
        me = self.person
        if me.promoter is not None and any((row["owner"] or {}).get("id") != me.promoter for row in found):
            self.watch.trouble(f"{path} told {me.user} of somebody else's")
        return found

    def _asked(self, method: str, path: str, **told: Any) -> requests.Response:
        if not self._in:
            given = self._request("POST", "/api/v1/token/", json={**_name(self.person), "password": PASSWORD})
            if given.status_code != 200:
                self._not_let_in(given)
            self._wire.headers["Authorization"] = f"Token {given.json()['token']}"
            self._in = True
        answer = self._request(method, f"/api/v1/{path}", **told)
        if answer.status_code == 401:
            # A backup may be older than the token.
            del self._wire.headers["Authorization"]
            self._in = False
        return answer


class Browser(_Door):
    """Pages and their forms, by a cookie."""

    def open(self, path: str) -> str:
        """The page, whose links lead to rows that are theirs to see. Empty where it is not for them."""
        answer = self._asked("GET", path)
        if not answer.ok:
            return ""
        self.watch.see(self.person, {int(pk) for pk in _ROW.findall(answer.text)}, path)
        return answer.text

    def send(self, path: str, page: str, **fields: str) -> requests.Response:
        """Press a button of `page`."""
        token = _CSRF.search(page)
        told = {"csrfmiddlewaretoken": token[1] if token else "", **fields}
        return self._asked("POST", path, data=told, headers={"Referer": self._base_url + path})

    def status(self, path: str) -> int:
        return self._asked("GET", path).status_code

    def _asked(self, method: str, path: str, **told: Any) -> requests.Response:
        if not self._in:
            self._log_in()
        answer = self._request(method, path, allow_redirects=False, **told)
        if "/login/" in answer.headers.get("Location", ""):
            self._in = False
        return answer

    def _log_in(self) -> None:
        door = self._request("GET", "/login/")
        token = _CSRF.search(door.text)
        if token is None:
            self._not_let_in(door)
        fields = {"csrfmiddlewaretoken": token[1], **_name(self.person), "password": PASSWORD}
        answer = self._request("POST", "/login/", data=fields, allow_redirects=False)
        if answer.status_code != 302:
            self._not_let_in(answer)
        self._in = True


def _name(person: Person) -> dict[str, str]:
    return {"username": person.user.username}
