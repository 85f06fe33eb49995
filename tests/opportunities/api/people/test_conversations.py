"""Conversations over the API: what a program reads of them, and what it may do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import Conversation
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
