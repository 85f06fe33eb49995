"""The funnel on the desk: drawn with what is in it, edited by administrators, its clocks rehearsed before they change."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from opportunities.admin.setup import funnel
from opportunities.enums import EventKind, StageType
from opportunities.errors import Incomplete
from opportunities.funnel import moves
from opportunities.models import Absence, Opportunity, Stage, StageRoute
from opportunities.timers import recalculation
from tests.company import signed_in, told
from tests.factories.opportunities import StageFactory
from tests.opportunities.admin.rules import OUTSIDE, administrator, ask, carried
from tests.opportunities.web.conftest import World, row, world

__all__ = ["row", "world"]

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/opportunities/stage/"


def page_of(stage: Stage) -> str:
    return reverse("admin:opportunities_stage_change", args=[stage.pk])


def form(stage: Stage, **fields: Any) -> dict[str, Any]:
    """What the page sends when nothing is touched, but for `fields`."""
    routes = list(stage.routes_out.all())
    data: dict[str, Any] = {
        "name": stage.name,
        "order": stage.order,
        "colour": stage.colour,
        "active": "on",
        "timer_minutes": stage.timer_minutes or "",
        "cooldown_days": stage.cooldown_days,
        "message_template": stage.message_template,
        "required_fields": "\n".join(stage.required_fields),
        "leads_to": [route.to_stage_id for route in routes],
        "with_reason": [route.to_stage_id for route in routes if route.needs_reason],
        **({"exit_to": stage.exit_to} if stage.type == StageType.EXIT else {}),
    }
    return {name: value for name, value in {**data, **fields}.items() if value is not None}


def errors(answer: Any) -> str:
    assert answer.status_code == 200
    return str(answer.context["adminform"].form.errors)


# --- The picture ----------------------------------------------------------------------------------------------------------


def test_the_picture_counts_what_is_in_each_stage_of_ones_own_teams(world: World) -> None:
    first, second = world.give(2)
    moves.move(first.pk, world.funnel.contacted, by=world.promoter.user, version=1, now=timezone.now())
    moves.move(second.pk, world.funnel.no_answer, by=world.promoter.user, version=1, now=timezone.now())
    with CaptureQueriesContext(connection) as asked:
        drawn = funnel.look(world.supervisor, now=timezone.now())
    assert len(asked) == 4
    assert [(step.stage, step.count) for step in drawn.steps] == [(world.funnel.new, 0), (world.funnel.contacted, 1)]
    ends = {end.stage: end.count for end in drawn.ends}
    assert (ends[world.funnel.no_answer], ends[world.funnel.lost]) == (1, 0)
    # Narrower with every step, and without a gap.
    assert [step.top for step in drawn.steps[1:]] == [step.bottom for step in drawn.steps[:-1]]
    foreign = funnel.look(world.foreign_supervisor, now=timezone.now())
    assert {step.count for step in foreign.steps} == {0}


def test_the_page_draws_stages_and_their_routes(world: World) -> None:
    page = signed_in(world.supervisor).get(LIST).content.decode()
    for text in ("<polygon", "Contactada", "1 h", "2 h", "No contesta", "Al pool"):
        assert text in page


def test_a_list_of_stages_asks_no_more_for_more_stages(world: World) -> None:
    browser = signed_in(world.supervisor)
    browser.get(LIST)
    with CaptureQueriesContext(connection) as before:
        browser.get(LIST)
    for stage in StageFactory.create_batch(3):
        StageRoute.objects.create(from_stage=world.funnel.new, to_stage=stage)
    with CaptureQueriesContext(connection) as after:
        browser.get(LIST)
    assert len(after) == len(before) <= 20


# --- What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"timer_minutes": 0}, "timer_minutes"),
        ({"timer_minutes": -5}, "timer_minutes"),
        ({"colour": "rojo"}, "colour"),
        ({"message_template": "Hola {apellido}"}, "{apellido} no se reemplaza"),
        ({"message_template": "Hola {nombre"}, "{ no se reemplaza"),
        ({"message_template": "a" * 1001}, "demasiado largo"),
        ({"required_fields": "<b>monto</b>"}, "no sirve como dato"),
        ({"active": None}, "única etapa inicial"),
        ({"leads_to": []}, "permite también ese paso"),
    ],
)
def test_what_can_not_work_is_refused_and_nothing_changes(world: World, fields: dict[str, Any], sentence: str) -> None:
    stage = world.funnel.new
    StageRoute.objects.filter(from_stage=stage, to_stage=world.funnel.lost).update(needs_reason=True)
    answer = signed_in(administrator()).post(page_of(stage), form(stage, **fields))
    assert sentence in errors(answer).replace("&lt;", "<")
    stage.refresh_from_db()
    assert (stage.timer_minutes, stage.active, stage.message_template) == (60, True, "")
    assert stage.routes_out.count() == 5


def test_a_stage_that_is_no_work_has_no_clock_and_leads_nowhere(world: World) -> None:
    browser = signed_in(administrator())
    data = {**form(world.funnel.new, name="Otra", required_fields=""), "type": StageType.EXIT, "exit_to": "pool"}
    answer = browser.post(f"{LIST}add/", data)
    assert "Solo las etapas de trabajo" in errors(answer)
    assert "no se pasa a ninguna otra" in errors(answer)
    assert not Stage.objects.filter(name="Otra").exists()


# --- What is written ------------------------------------------------------------------------------------------------------


def test_names_words_and_routes_are_written_at_once(world: World) -> None:
    stage = world.funnel.contacted
    answer = signed_in(administrator()).post(
        page_of(stage),
        form(
            stage,
            name="Llamada",
            message_template="Hola {nombre}, soy {promotor}",
            required_fields="Monto\n  Fecha de  cobro \n\nMonto",
            leads_to=[world.funnel.sold.pk, world.funnel.lost.pk],
            with_reason=[world.funnel.lost.pk],
        ),
    )
    assert answer.status_code == 302
    stage.refresh_from_db()
    assert (stage.name, stage.message_template) == ("Llamada", "Hola {nombre}, soy {promotor}")
    assert stage.required_fields == ["amount", "fecha_de_cobro"]
    routes = dict(stage.routes_out.values_list("to_stage", "needs_reason"))
    assert routes == {world.funnel.sold.pk: False, world.funnel.lost.pk: True}


def test_a_new_stage_comes_with_its_routes(world: World) -> None:
    data = {
        **form(world.funnel.contacted, name="Reunión", leads_to=[world.funnel.sold.pk], with_reason=[]),
        "type": StageType.PROGRESS,
        "exit_to": "bandeja",
    }
    assert signed_in(administrator()).post(f"{LIST}add/", data).status_code == 302
    made = Stage.objects.get(name="Reunión")
    assert list(made.routes_out.values_list("to_stage", flat=True)) == [world.funnel.sold.pk]


def test_the_type_of_a_stage_stays(world: World) -> None:
    stage = world.funnel.contacted
    signed_in(administrator()).post(page_of(stage), {**form(stage), "type": StageType.LOST})
    stage.refresh_from_db()
    assert stage.type == StageType.PROGRESS


# --- Clocks ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "shift", "words"), [(90, 30, "30 min después"), (45, -15, "15 min antes")])
def test_another_clock_is_shown_first_and_then_moves_what_is_in_the_stage(
    world: World, row: Opportunity, minutes: int, shift: int, words: str
) -> None:
    browser = signed_in(administrator())
    stage = world.funnel.new
    shown = browser.post(page_of(stage), form(stage, timer_minutes=minutes, name="Recién llegada"))
    page = shown.content.decode()
    assert shown.status_code == 200
    assert words in page
    assert str(world.promoter) in page
    stage.refresh_from_db()
    assert (stage.timer_minutes, stage.name) == (60, "Nueva")

    done = browser.post(page_of(stage), carried(page))
    assert any("Se movió 1 plazo abierto." in sentence for sentence in told(done))
    stage.refresh_from_db()
    assert (stage.timer_minutes, stage.name, stage.routes_out.count()) == (minutes, "Recién llegada", 5)
    before = row.deadline
    row.refresh_from_db()
    assert before is not None
    assert row.deadline == before + dt.timedelta(minutes=shift)
    assert row.events.filter(kind=EventKind.RETIMED).count() == 1


def test_a_stage_that_loses_its_clock_says_how_many_stop(world: World, row: Opportunity) -> None:
    browser = signed_in(administrator())
    stage = world.funnel.new
    shown = browser.post(page_of(stage), form(stage, timer_minutes=""))
    assert "Dejan de tener plazo" in shown.content.decode()
    browser.post(page_of(stage), carried(shown.content.decode()))
    row.refresh_from_db()
    assert row.deadline is None


def test_a_stage_that_gets_a_clock_says_how_many_start(world: World, row: Opportunity) -> None:
    Stage.objects.filter(pk=world.funnel.new.pk).update(timer_minutes=None)
    Opportunity.objects.update(deadline=None)
    stage = Stage.objects.get(pk=world.funnel.new.pk)
    browser = signed_in(administrator())
    shown = browser.post(page_of(stage), form(stage, timer_minutes=30))
    assert "Empiezan a correr" in shown.content.decode()
    browser.post(page_of(stage), carried(shown.content.decode()))
    row.refresh_from_db()
    assert row.deadline is not None


def test_clocks_that_stand_for_an_absence_are_told_too(world: World, row: Opportunity) -> None:
    Opportunity.objects.filter(pk=row.pk).update(deadline=None, paused_seconds=1800)
    stage = world.funnel.new
    shown = signed_in(administrator()).post(page_of(stage), form(stage, timer_minutes=90))
    assert "Detenidos por ausencia" in shown.content.decode()
    assert not Absence.objects.exists()


def test_an_agreement_with_another_clock_is_asked_again(world: World, row: Opportunity) -> None:
    browser = signed_in(administrator())
    stage = world.funnel.new
    shown = browser.post(page_of(stage), form(stage, timer_minutes=90))
    changed = {**carried(shown.content.decode()), "timer_minutes": ["5"]}
    assert browser.post(page_of(stage), changed).status_code == 200
    stage.refresh_from_db()
    assert stage.timer_minutes == 60


# --- Two people at one stage ----------------------------------------------------------------------------------------------


def shown(stage: Stage) -> dict[str, Any]:
    """What an administrator's open page sends beside its fields: what it showed."""
    text = signed_in(administrator()).get(page_of(stage)).content.decode()
    found: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="(initial-[^"]+)"(?: value="([^"]*)")?', text):
        found.setdefault(name, []).append(value)
    return found


def test_another_colour_leaves_the_timer_that_somebody_else_gave_it(world: World, row: Opportunity) -> None:
    stage = world.funnel.new
    page, before = form(stage, colour="#000000"), shown(stage)
    assert before["initial-timer_minutes"] == ["60"]
    recalculation.change_stage(stage, timer_minutes=90, by=world.supervisor, now=timezone.now())
    Stage.objects.filter(pk=stage.pk).update(name="Recién llegada")

    answer = signed_in(administrator()).post(page_of(stage), {**page, **before})

    assert answer.status_code == 302
    stage.refresh_from_db()
    assert (stage.colour, stage.timer_minutes, stage.name) == ("#000000", 90, "Recién llegada")
    assert row.events.filter(kind=EventKind.RETIMED).count() == 1


def test_a_timer_that_somebody_changed_meanwhile_is_told_and_not_overwritten(world: World, row: Opportunity) -> None:
    stage = world.funnel.new
    page, before = form(stage, timer_minutes=20), shown(stage)
    recalculation.change_stage(stage, timer_minutes=90, by=world.supervisor, now=timezone.now())
    browser = signed_in(administrator())

    agreed = carried(browser.post(page_of(stage), {**page, **before}).content.decode())
    answer = browser.post(page_of(stage), agreed)

    assert told(answer) == ["Alguien cambió el plazo de esta etapa mientras la mirabas. Actualiza la página."]
    stage.refresh_from_db()
    assert stage.timer_minutes == 90


@pytest.mark.parametrize("minutes", ["0", "525601", "2000000000"])
def test_a_timer_has_one_limit_by_every_door(world: World, minutes: str) -> None:
    stage = world.funnel.new
    browser = signed_in(administrator())

    assert "timer_minutes" in errors(browser.post(page_of(stage), form(stage, timer_minutes=minutes)))
    address, sent = f"/api/v1/stages/{stage.pk}/", {"timer_minutes": int(minutes)}
    for send, path in ((browser.patch, address), (browser.post, f"{address}rehearse-timer/")):
        answer = send(path, sent, content_type="application/json")
        assert answer.status_code == 400, answer.content
    with pytest.raises(Incomplete):
        recalculation.change_stage(stage, timer_minutes=int(minutes), by=world.supervisor, now=timezone.now())
    stage.refresh_from_db()
    assert stage.timer_minutes == 60


# --- Who ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["supervisor", "foreign_supervisor"])
def test_supervisors_read_the_funnel_and_do_not_change_it(world: World, row: Opportunity, who: str) -> None:
    stage = world.funnel.new
    assert ask(world, who, LIST) == 200
    assert ask(world, who, page_of(stage)) == 200
    assert ask(world, who, page_of(stage), "post", form(stage, timer_minutes=5)) == 403
    assert ask(world, who, f"{LIST}add/", "post", form(stage, name="Mía")) == 403
    stage.refresh_from_db()
    assert stage.timer_minutes == 60
    assert not Stage.objects.filter(name="Mía").exists()


@pytest.mark.parametrize("who", OUTSIDE)
@pytest.mark.parametrize("method", ["get", "post"])
def test_promoters_and_outsiders_come_to_no_stage(world: World, who: str, method: str) -> None:
    for url in (LIST, f"{LIST}add/", page_of(world.funnel.new)):
        assert ask(world, who, url, method, form(world.funnel.new, name="Mía")) == 403
    assert not Stage.objects.filter(name="Mía").exists()


def test_nobody_deletes_a_stage(world: World) -> None:
    url = reverse("admin:opportunities_stage_delete", args=[world.funnel.lost.pk])
    assert ask(world, "administrator", url, "post", {"post": "yes"}) == 403
    assert Stage.objects.filter(pk=world.funnel.lost.pk).exists()
