"""Every operation of the description against everybody who might ask for it.

A route that is not in the table fails the suite: nobody adds one without saying who may use it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from campaigns import lifecycle, versions
from campaigns.enums import BrakeKind, CampaignState, EnvioState
from campaigns.models import Campaign, Schedule
from tests.api_people import PEOPLE, Operation, all_people, bosses, only_boss, only_team
from tests.campaigns.api.world import World
from tests.described import operations
from tests.factories.accounts import PASSWORD

# Every address once on a server too.
pytestmark = pytest.mark.every_database


class Row(Operation[World]):
    """One of the sender's."""


def a_file(world: World) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("gente.csv", b"nombre,telefono\nAna,+5493515551234\n")}


def nothing(world: World) -> dict[str, Any]:
    return {}


def why(world: World) -> dict[str, Any]:
    return {"reason": "Porque sí"}


def seen(world: World) -> dict[str, Any]:
    """The newest campaign as it stands, and why."""
    return {"version": versions.of_campaign(Campaign.objects.latest("id")), **why(world)}


def seen_schedule(world: World) -> dict[str, Any]:
    return {"version": versions.of_schedule(Schedule.objects.latest("id"))}


def new_schedule(world: World) -> dict[str, Any]:
    return {
        "campaign": world.campaign().pk,
        "weekdays": [0, 1],
        "starts_on": "2026-03-02",
        "daily_cap": 10,
        "windows": [{"opens": "09:00", "closes": "13:00"}],
    }


def braked(world: World) -> Campaign:
    campaign = world.complete(CampaignState.RUNNING)
    lifecycle.brake(
        campaign, kind=BrakeKind.ERROR_RATE, detail="fallaron 3 de 20 intentos", by=None, now=timezone.now()
    )
    return campaign


def campaign_in(state: CampaignState) -> Callable[[World], int]:
    return lambda world: world.complete(state).pk


S = CampaignState
TABLE = [
    # Sessions: this one is the owner's.
    Row(method="get", path="/api/v1/sessions/", expected=all_people(200)),
    Row(
        method="post",
        path="/api/v1/sessions/",
        body=lambda world: {"name": "Nueva", "tenant_id": "nueva", "team": world.team.pk},
        expected=(403, 403, 201, 403, 400, 401),
    ),
    Row(method="get", path="/api/v1/sessions/{id}/", seed=lambda w: w.session.pk, expected=only_team(200)),
    Row(
        method="patch",
        path="/api/v1/sessions/{id}/",
        seed=lambda w: w.session.pk,
        body=lambda w: {"daily_limit": 7},
        expected=only_boss(200),
    ),
    *(
        Row(method="post", path=f"/api/v1/sessions/{{id}}/{verb}/", seed=lambda w: w.session.pk, expected=only_team(ok))
        for verb, ok in (("connect", 502), ("disconnect", 502), ("refresh", 200))
    ),
    Row(method="get", path="/api/v1/sessions/{id}/qr/", seed=lambda w: w.session.pk, expected=only_team(502)),
    Row(method="post", path="/api/v1/sessions/{id}/unpause/", seed=lambda w: w.session.pk, expected=only_boss(200)),
    Row(
        method="post",
        path="/api/v1/sessions/{id}/lift-deaf/",
        seed=lambda w: w.session.pk,
        body=lambda w: {"reason": "Lo vi en el teléfono"},
        expected=only_boss(409),
    ),
    Row(
        method="post",
        path="/api/v1/sessions/{id}/typed-code/",
        seed=lambda w: w.session.pk,
        body=lambda w: {"phone": ""},
        expected=only_team(409),
    ),
    Row(
        method="post",
        path="/api/v1/sessions/{id}/change-number/",
        seed=lambda w: w.session.pk,
        body=lambda w: {"reason": "Se perdió el teléfono"},
        expected=only_boss(409),
    ),
    Row(
        method="post",
        path="/api/v1/sessions/{id}/lift-warm-up/",
        seed=lambda w: w.session.pk,
        body=lambda w: {"reason": "El número tiene años de uso"},
        expected=only_boss(409),
    ),
    Row(
        method="post",
        path="/api/v1/sessions/{id}/lift-cold/",
        seed=lambda w: w.session.pk,
        body=lambda w: {"reason": "Ya lo revisé con WhatsApp"},
        expected=only_boss(409),
    ),
    # Campaigns
    Row(method="get", path="/api/v1/campaigns/", expected=all_people(200)),
    Row(
        method="post",
        path="/api/v1/campaigns/",
        body=lambda w: {"name": "Nueva", "session": w.session.pk, "template": "Hola {nombre}"},
        expected=(201, 400, 201, 400, 400, 401),
    ),
    *(
        Row(
            method="get",
            path=f"/api/v1/campaigns/{{id}}/{part}",
            seed=lambda w: w.campaign().pk,
            expected=only_team(200),
        )
        for part in (
            "",
            "progress/",
            "forecast/",
            "why-not/",
            "overlap/",
            "variations/",
            "events/",
            "reasons/",
            "replies/",
            "export/",
        )
    ),
    Row(
        method="patch",
        path="/api/v1/campaigns/{id}/",
        seed=lambda w: w.campaign().pk,
        body=lambda w: {"name": "Otra"},
        expected=only_team(200),
    ),
    Row(method="delete", path="/api/v1/campaigns/{id}/", seed=lambda w: w.campaign().pk, expected=only_team(204)),
    *(
        Row(
            method="post",
            path=f"/api/v1/campaigns/{{id}}/{verb}/",
            seed=campaign_in(state),
            body=body,
            expected=who(200),
        )
        for verb, state, who, body in (
            ("submit", S.DRAFT, only_team, nothing),
            ("reject", S.AWAITING_APPROVAL, only_boss, seen),
            ("approve", S.AWAITING_APPROVAL, only_boss, seen),
            ("launch", S.APPROVED, only_team, nothing),
            ("pause", S.RUNNING, only_team, why),
            ("resume", S.PAUSED, only_team, why),
            ("cancel", S.RUNNING, only_team, why),
            ("retry", S.RUNNING, only_team, why),
        )
    ),
    Row(
        method="post",
        path="/api/v1/campaigns/{id}/repeat/",
        seed=campaign_in(S.FINISHED),
        body=nothing,
        expected=only_team(201),
    ),
    Row(
        method="post",
        path="/api/v1/campaigns/{id}/lift/",
        seed=lambda w: braked(w).pk,
        body=why,
        expected=only_boss(200),
    ),
    Row(
        method="post",
        path="/api/v1/campaigns/{id}/pacing/",
        seed=campaign_in(S.RUNNING),
        # Slower than what it has; faster is tried by `test_pacing`.
        body=lambda w: {"version": "30-90-0-600", "delay_min": 60, **why(w)},
        expected=only_team(200),
    ),
    Row(
        method="post",
        path="/api/v1/campaigns/{id}/message/",
        seed=lambda w: w.complete(S.DRAFT).pk,
        body=lambda w: {"template": "Chau {nombre}"},
        expected=only_team(200),
    ),
    # Nothing is configured, so whoever may is told so.
    Row(
        method="post",
        path="/api/v1/campaigns/{id}/variants/",
        seed=lambda w: w.complete(S.DRAFT).pk,
        expected=only_team(422),
    ),
    Row(
        method="post",
        path="/api/v1/campaigns/{id}/variants/accept/",
        seed=lambda w: w.complete(S.DRAFT).pk,
        body=lambda w: {
            "base": "Hola {nombre_destino}, te escribe {nombre}.",
            "texts": ["Buenas tardes {nombre_destino}: soy {nombre}, ¿cómo va todo?"],
        },
        expected=only_team(200),
    ),
    Row(
        method="post",
        path="/api/v1/campaigns/{id}/recipients/",
        seed=lambda w: w.campaign().pk,
        body=a_file,
        format="multipart",
        expected=only_team(201),
    ),
    Row(
        method="post",
        path="/api/v1/campaigns/{id}/recipients/preview/",
        seed=lambda w: w.campaign().pk,
        body=a_file,
        format="multipart",
        expected=only_team(200),
    ),
    Row(
        method="post",
        path="/api/v1/campaigns/{id}/recipients/from-directory/",
        seed=lambda w: w.campaign().pk,
        # The directory is not a promoter's.
        expected=(403, *only_team(201)[1:]),
    ),
    Row(
        method="post",
        path="/api/v1/campaigns/{id}/recipients/from-directory/count/",
        seed=lambda w: w.campaign().pk,
        expected=(403, *only_team(200)[1:]),
    ),
    # Schedules
    Row(method="get", path="/api/v1/schedules/", expected=all_people(200)),
    Row(method="post", path="/api/v1/schedules/", body=new_schedule, expected=(201, 400, 201, 400, 400, 401)),
    Row(method="get", path="/api/v1/schedules/{id}/", seed=lambda w: w.schedule().pk, expected=only_team(200)),
    Row(
        method="patch",
        path="/api/v1/schedules/{id}/",
        seed=lambda w: w.schedule().pk,
        body=lambda w: {"daily_cap": 5},
        expected=only_team(200),
    ),
    Row(method="delete", path="/api/v1/schedules/{id}/", seed=lambda w: w.schedule().pk, expected=only_team(204)),
    *(
        Row(
            method="post",
            path=f"/api/v1/schedules/{{id}}/{verb}/",
            seed=lambda w: w.schedule().pk,
            body=seen_schedule,
            expected=only_boss(200),
        )
        for verb in ("approve", "reject")
    ),
    # Imports
    Row(method="get", path="/api/v1/imports/", expected=all_people(200)),
    Row(method="get", path="/api/v1/imports/{id}/", seed=lambda w: w.finished_import().pk, expected=only_team(200)),
    # This import kept no report: 404 for everybody, told apart from a real one in test_recipients.
    Row(
        method="get",
        path="/api/v1/imports/{id}/report/",
        seed=lambda w: w.finished_import().pk,
        expected=only_team(404),
    ),
    # Envíos
    Row(method="get", path="/api/v1/envios/", expected=all_people(200)),
    *(
        Row(method="get", path=f"/api/v1/envios/{{id}}/{part}", seed=lambda w: w.envio().pk, expected=only_team(200))
        for part in ("", "receipts/", "why-not/")
    ),
    Row(
        method="post",
        path="/api/v1/envios/{id}/decide/",
        seed=lambda w: w.envio(EnvioState.UNCERTAIN).pk,
        body=lambda w: {"decision": "arrived", **why(w)},
        expected=only_boss(200),
    ),
    Row(
        method="post",
        path="/api/v1/envios/{id}/mark-by-hand/",
        seed=lambda w: w.envio().pk,
        body=why,
        expected=only_boss(200),
    ),
    # Everybody's
    Row(method="get", path="/api/v1/suppressions/", expected=bosses(200)),
    Row(method="post", path="/api/v1/suppressions/", body=lambda w: {"phone": "+5493515551234"}, expected=bosses(201)),
    Row(method="get", path="/api/v1/suppressions/{id}/", seed=lambda w: w.suppression().pk, expected=bosses(200)),
    Row(
        method="post",
        path="/api/v1/suppressions/{id}/lift/",
        seed=lambda w: w.suppression().pk,
        body=why,
        expected=(403, 403, 403, 403, 403, 401),
    ),
    Row(
        method="post",
        path="/api/v1/suppressions/{id}/confirm/",
        seed=lambda w: w.suppression(source="duda").pk,
        expected=bosses(200),
    ),
    Row(
        method="post",
        path="/api/v1/suppressions/{id}/dismiss/",
        seed=lambda w: w.suppression(source="duda").pk,
        expected=bosses(200),
    ),
    Row(
        method="delete",
        path="/api/v1/suppressions/{id}/",
        seed=lambda w: w.suppression().pk,
        expected=(403, 403, 403, 403, 403, 401),
    ),
    Row(method="get", path="/api/v1/stats/", expected=all_people(200)),
    Row(method="get", path="/api/v1/stats/csv/", expected=all_people(200)),
    Row(method="get", path="/api/v1/sender-switch/", expected=bosses(200)),
    Row(method="post", path="/api/v1/sender-switch/", body=lambda w: {"on": False, **why(w)}, expected=bosses(201)),
    Row(
        method="post",
        path="/api/v1/token/",
        body=lambda w: {"username": w.owner.username, "password": PASSWORD},
        expected=(200, 200, 200, 200, 200, 200),
    ),
    Row(method="delete", path="/api/v1/token/", expected=all_people(204)),
]


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("row", TABLE, ids=str)
def test_answers_each_person_as_the_table_says(row: Row, who: str, world: World) -> None:
    row.check_answer(world, who)


@pytest.mark.parametrize("row", [row for row in TABLE if 404 in row.expected], ids=str)
def test_what_somebody_may_not_see_is_told_as_if_it_were_not_there(row: Row, world: World) -> None:
    row.check_hidden(world)


def test_the_table_holds_every_operation_that_is_not_the_desks() -> None:
    assert operations(desk=False) == {(row.method, row.path) for row in TABLE}


def test_an_administrator_forgets_a_suppression(world: World) -> None:
    row = world.suppression()

    assert world.client("admin").delete(f"/api/v1/suppressions/{row.pk}/?reason=Error").status_code == 204


@pytest.mark.parametrize("kind", ["campaigns", "schedules", "imports", "envios", "sessions"])
@pytest.mark.parametrize(
    ("who", "seen"), [("owner", 1), ("colleague", 0), ("boss", 1), ("other_boss", 0), ("admin", 1)]
)
def test_lists_hold_only_what_each_person_may_see(kind: str, who: str, seen: int, world: World) -> None:
    campaign = world.finished_import().campaign
    world.envio(campaign=campaign)
    world.schedule(campaign=campaign)

    assert len(world.client(who).get(f"/api/v1/{kind}/").json()["results"]) == seen


def test_a_dismissed_person_gets_nothing(world: World) -> None:
    world.boss.is_active = False
    world.boss.save()

    assert world.client("boss").get("/api/v1/campaigns/").status_code == 403
