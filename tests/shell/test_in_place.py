"""Pages that send their forms themselves: told what became of it, once, whoever repeats it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client as Browser

from leadmaster.ops.idempotency import LEASE
from leadmaster.ops.models import IdempotentRequest
from opportunities.enums import EventKind
from opportunities.models import Opportunity
from tests.company import signed_in
from tests.opportunities.web.conftest import World, browser, row, world

__all__ = ["browser", "row", "world"]


def send(browser: Browser, path: str, fields: dict[str, object], *, key: str = "one", mode: str = "queue") -> Any:
    return browser.post(path, fields, headers={"X-In-Place": mode, "Idempotency-Key": key})


def notes(row: Opportunity) -> list[str]:
    return [event.reason for event in row.events.filter(kind=EventKind.NOTE).order_by("id")]


def test_a_note_that_is_sent_again_is_written_once_and_answered_the_same(browser: Browser, row: Opportunity) -> None:
    path = f"/oportunidades/{row.pk}/nota/"

    first = send(browser, path, {"text": "Llamar el jueves", "csrfmiddlewaretoken": "before"})
    again = send(browser, path, {"text": "Llamar el jueves", "csrfmiddlewaretoken": "after"})

    assert first.json() == {"done": True, "to": f"/oportunidades/{row.pk}/", "said": ["Nota guardada."]}
    assert (again.json(), again.headers["Idempotent-Replay"]) == (first.json(), "true")
    assert notes(row) == ["Llamar el jueves"]


def test_a_move_that_is_sent_again_is_no_stale_one(browser: Browser, world: World, row: Opportunity) -> None:
    path = f"/oportunidades/{row.pk}/mover/{world.funnel.contacted.pk}/"

    answers = [send(browser, path, {"version": 1}) for _time in range(3)]

    assert [answer.json()["done"] for answer in answers] == [True, True, True]
    row.refresh_from_db()
    assert (row.stage, row.version) == (world.funnel.contacted, 2)


def test_a_refusal_says_why_and_leaves_the_key_free(browser: Browser, world: World, row: Opportunity) -> None:
    path = f"/oportunidades/{row.pk}/mover/{world.funnel.contacted.pk}/"

    refused = send(browser, path, {"version": 7})

    assert refused.json()["done"] is False
    assert "No se hizo: la oportunidad cambió" in refused.json()["said"][0]
    assert not IdempotentRequest.objects.exists()
    assert send(browser, path, {"version": 1}).json()["done"] is True


def test_a_key_is_one_persons_and_one_things(browser: Browser, world: World, row: Opportunity) -> None:
    path = f"/oportunidades/{row.pk}/nota/"
    send(browser, path, {"text": "Uno"})

    other = send(browser, path, {"text": "Dos"})

    assert (other.status_code, other.json()["done"]) == (409, False)
    assert send(world.browser("supervisor"), path, {"text": "Dos"}).json()["done"] is True
    assert notes(row) == ["Uno", "Dos"]


def test_what_is_at_work_is_waited_for_and_what_died_is_looked_at_by_a_person(
    browser: Browser, world: World, row: Opportunity
) -> None:
    path = f"/oportunidades/{row.pk}/nota/"
    send(browser, path, {"text": "Uno"})
    IdempotentRequest.objects.update(answered_at=None, status=None, answer="")

    busy = send(browser, path, {"text": "Uno"})
    kept = IdempotentRequest.objects.get()
    IdempotentRequest.objects.update(lease_until=kept.started_at - LEASE)
    died = send(browser, path, {"text": "Uno"})

    assert (busy.status_code, busy.json()["wait"]) == (409, 2)
    assert (died.status_code, died.json().get("wait")) == (409, None)
    assert notes(row) == ["Uno"]


def test_a_form_with_a_mistake_comes_back_as_the_page(browser: Browser, row: Opportunity) -> None:
    answer = send(browser, f"/oportunidades/{row.pk}/nota/", {"text": " "})

    assert answer.status_code == 200
    assert "field-error" in answer.content.decode()
    assert not IdempotentRequest.objects.exists()


def test_the_page_that_comes_next_tells_what_a_page_did(browser: Browser, row: Opportunity) -> None:
    path = f"/oportunidades/{row.pk}/nota/"

    for _time in range(2):
        assert send(browser, path, {"text": "Uno"}, mode="page").json()["done"] is True
        assert "Nota guardada." in browser.get(f"/oportunidades/{row.pk}/").content.decode()
    assert notes(row) == ["Uno"]


@pytest.mark.parametrize("headers", [{"X-In-Place": "page", "Idempotency-Key": "one"}, {"HX-Request": "true"}])
def test_who_is_not_logged_in_any_more_is_told_so_instead_of_getting_the_door(
    row: Opportunity, headers: dict[str, str]
) -> None:
    nobody = Browser()

    posted = nobody.post(f"/oportunidades/{row.pk}/nota/", {"text": "Uno"}, headers=headers)
    asked = nobody.get("/captar/telefono/?phone=3515550101", headers={"HX-Request": "true"})
    admin = nobody.get("/admin/", headers={"HX-Request": "true"})

    assert [answer.status_code for answer in (posted, asked, admin)] == [401, 401, 401]
    assert notes(row) == []
    assert nobody.get("/captar/").status_code == 302


def test_a_token_of_before_is_told_as_such_and_a_new_one_is_to_be_had(world: World, row: Opportunity) -> None:
    strict = Browser(enforce_csrf_checks=True)
    strict.force_login(world.promoter.user, backend="leadmaster.accounts.backends.PersonBackend")
    path = f"/oportunidades/{row.pk}/nota/"

    stale = send(strict, path, {"text": "Uno", "csrfmiddlewaretoken": "x" * 64})
    here = strict.get("/sesion/").json()
    fresh = send(strict, path, {"text": "Uno", "csrfmiddlewaretoken": here["csrf"]})

    assert (stale.status_code, stale.headers["X-Reason"]) == (403, "csrf")
    assert here["person"] == str(world.promoter.user.pk)
    assert fresh.json()["done"] is True
    assert notes(row) == ["Uno"]


def test_a_page_says_whose_it_is_and_nobodys_page_does_not(browser: Browser, world: World) -> None:
    assert browser.get("/").headers["X-Person"] == str(world.promoter.user.pk)
    assert "X-Person" not in Browser().get("/login/").headers
    assert Browser().get("/sesion/").json()["person"] == ""


def test_without_javascript_forms_answer_as_ever(browser: Browser, row: Opportunity) -> None:
    answer = browser.post(f"/oportunidades/{row.pk}/nota/", {"text": "Uno"})

    assert (answer.status_code, answer.headers["Location"]) == (302, f"/oportunidades/{row.pk}/")
    assert not IdempotentRequest.objects.exists()


def test_an_answer_that_says_nothing_is_an_answer(world: World, row: Opportunity) -> None:
    told = json.dumps({"channel": "llamada", "phone": "+5493515550101", "key": "k"})
    answer = send(signed_in(world.promoter.user), f"/oportunidades/{row.pk}/contacto/", {"told": told})

    assert answer.status_code == 400
