"""A POST with a key acts at most once: repeated, raced, refused, killed."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.utils import timezone
from rest_framework.test import APIClient

from campaigns.enums import CampaignState
from campaigns.models import Campaign, CampaignEvent, Envio, RecipientImport
from leadmaster.ops import idempotency
from leadmaster.ops.models import IdempotentRequest
from tests.campaigns.api import world as worlds
from tests.campaigns.api.world import World
from tests.factories.accounts import token_of

# Threads that meet in the database.
pytestmark = pytest.mark.every_database

URL = "/api/v1/campaigns/"
KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324"


def form(world: World, **changes: Any) -> dict[str, Any]:
    return {"name": "Marzo", "session": world.session.pk, "template": "Hola {nombre}", **changes}


def post(world: World, path: str, body: dict[str, Any], *, who: str = "owner", key: str = KEY, **options: Any) -> Any:
    return world.client(who).post(path, body, headers={"Idempotency-Key": key}, **options)


# --- Repeated -----------------------------------------------------------------------------------------------------


def test_a_repetition_gets_the_first_answer_and_makes_nothing(world: World) -> None:
    first = post(world, URL, form(world))
    again = post(world, URL, form(world))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert "Idempotent-Replay" not in first.headers
    assert again.headers["Idempotent-Replay"] == "true"
    assert Campaign.objects.count() == 1


def test_without_a_key_every_post_counts(world: World) -> None:
    for _ in range(2):
        world.client("owner").post(URL, form(world))

    assert Campaign.objects.count() == 2
    assert not IdempotentRequest.objects.exists()


def test_the_first_answer_is_told_even_when_the_world_moved_on(world: World) -> None:
    campaign = world.complete(CampaignState.RUNNING)
    path = f"{URL}{campaign.pk}/pause/"
    first = post(world, path, {"reason": "Almuerzo"})
    world.client("owner").post(f"{URL}{campaign.pk}/resume/")

    again = post(world, path, {"reason": "Almuerzo"})

    assert again.json() == first.json()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING
    assert campaign.events.count() == 2


def test_the_order_of_json_keys_does_not_make_another_request(world: World) -> None:
    body = form(world)
    post(world, URL, body)

    assert post(world, URL, dict(reversed(body.items()))).headers["Idempotent-Replay"] == "true"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (URL, {"name": "Otra"}),
        ("/api/v1/schedules/", {}),
    ],
)
def test_a_key_that_is_used_for_something_else_is_refused(path: str, body: dict[str, Any], world: World) -> None:
    post(world, URL, form(world))

    answer = post(world, path, form(world, **body))

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "idempotency_key_reused")
    assert Campaign.objects.count() == 1


def test_each_person_has_keys_of_their_own(world: World) -> None:
    post(world, URL, form(world))

    answer = post(world, URL, form(world), who="boss")

    assert answer.status_code == 201
    assert "Idempotent-Replay" not in answer.headers
    assert Campaign.objects.count() == 2


def test_a_file_is_the_same_by_its_content(world: World) -> None:
    path = f"{URL}{world.campaign().pk}/recipients/"

    def upload(content: bytes) -> Any:
        return post(world, path, {"file": SimpleUploadedFile("gente.csv", content)}, format="multipart")

    first = upload(b"nombre,telefono\nAna,+5493515551234\n")
    again = upload(b"nombre,telefono\nAna,+5493515551234\n")
    other = upload(b"nombre,telefono\nEva,+5493515551235\n")

    assert [first.status_code, again.status_code, other.status_code] == [201, 201, 422]
    assert again.headers["Idempotent-Replay"] == "true"
    assert (Envio.objects.count(), RecipientImport.objects.count()) == (1, 1)


@pytest.mark.parametrize("key", ["", " ", "a b", "ñ", "x" * 129])
def test_a_key_has_to_be_short_and_visible(key: str, world: World) -> None:
    answer = post(world, URL, form(world), key=key)

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["Idempotency-Key"])
    assert not Campaign.objects.exists()


# --- Refused ------------------------------------------------------------------------------------------------------


def test_a_refusal_is_judged_anew(world: World) -> None:
    campaign = world.complete(CampaignState.PAUSED)
    path = f"{URL}{campaign.pk}/pause/"
    refused = post(world, path, {})
    world.client("owner").post(f"{URL}{campaign.pk}/resume/")

    assert refused.status_code == 409
    assert post(world, path, {}).status_code == 200


def test_a_refused_form_may_be_corrected_under_the_same_key(world: World) -> None:
    assert post(world, URL, form(world, name="")).status_code == 400
    assert post(world, URL, form(world)).status_code == 201


def test_what_may_not_be_seen_leaves_no_key_behind(world: World) -> None:
    answer = post(world, f"{URL}{world.campaign().pk}/submit/", {}, who="outsider")

    assert answer.status_code == 404
    assert not IdempotentRequest.objects.exists()


# --- Died ---------------------------------------------------------------------------------------------------------


def died(world: World, path: str, body: dict[str, Any], *, ago: dt.timedelta) -> IdempotentRequest:
    """A request whose process ended over it: its key is written down and has no answer."""
    post(world, path, body)
    row = IdempotentRequest.objects.get()
    started = timezone.now() - ago
    IdempotentRequest.objects.update(
        answered_at=None, status=None, answer="", started_at=started, lease_until=started + idempotency.LEASE
    )
    return row


def test_a_create_that_died_left_nothing_and_is_done_by_the_repetition(world: World) -> None:
    died(world, URL, form(world), ago=dt.timedelta(hours=1))
    Campaign.objects.all().delete()

    answer = post(world, URL, form(world))

    assert answer.status_code == 201
    assert "Idempotent-Replay" not in answer.headers
    assert Campaign.objects.count() == 1
    assert post(world, URL, form(world)).json() == answer.json()


def test_a_verb_that_died_is_never_done_again(world: World) -> None:
    campaign = world.complete(CampaignState.RUNNING)
    path = f"{URL}{campaign.pk}/pause/"
    died(world, path, {}, ago=dt.timedelta(hours=1))
    Campaign.objects.update(state=CampaignState.RUNNING)

    answer = post(world, path, {})

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_unfinished")
    assert "clave nueva" in answer.json()["error"]["message"]
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.RUNNING


@pytest.mark.parametrize("create", [True, False])
def test_nobody_joins_what_may_still_be_going_on(create: bool, world: World) -> None:
    campaign = world.complete(CampaignState.RUNNING)
    path, body = (URL, form(world)) if create else (f"{URL}{campaign.pk}/pause/", {})
    died(world, path, body, ago=dt.timedelta(minutes=1))

    answer = post(world, path, body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_in_progress")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_late_worker_cannot_finish_what_was_taken_over(world: World) -> None:
    row = died(world, URL, form(world), ago=dt.timedelta(hours=1))
    late = idempotency.Claim(row_id=row.pk, token=row.token)
    idempotency.claim(world.owner.pk, key=KEY, fingerprint=row.fingerprint, undone_by_crash=True, now=timezone.now())

    with pytest.raises(idempotency.InProgressError):
        idempotency.finish(late, status=201, answer="{}", now=timezone.now())


def test_what_failed_by_itself_is_told_without_a_word_of_it_and_judged_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = world.complete(CampaignState.RUNNING)
    path = f"{URL}{campaign.pk}/cancel/"
    calls: list[int] = []

    def broken(*_args: object, **_words: object) -> int:
        calls.append(1)
        raise RuntimeError("secret of the machine")

    monkeypatch.setattr("campaigns.lifecycle.sweep_cancelled", broken)
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(world.owner)
    answers = [client.post(path, {"reason": "Fin"}, headers={"Idempotency-Key": KEY}) for _ in range(2)]

    # The first one cancelled before it failed: the second finds a campaign that is cancelled, and says so.
    codes = [(answer.status_code, answer.json()["error"]["code"]) for answer in answers]
    assert codes == [(500, "internal_error"), (409, "wrong_state")]
    assert b"secret" not in answers[0].content
    assert calls == [1]
    assert CampaignEvent.objects.filter(campaign=campaign).count() == 1
    assert not IdempotentRequest.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", [True, False])
def test_a_connection_that_breaks_under_a_request_leaves_its_key_free(verb: bool) -> None:
    world = worlds.build()
    campaign = world.complete(CampaignState.RUNNING)
    path, body = (f"{URL}{campaign.pk}/pause/", {}) if verb else (URL, form(world))
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(world.owner)

    with connection.execute_wrapper(_broken_socket()):
        broken = client.post(path, body, headers={"Idempotency-Key": KEY})

    assert (broken.status_code, broken.json()["error"]["code"]) == (500, "internal_error")
    assert not IdempotentRequest.objects.exists()
    again = client.post(path, body, headers={"Idempotency-Key": KEY})
    assert (again.status_code, "Idempotent-Replay" in again.headers) == (200 if verb else 201, False)


def _broken_socket() -> Any:
    """From the first write about a campaign on the server is gone, until the key could not be freed once."""
    gone: list[str] = []

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        begins = "campaigns_campaign" in sql and sql.startswith(("UPDATE", "INSERT")) and not gone
        still = len(gone) == 1 and sql.startswith("DELETE")
        if begins or still:
            gone.append(sql)
            raise OperationalError(2013, "Lost connection to server during query")
        return execute(sql, params, many, context)

    return wrapper


def test_a_create_that_failed_is_rolled_back_and_frees_its_key(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(world.owner)
    with monkeypatch.context() as patch:
        patch.setattr("leadmaster.ops.idempotency.finish", _fail)
        broken = client.post(URL, form(world), headers={"Idempotency-Key": KEY})

    assert broken.status_code == 500
    assert not Campaign.objects.exists()
    assert post(world, URL, form(world)).status_code == 201


def _fail(*_args: object, **_words: object) -> None:
    raise RuntimeError


# --- Forgotten ----------------------------------------------------------------------------------------------------


def test_a_key_is_forgotten_after_a_day(world: World) -> None:
    post(world, URL, form(world))
    IdempotentRequest.objects.update(expires_at=timezone.now())

    answer = post(world, URL, form(world, name="Otra"))

    assert answer.status_code == 201
    assert IdempotentRequest.objects.count() == 1


def test_a_new_key_sweeps_only_that_persons_old_ones(world: World) -> None:
    post(world, URL, form(world), key="viejo")
    post(world, URL, form(world), key="viejo", who="boss")
    IdempotentRequest.objects.update(expires_at=timezone.now())

    post(world, URL, form(world), key="nuevo")

    assert set(IdempotentRequest.objects.values_list("user_id", "key")) == {
        (world.owner.pk, "nuevo"),
        (world.boss.pk, "viejo"),
    }


# --- Raced --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_one_acts_and_nobody_is_told_otherwise() -> None:
    world = worlds.build()
    token = token_of(world.owner)
    body, start = form(world), threading.Barrier(8)
    answers: list[Any] = []

    def ask() -> None:
        client = APIClient(headers={"Authorization": f"Token {token}", "Idempotency-Key": KEY})
        start.wait()
        answers.append(client.post(URL, body))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Campaign.objects.count() == 1
    made = [answer for answer in answers if answer.status_code == 201]
    waiting = [answer.json()["error"]["code"] for answer in answers if answer.status_code == 409]
    assert len(made) + len(waiting) == 8
    assert set(waiting) <= {"idempotency_in_progress"}
    assert {answer.json()["id"] for answer in made} == {Campaign.objects.get().pk}
    assert sum("Idempotent-Replay" not in answer.headers for answer in made) == 1
