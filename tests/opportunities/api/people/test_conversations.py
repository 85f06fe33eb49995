"""Conversations over the API: what a program reads of them, and what it may do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from campaigns.models import Conversation, Envio
from opportunities.models import Opportunity
from tests.opportunities.api.asking import refused
from tests.opportunities.api.world import World, hear

URL = "/api/v1/conversations/"


def act(world: World, row: Conversation, verb: str, *, who: str = "owner", **body: Any) -> Any:
    seen = {"version": Conversation.objects.get(pk=row.pk).version, **body}
    return world.post(who, f"{URL}{row.pk}/{verb}/", seen)


def listed(world: World, query: str = "", *, who: str = "boss") -> list[int]:
    answer = world.client(who).get(f"{URL}?{query}")
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["results"]]


def test_a_conversation_with_its_words(world: World) -> None:
    row = world.talk()

    told = world.client("owner").get(f"{URL}{row.pk}/").json()

    assert (told["phone"], told["lid"], told["state"], told["unread"]) == ("+523312345678", None, "por_atender", 1)
    assert (told["name"], told["words"], told["opportunity"]) == ("+52 33 1234 5678", "Hola", None)
    assert [(one["ours"], one["text"], one["media"]) for one in told["messages"]] == [(False, "Hola", "")]
    assert Conversation.objects.get().unread == 1


def test_the_list_is_narrowed_by_what_it_says_and_by_nothing_else(world: World) -> None:
    row = world.talk()
    other = hear(row.session, phone="+523312345699")
    act(world, other, "handle")
    act(world, row, "assign", promoter=world.promoter("owner").pk)

    assert listed(world) == [other.pk, row.pk]
    assert listed(world, "view=por_atender") == listed(world, f"assigned_to={world.owner.pk}") == [row.pk]
    assert listed(world, "view=atendidas") == [other.pk]
    assert listed(world, "view=pospuestas") == listed(world, "campaign=1") == []
    assert listed(world, f"session={row.session_id}&without_opportunity=true") == [other.pk, row.pk]
    assert listed(world, who="other_boss") == listed(world, who="colleague") == []
    for query in ("vista=todas", "view=otra", "session=x"):
        assert world.client("boss").get(f"{URL}?{query}").status_code == 400


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("handle", {"version": "x"}),
        ("handle", {"motivo": "x"}),
        ("snooze", {}),
        ("snooze", {"until": "mañana"}),
        ("assign", {}),
        ("assign", {"promoter": 987_654_321}),
        ("capture", {"name": "Rosa"}),
    ],
)
def test_a_body_that_does_not_say_it_does_nothing(world: World, verb: str, body: dict[str, Any]) -> None:
    row = world.talk()
    before = Conversation.objects.values().get()

    assert refused(act(world, row, verb, **body))[0] == 400
    assert Conversation.objects.values().get() == before


def test_a_version_is_asked_for_and_an_old_one_refused(world: World) -> None:
    row = world.talk()
    hear(row.session, "Otra cosa")

    assert refused(act(world, row, "handle", version=row.version)) == (409, "stale")
    assert refused(world.post("owner", f"{URL}{row.pk}/handle/", {})) == (400, "invalid")
    assert act(world, row, "handle").json()["state"] == "atendida"
    assert refused(act(world, row, "handle")) == (409, "wrong_state")


def test_what_is_put_off_says_until_when(world: World) -> None:
    row = world.talk()
    until = timezone.now() + dt.timedelta(hours=3)

    told = act(world, row, "snooze", until=until.isoformat()).json()

    assert (told["state"], told["unread"]) == ("pospuesta", 0)
    assert dt.datetime.fromisoformat(told["due_at"]) == until
    assert refused(act(world, row, "snooze", until="2020-01-01T00:00:00Z")) == (422, "incomplete")


def test_promoters_take_and_supervisors_give(world: World) -> None:
    row = world.talk()
    colleague = world.promoter("colleague")

    assert act(world, row, "assign", who="owner", promoter=colleague.pk).status_code == 400
    assert refused(act(world, row, "assign", who="owner", promoter=None)) == (403, "not_allowed")
    assert act(world, row, "assign", who="boss", promoter=colleague.pk).json()["assigned_to"] == world.colleague.pk
    assert listed(world, who="colleague") == [row.pk]
    assert act(world, row, "assign", who="colleague", promoter=None).json()["assigned_to"] is None


def test_an_answer_becomes_an_opportunity_once(world: World) -> None:
    row = world.talk()
    body = {"name": "Rosa Díaz", "promoter": world.promoter("owner").pk}

    answers = [world.post("owner", f"{URL}{row.pk}/capture/", body, key="una-vez") for _time in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    made = Opportunity.objects.get()
    assert answers[0].json() == answers[1].json()
    assert world.client("owner").get(f"{URL}{row.pk}/").json()["opportunity"] == made.pk
    assert listed(world, "without_opportunity=true") == []
    assert refused(world.post("owner", f"{URL}{row.pk}/capture/", body)) == (409, "taken")


def answer(world: World, row: Conversation, text: str = "Sale $ 100", *, who: str = "owner", **given: Any) -> Any:
    seen = given.get("seen") or world.client("owner").get(f"{URL}{row.pk}/").json()["seen"]
    return world.post(who, f"{URL}{row.pk}/replies/", {"text": text, "seen": seen}, key=given.get("key", "una-clave"))


def test_an_answer_is_written_once_and_wakes_the_cluster(world: World, django_capture_on_commit_callbacks: Any) -> None:
    row = world.talk()
    seen = world.client("owner").get(f"{URL}{row.pk}/").json()["seen"]

    with django_capture_on_commit_callbacks(execute=True):
        told = answer(world, row, seen=seen)
    again = answer(world, row, seen=seen)

    assert (told.status_code, told.json()["state"], told.json()["author"]) == (201, "pendiente", world.owner.pk)
    assert again.json()["id"] == told.json()["id"]
    assert Envio.objects.get().text == "Sale $ 100"
    assert [task.func() for task in OrmQ.objects.all()] == ["campaigns.tasks.answer"]
    said = world.client("owner").get(f"{URL}{row.pk}/").json()["messages"][-1]
    assert (said["ours"], said["text"], said["standing"]) == (True, "Sale $ 100", "Pendiente")


def test_what_was_written_since_is_read_before_anything_is_sent(world: World) -> None:
    row = world.talk()
    seen = world.client("owner").get(f"{URL}{row.pk}/").json()["seen"]
    hear(row.session, "Mejor dos")

    assert refused(answer(world, row, seen=seen)) == (409, "unseen")
    assert not Envio.objects.exists()
    assert answer(world, row).status_code == 201


@pytest.mark.parametrize("who", ["colleague", "outsider", "other_boss"])
def test_who_does_not_read_it_does_not_answer_it(world: World, who: str) -> None:
    row = world.talk()

    assert refused(answer(world, row, who=who))[0] == 404
    assert not Envio.objects.exists()


def test_the_teams_supervisor_and_whoever_works_the_client_answer(world: World) -> None:
    row = world.talk()

    assert answer(world, row, who="boss", key="b").status_code == 201
    act(world, row, "assign", who="boss", promoter=world.promoter("colleague").pk)
    assert answer(world, row, who="colleague", key="c").status_code == 201
    assert list(Envio.objects.order_by("id").values_list("author__username", flat=True)) == [
        world.boss.username,
        world.colleague.username,
    ]


@pytest.mark.parametrize("body", [{"text": "Hola"}, {"seen": "1.0"}, {"text": "", "seen": "1.0"}, {"texto": "Hola"}])
def test_an_answer_that_does_not_say_it_is_not_written(world: World, body: dict[str, Any]) -> None:
    row = world.talk()

    assert refused(world.post("owner", f"{URL}{row.pk}/replies/", body, key="k"))[0] == 400
    assert not Envio.objects.exists()
