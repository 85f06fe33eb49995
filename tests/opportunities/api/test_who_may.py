"""Every operation of the desk against everybody who might ask for it.

A route that is not in the table fails the suite: nobody adds one without saying who may use it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from campaigns.models import Conversation
from leadmaster.directory.models import Client
from opportunities.models import Opportunity
from tests.api_people import NOBODY, PEOPLE, Operation, all_people, bosses, only_boss, only_team
from tests.described import operations
from tests.factories.accounts import UserFactory
from tests.factories.opportunities import ClientFactory, PromoterFactory
from tests.opportunities.api.world import World

# Every address once on a server too.
pytestmark = pytest.mark.every_database

V1 = "/api/v1"


class Row(Operation[World]):
    """One of the desk's."""


def promoters(ok: int) -> tuple[int, ...]:
    """Whoever works at a desk; supervisors are told that they don't."""
    return (ok, ok, 403, ok, 403, 401)


def colleagues(ok: int) -> tuple[int, ...]:
    """Everybody at the desk."""
    return (ok, ok, ok, 404, 404, 401)


def why(world: World) -> dict[str, Any]:
    return {"reason": "Porque sí"}


def newest(world: World) -> Opportunity:
    return Opportunity.objects.latest("id")


def with_version(**body: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"version": newest(world).version, **body}


def spoken_to(**body: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"version": Conversation.objects.latest("id").version, **body}


def tomorrow(name: str) -> dict[str, Any]:
    return {name: (timezone.now() + dt.timedelta(days=1)).isoformat()}


def in_bulk(world: World) -> dict[str, Any]:
    row = world.one()
    return {"ids": [f"{row.pk}:{row.version}"], **why(world)}


def a_week(world: World) -> dict[str, Any]:
    return {"week": [[{"opens": "09:00", "closes": "18:00"}]] * 5 + [[], []]}


TABLE = [
    # Opportunities: this one is the owner's.
    Row(method="get", path=f"{V1}/opportunities/", expected=all_people(200)),
    *(
        Row(method="get", path=f"{V1}/opportunities/{{id}}/{part}", seed=lambda w: w.one().pk, expected=only_team(200))
        for part in ("", "history/", "timeline/", "messages/")
    ),
    Row(
        method="post",
        path=f"{V1}/opportunities/{{id}}/move/",
        seed=lambda w: w.one().pk,
        body=lambda w: {"version": newest(w).version, "stage": w.funnel.contacted.pk},
        expected=only_team(200),
    ),
    # Nobody has taken a step that could be taken back.
    Row(
        method="post",
        path=f"{V1}/opportunities/{{id}}/undo-step/",
        seed=lambda w: w.one().pk,
        body=with_version(),
        expected=only_team(409),
    ),
    Row(
        method="post",
        path=f"{V1}/opportunities/{{id}}/sale/",
        seed=lambda w: w.one().pk,
        body=with_version(amount="100.50"),
        expected=only_team(200),
    ),
    Row(
        method="post",
        path=f"{V1}/opportunities/{{id}}/correct-sale/",
        seed=lambda w: w.sold().pk,
        body=with_version(amount="7.50", reason="Mal cargada"),
        expected=only_boss(200),
    ),
    Row(
        method="post",
        path=f"{V1}/opportunities/{{id}}/annul-sale/",
        seed=lambda w: w.sold().pk,
        body=with_version(reason="No fue"),
        expected=only_boss(200),
    ),
    Row(
        method="post",
        path=f"{V1}/opportunities/{{id}}/note/",
        seed=lambda w: w.one().pk,
        body=lambda w: {"text": "Llamar el lunes"},
        expected=only_team(201),
    ),
    Row(
        method="post",
        path=f"{V1}/opportunities/{{id}}/extend/",
        seed=lambda w: w.one().pk,
        body=with_version(),
        expected=only_team(200),
    ),
    Row(
        method="post",
        path=f"{V1}/opportunities/{{id}}/reassign/",
        seed=lambda w: w.one().pk,
        body=lambda w: {"promoter": w.promoter("colleague").pk, "version": newest(w).version},
        expected=only_boss(200),
    ),
    *(
        Row(
            method="post",
            path=f"{V1}/opportunities/{{id}}/{verb}/",
            seed=seed,
            body=with_version(reason="Porque sí"),
            expected=only_boss(200),
        )
        for verb, seed in (
            ("return-to-pool", lambda w: w.one().pk),
            ("close", lambda w: w.one().pk),
            ("give-back", lambda w: w.exit().pk),
        )
    ),
    Row(
        method="post",
        path=f"{V1}/opportunities/{{id}}/contact/",
        seed=lambda w: w.one().pk,
        body=lambda w: {
            "channel": "llamada",
            "phone": newest(w).client.contacts.all()[0].normalised,
            "outcome": "ocupado",
        },
        expected=only_team(201),
    ),
    Row(
        method="post",
        path=f"{V1}/opportunities/{{id}}/remind/",
        seed=lambda w: w.one().pk,
        body=lambda w: tomorrow("due_at"),
        expected=only_team(201),
    ),
    # Calls: whoever sees the opportunity reads them, and their author alone tells how they went.
    Row(method="get", path=f"{V1}/contacts/", expected=all_people(200)),
    Row(method="get", path=f"{V1}/contacts/{{id}}/", seed=lambda w: w.contact().pk, expected=only_team(200)),
    Row(
        method="post",
        path=f"{V1}/contacts/{{id}}/outcome/",
        seed=lambda w: w.contact().pk,
        body=lambda w: {"outcome": "ocupado"},
        expected=(200, 404, 403, 404, 404, 401),
    ),
    # Reminders: this one is the owner's.
    Row(method="get", path=f"{V1}/reminders/", expected=all_people(200)),
    Row(method="get", path=f"{V1}/reminders/{{id}}/", seed=lambda w: w.reminder().pk, expected=only_team(200)),
    *(
        Row(
            method="post",
            path=f"{V1}/reminders/{{id}}/{verb}/",
            seed=lambda w: w.reminder().pk,
            body=body,
            expected=only_team(200),
        )
        for verb, body in (
            ("done", lambda w: {"version": 1}),
            ("cancel", lambda w: {"version": 1}),
            ("postpone", lambda w: {"version": 1, **tomorrow("until")}),
        )
    ),
    Row(
        method="post",
        path=f"{V1}/conversations/{{id}}/remind/",
        seed=lambda w: w.talk().pk,
        body=lambda w: tomorrow("due_at"),
        expected=only_team(201),
    ),
    # Conversations: this one is the owner's line's.
    Row(method="get", path=f"{V1}/conversations/", expected=all_people(200)),
    Row(method="get", path=f"{V1}/conversations/{{id}}/", seed=lambda w: w.talk().pk, expected=only_team(200)),
    Row(method="get", path=f"{V1}/conversations/{{id}}/history/", seed=lambda w: w.talk().pk, expected=only_team(200)),
    *(
        Row(
            method="post",
            path=f"{V1}/conversations/{{id}}/{verb}/",
            seed=lambda w: w.talk().pk,
            body=spoken_to(reason="Lo dijo por teléfono"),
            expected=only_team(200),
        )
        for verb in ("not-interested", "exclude")
    ),
    *(
        Row(
            method="post",
            path=f"{V1}/conversations/{{id}}/{verb}/",
            seed=lambda w: w.talk().pk,
            body=body,
            expected=only_team(200),
        )
        for verb, body in (
            ("read", spoken_to()),
            ("handle", spoken_to()),
            ("snooze", spoken_to(until=(timezone.now() + dt.timedelta(days=1)).isoformat())),
            ("assign", lambda w: spoken_to(promoter=w.promoter("owner").pk)(w)),
        )
    ),
    Row(
        method="post",
        path=f"{V1}/conversations/{{id}}/capture/",
        seed=lambda w: w.talk().pk,
        body=lambda w: {"name": "Rosa", "promoter": w.promoter("owner").pk},
        expected=only_team(201),
    ),
    Row(
        method="post",
        path=f"{V1}/conversations/{{id}}/replies/",
        seed=lambda w: w.talk().pk,
        body=lambda _w: {"text": "Sale $ 100", "seen": "999999999.0"},
        expected=only_team(201),
    ),
    # The queues
    Row(method="get", path=f"{V1}/inbox/", expected=bosses(200)),
    Row(method="get", path=f"{V1}/pool/", expected=bosses(200)),
    Row(method="get", path=f"{V1}/pool/figures/", body=lambda w: {"by": "province"}, expected=bosses(200)),
    # In bulk: what is not theirs is refused row by row.
    Row(method="get", path=f"{V1}/bulk-actions/", expected=bosses(200)),
    *(
        Row(
            method="get",
            path=f"{V1}/bulk-actions/{{id}}/{part}",
            seed=lambda w: w.bulk_action().pk,
            expected=only_boss(200),
        )
        for part in ("", "items/")
    ),
    Row(
        method="post",
        path=f"{V1}/bulk-actions/{{id}}/undo/",
        seed=lambda w: w.bulk_action().pk,
        expected=only_boss(200),
    ),
    Row(
        method="post",
        path=f"{V1}/bulk-actions/reassign/",
        body=lambda w: {**in_bulk(w), "promoter": w.promoter("colleague").pk},
        expected=(403, 403, 201, 403, 400, 401),
    ),
    Row(
        method="post",
        path=f"{V1}/bulk-actions/reassign/rehearse/",
        body=lambda w: {"ids": in_bulk(w)["ids"], "promoters": [w.promoter("colleague").pk]},
        expected=(403, 403, 200, 403, 400, 401),
    ),
    *(
        Row(method="post", path=f"{V1}/bulk-actions/{verb}/", body=in_bulk, expected=bosses(201))
        for verb in ("return-to-pool", "close", "give-back")
    ),
    # Requests
    Row(method="get", path=f"{V1}/lots/", expected=all_people(200)),
    Row(
        method="post",
        path=f"{V1}/lots/",
        seed=lambda w: ClientFactory.create_batch(2),
        body=lambda w: {"quantity": 1},
        expected=promoters(201),
    ),
    Row(method="get", path=f"{V1}/lots/{{id}}/", seed=lambda w: w.lot().pk, expected=only_team(200)),
    Row(method="get", path=f"{V1}/lots/{{id}}/fate/", seed=lambda w: w.lot().pk, expected=only_team(200)),
    Row(method="get", path=f"{V1}/lots/options/", expected=promoters(200)),
    # Quotas
    Row(method="get", path=f"{V1}/quotas/", expected=all_people(200)),
    Row(method="get", path=f"{V1}/quotas/{{id}}/", seed=lambda w: w.quota().pk, expected=only_team(200)),
    Row(method="get", path=f"{V1}/quotas/{{id}}/entries/", seed=lambda w: w.quota().pk, expected=only_boss(200)),
    Row(method="get", path=f"{V1}/quotas/today/", expected=promoters(200)),
    # Captures
    Row(
        method="post",
        path=f"{V1}/captures/",
        body=lambda w: {"name": "Ana", "phones": ["+52 33 1234 5678"]},
        expected=promoters(201),
    ),
    Row(
        method="get",
        path=f"{V1}/captures/phone-check/",
        body=lambda w: {"phone": "+52 33 1234 5678"},
        expected=all_people(200),
    ),
    # A line of the owner's, and one of their clients.
    Row(
        method="post",
        path=f"{V1}/own-campaigns/",
        body=lambda w: {"name": "Seguimiento", "template": "Hola {nombre}", "session": w.line().pk},
        expected=(201, 400, 403, 400, 403, 401),
    ),
    # Promoters: this one is the owner.
    *(
        Row(method=method, path=f"{V1}/people/{{id}}/{part}", seed=lambda w: w.colleague.pk, expected=NOBODY)
        for method, part in (
            ("get", ""),
            ("get", "holdings/"),
            ("patch", ""),
            ("post", "switch-off/"),
            ("post", "switch-on/"),
        )
    ),
    Row(method="get", path=f"{V1}/promoters/", expected=bosses(200)),
    Row(method="get", path=f"{V1}/promoters/{{id}}/", seed=lambda w: w.promoter("owner").pk, expected=only_boss(200)),
    Row(
        method="post",
        path=f"{V1}/promoters/{{id}}/quota/",
        seed=lambda w: w.promoter("owner").pk,
        body=lambda w: {"limit": 30, **why(w)},
        expected=only_boss(200),
    ),
    Row(
        method="post",
        path=f"{V1}/promoters/",
        body=lambda w: {"user": UserFactory.create().pk, "desk": w.promoter("owner").desk_id},
        expected=NOBODY,
    ),
    Row(
        method="patch",
        path=f"{V1}/promoters/{{id}}/",
        seed=lambda w: w.promoter("owner").pk,
        body=lambda w: {"available": False, "capacity": 50},
        expected=only_boss(200),
    ),
    # Desks: this one is the owner's.
    Row(method="get", path=f"{V1}/desks/", expected=bosses(200)),
    Row(method="get", path=f"{V1}/desks/{{id}}/", seed=lambda w: w.promoter("owner").desk_id, expected=only_boss(200)),
    Row(
        method="post",
        path=f"{V1}/desks/",
        body=lambda w: {"team": w.free_team().pk, "calendar": w.promoter("owner").desk.calendar_id},
        expected=NOBODY,
    ),
    Row(
        method="patch",
        path=f"{V1}/desks/{{id}}/",
        seed=lambda w: w.promoter("owner").desk_id,
        body=lambda w: {"capacity": 50},
        expected=only_boss(200),
    ),
    Row(
        method="post",
        path=f"{V1}/desks/{{id}}/rehearse/",
        seed=lambda w: w.promoter("owner").desk_id,
        body=lambda w: {"calendar": w.promoter("owner").desk.calendar_id},
        expected=only_boss(200),
    ),
    Row(method="get", path=f"{V1}/quota-entries/", expected=bosses(200)),
    Row(method="get", path=f"{V1}/cool-downs/", expected=bosses(200)),
    Row(method="get", path=f"{V1}/retimings/", expected=bosses(200)),
    # Absences
    Row(method="get", path=f"{V1}/absences/", expected=bosses(200)),
    Row(
        method="post",
        path=f"{V1}/absences/",
        body=lambda w: {
            "promoter": w.promoter("owner").pk,
            "starts_on": timezone.now().date().isoformat(),
            "ends_on": timezone.now().date().isoformat(),
            "policy": "pausar",
        },
        expected=(403, 403, 201, 403, 400, 401),
    ),
    Row(method="get", path=f"{V1}/absences/{{id}}/", seed=lambda w: w.absence().pk, expected=only_boss(200)),
    Row(method="post", path=f"{V1}/absences/{{id}}/call-off/", seed=lambda w: w.absence().pk, expected=only_boss(200)),
    Row(method="get", path=f"{V1}/radar/", expected=bosses(200)),
    *(Row(method="get", path=f"{V1}/results/{name}", expected=bosses(200)) for name in ("", "csv/", "xlsx/")),
    # The team's: for the other boss there is no such campaign to choose.
    Row(
        method="get",
        path=f"{V1}/results/cohorts/",
        body=lambda w: {"campaign": w.campaign().pk},
        expected=(403, 403, 200, 403, 400, 401),
    ),
    Row(
        method="get",
        path=f"{V1}/radar/lines/",
        body=lambda w: {"promoter": w.promoter("owner").pk, "figure": "rapidas"},
        expected=bosses(200),
    ),
    # The funnel: everybody reads it, administrators write it.
    Row(method="get", path=f"{V1}/stages/", expected=all_people(200)),
    Row(method="get", path=f"{V1}/stages/{{id}}/", seed=lambda w: w.funnel.new.pk, expected=all_people(200)),
    Row(
        method="post",
        path=f"{V1}/stages/",
        body=lambda w: {"name": "Otra", "type": "avance"},
        expected=NOBODY,
    ),
    Row(
        method="patch",
        path=f"{V1}/stages/{{id}}/",
        seed=lambda w: w.funnel.new.pk,
        body=lambda w: {"timer_minutes": 30},
        expected=NOBODY,
    ),
    Row(
        method="post",
        path=f"{V1}/stages/{{id}}/rehearse-timer/",
        seed=lambda w: w.funnel.new.pk,
        body=lambda w: {"timer_minutes": 30},
        expected=NOBODY,
    ),
    Row(method="get", path=f"{V1}/stage-routes/", expected=all_people(200)),
    Row(method="get", path=f"{V1}/stage-routes/{{id}}/", seed=lambda w: w.route().pk, expected=all_people(200)),
    Row(
        method="post",
        path=f"{V1}/stage-routes/",
        body=lambda w: {"from_stage": w.funnel.contacted.pk, "to_stage": w.funnel.new.pk},
        expected=NOBODY,
    ),
    Row(
        method="patch",
        path=f"{V1}/stage-routes/{{id}}/",
        seed=lambda w: w.route().pk,
        body=lambda w: {"needs_reason": True},
        expected=NOBODY,
    ),
    Row(method="delete", path=f"{V1}/stage-routes/{{id}}/", seed=lambda w: w.route().pk, expected=NOBODY),
    # Hours: this calendar is the desk's.
    Row(method="get", path=f"{V1}/calendars/", expected=all_people(200)),
    Row(
        method="get",
        path=f"{V1}/calendars/{{id}}/",
        seed=lambda w: w.promoter("owner").desk.calendar_id,
        expected=colleagues(200),
    ),
    Row(
        method="post",
        path=f"{V1}/calendars/{{id}}/rehearse/",
        seed=lambda w: w.promoter("owner").desk.calendar_id,
        body=a_week,
        expected=only_boss(200),
    ),
    # A supervisor's new calendar is a team's of theirs; that of another team does not exist for the other boss.
    Row(
        method="post",
        path=f"{V1}/calendars/",
        body=lambda w: {"name": "Nuevo", "time_zone": "UTC", "team": w.team.pk, **a_week(w)},
        expected=(403, 403, 201, 403, 400, 401),
    ),
    Row(
        method="patch",
        path=f"{V1}/calendars/{{id}}/",
        seed=lambda w: w.promoter("owner").desk.calendar_id,
        body=lambda w: {"name": "Otro nombre", **a_week(w)},
        expected=only_boss(200),
    ),
    *(
        Row(
            method=method,
            path=f"{V1}/calendars/{{id}}/national-holidays/",
            seed=lambda w: w.promoter("owner").desk.calendar_id,
            body=lambda w: {"country": "MX", "year": 2030},
            expected=only_boss(200),
        )
        for method in ("get", "post")
    ),
    Row(method="get", path=f"{V1}/holidays/", expected=all_people(200)),
    Row(method="get", path=f"{V1}/holidays/{{id}}/", seed=lambda w: w.holiday().pk, expected=colleagues(200)),
    Row(
        method="post",
        path=f"{V1}/holidays/",
        body=lambda w: {"calendar": w.promoter("owner").desk.calendar_id, "date": "2030-05-01", "name": "Trabajo"},
        expected=(403, 403, 201, 403, 400, 401),
    ),
    Row(
        method="patch",
        path=f"{V1}/holidays/{{id}}/",
        seed=lambda w: w.holiday().pk,
        body=lambda w: {"name": "Navidad de verdad"},
        expected=only_boss(200),
    ),
    Row(method="delete", path=f"{V1}/holidays/{{id}}/", seed=lambda w: w.holiday().pk, expected=only_boss(204)),
    # The directory is every supervisor's.
    Row(method="get", path=f"{V1}/syncs/", expected=bosses(200)),
    Row(method="get", path=f"{V1}/syncs/{{id}}/", seed=lambda w: w.sync().pk, expected=bosses(200)),
    Row(method="get", path=f"{V1}/clients/", expected=bosses(200)),
    Row(method="get", path=f"{V1}/clients/{{id}}/", seed=lambda w: ClientFactory.create().pk, expected=bosses(200)),
]


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("row", TABLE, ids=str)
def test_answers_each_person_as_the_table_says(row: Row, who: str, world: World) -> None:
    row.check_answer(world, who)


@pytest.mark.parametrize("row", [row for row in TABLE if 404 in row.expected], ids=str)
def test_what_somebody_may_not_see_is_told_as_if_it_were_not_there(row: Row, world: World) -> None:
    row.check_hidden(world)


def test_the_table_holds_every_operation_of_the_desk() -> None:
    assert operations(desk=True) == {(row.method, row.path) for row in TABLE}


@pytest.mark.parametrize("row", [row for row in TABLE if row.expected == NOBODY], ids=str)
def test_administrators_change_the_funnel(row: Row, world: World) -> None:
    path = row.path.replace("{id}", str(row.seed(world)))

    response = getattr(world.client("admin"), row.method)(path, row.body(world))

    assert response.status_code in (200, 201, 204), response.content


@pytest.mark.parametrize("kind", ["opportunities", "lots", "quotas"])
@pytest.mark.parametrize(
    ("who", "seen"),
    [("owner", 1), ("colleague", 0), ("boss", 1), ("outsider", 0), ("other_boss", 0), ("admin", 1)],
)
def test_lists_hold_only_what_each_person_may_see(kind: str, who: str, seen: int, world: World) -> None:
    world.one()

    assert len(world.client(who).get(f"{V1}/{kind}/").json()["results"]) == seen


@pytest.mark.parametrize(("who", "seen"), [("boss", 1), ("other_boss", 0), ("admin", 1)])
@pytest.mark.parametrize(
    ("kind", "make"),
    [("inbox", World.exit), ("pool", World.pooled), ("absences", World.absence), ("bulk-actions", World.bulk_action)],
)
def test_supervisors_see_their_own_teams_queues_and_decisions(
    kind: str, make: Callable[[World], Any], who: str, seen: int, world: World
) -> None:
    make(world)

    assert len(world.client(who).get(f"{V1}/{kind}/").json()["results"]) == seen


def test_a_bulk_action_touches_nothing_of_another_team(world: World) -> None:
    row = world.one()

    for verb in ("return-to-pool", "close", "give-back"):
        told = world.post(
            "other_boss", f"{V1}/bulk-actions/{verb}/", {"ids": [f"{row.pk}:{row.version}"], "reason": "Mío"}
        ).json()
        assert (told["done"], [refused["opportunity"] for refused in told["refused"]]) == ([], [row.pk])
    assert Opportunity.objects.get(pk=row.pk).version == row.version


def test_nobody_gives_work_to_another_teams_promoter(world: World) -> None:
    row, stranger = world.one(), world.promoter("outsider")

    answer = world.post(
        "boss", f"{V1}/opportunities/{row.pk}/reassign/", {"promoter": stranger.pk, "version": row.version}
    )

    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (400, ["promoter"])
    assert Opportunity.objects.get(pk=row.pk).owner == world.promoter("owner")


def test_nobody_passes_a_quota_without_that_permission(world: World) -> None:
    row = world.one()
    body = {"promoter": world.promoter("colleague").pk, "over_quota": True, "reason": "Urgente", "version": row.version}

    answer = world.post("boss", f"{V1}/opportunities/{row.pk}/reassign/", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
    assert Opportunity.objects.get(pk=row.pk).owner == world.promoter("owner")


def test_hours_that_another_team_works_by_are_not_rehearsed_by_one_of_its_supervisors(world: World) -> None:
    """Their deadlines would be told."""
    shared = world.promoter("owner").desk.calendar
    other_desk = world.promoter("outsider").desk
    other_desk.calendar = shared
    other_desk.save()

    path = f"{V1}/calendars/{shared.pk}/rehearse/"

    assert world.post("boss", path, a_week(world)).json()["error"]["code"] == "not_allowed"
    assert world.post("admin", path, a_week(world)).status_code == 200


def test_a_dismissed_person_gets_nothing(world: World) -> None:
    world.owner.is_active = False
    world.owner.save()

    assert world.client("owner").get(f"{V1}/opportunities/").status_code == 403


def test_a_client_in_nobodys_hands_is_not_a_promoters_to_read(world: World) -> None:
    PromoterFactory()
    client = Client.objects.get(pk=ClientFactory.create().pk)

    assert world.client("owner").get(f"{V1}/clients/{client.pk}/").status_code == 403
