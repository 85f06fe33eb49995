"""The page that asks: what it tells before it acts, and how little is left to click for the usual decision."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from campaigns.enums import EnvioState
from opportunities.funnel import moves
from opportunities.models import DailyQuota, Opportunity
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.opportunities.admin.deciding import INBOX, address, exits
from tests.opportunities.admin.rules import browser
from tests.opportunities.web.conftest import World


def page(world: World, verb: str, rows: list[Opportunity], **more: str) -> str:
    return str(browser(world, "supervisor").get(address(verb, rows, **more)).content.decode())


def chosen_receivers(text: str) -> list[str]:
    return re.findall(r'type="radio"[^>]*value="(\d+)"[^>]*checked', text)


def test_whoever_has_room_is_proposed_so_that_one_click_is_left(world: World) -> None:
    assert chosen_receivers(page(world, "reassign", exits(world, 1))) == [str(world.colleague.pk)]


def test_nobody_is_proposed_who_could_not_take_them_all(world: World) -> None:
    rows = exits(world, 3)
    DailyQuota.objects.create(promoter=world.colleague, day=timezone.now().date(), limit=5, used=3)

    assert chosen_receivers(page(world, "reassign", rows)) == []


def test_nobody_is_proposed_who_has_one_of_them_already(world: World) -> None:
    rows = exits(world, 2)
    Opportunity.objects.filter(pk=rows[0].pk).update(owner=world.colleague)
    world.promoter.available = False
    world.promoter.save()

    text = page(world, "reassign", rows)

    assert f'value="{world.colleague.pk}"' in text
    assert chosen_receivers(text) == []


def test_when_nobody_has_room_it_says_where_to_make_some(world: World) -> None:
    rows = exits(world, 1)
    DailyQuota.objects.create(promoter=world.colleague, day=timezone.now().date(), limit=5, used=5)

    text = page(world, "reassign", rows)

    assert "Hoy nadie tiene lugar" in text
    assert 'href="/admin/opportunities/dailyquota/"' in text


def test_closing_proposes_the_reason_that_the_promoter_gave(world: World) -> None:
    assert re.search(
        r"<textarea[^>]*>\s*Ya compró en otro lado",
        page(world, "close", exits(world, 2, reason="Ya compró en otro lado")),
    )


def test_different_reasons_are_not_mixed_into_one(world: World) -> None:
    rows = [*exits(world, 1, reason="Se mudó"), *exits(world, 1, reason="Ya compró")]

    assert re.search(r"<textarea[^>]*>\s*</textarea>", page(world, "close", rows))


def test_the_same_rows_are_one_click_away_under_every_other_verb(world: World) -> None:
    rows = exits(world, 2)

    text = page(world, "reassign", rows, back=INBOX)

    ids = "%2C".join(f"{row.pk}%3A{row.version}" for row in rows)
    for verb in ("give-back", "reassign", "pool", "close"):
        assert f"decide/{verb}/?ids={ids}&amp;back=%2Fadmin%2Fopportunities%2Fopportunity%2Finbox%2F" in text, verb
    assert text.count('aria-current="page">Reasignar') == 1


def test_what_makes_no_sense_for_the_rows_is_not_offered(world: World) -> None:
    text = page(world, "reassign", world.give(1))

    assert "decide/pool/" in text
    assert "decide/give-back/" not in text


@pytest.mark.parametrize("number", [1, 3])
def test_it_tells_how_many_it_is_about(world: World, number: int) -> None:
    rows = exits(world, number)

    text = page(world, "pool", rows)

    assert ("3 oportunidades</h2>" if number == 3 else f"{rows[0].client}</h2>") in text
    assert ("Devolver al pool (3)</button>" in text) == (number == 3)


def test_it_counts_the_messages_that_will_not_go_out(world: World) -> None:
    [row] = world.give(1)
    campaign = CampaignFactory(owner=world.promoter.user, team=world.promoter.desk.team)
    phone = row.client.contacts.get().normalised
    EnvioFactory(campaign=campaign, phone=phone, state=EnvioState.PENDING)
    gone = CampaignFactory(owner=campaign.owner, team=campaign.team)
    EnvioFactory(campaign=gone, phone=phone, state=EnvioState.SENT, sent_at=timezone.now())
    EnvioFactory(campaign=CampaignFactory(team=campaign.team), phone=phone, state=EnvioState.PENDING)

    assert "No sale 1 mensaje que las campañas de su promotor tenían pendiente." in page(world, "pool", [row])


def test_one_alone_is_told_with_what_was_said_last(world: World) -> None:
    [row] = exits(world, 1)
    moves.note(row.pk, by=world.promoter.user, text="Pidió que la llamen en marzo", now=timezone.now())

    assert "Pidió que la llamen en marzo" in page(world, "give-back", [row])


def test_a_decision_leads_back_to_the_list_as_it_was_filtered(world: World) -> None:
    exits(world, 1)
    stage = world.funnel.no_answer.pk

    text = browser(world, "supervisor").get(f"{INBOX}?stage={stage}").content.decode()

    assert f"back=%2Fadmin%2Fopportunities%2Fopportunity%2Finbox%2F%3Fstage%3D{stage}" in text
