"""The page of one campaign: what may be written when, its schedules, its history, its moving part."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from campaigns.enums import CampaignState, EnvioState, ScheduleState
from campaigns.models import Campaign, Schedule
from tests.desk import Desk, signed_in, told
from tests.factories.campaigns import (
    CampaignEventFactory,
    CampaignFactory,
    EnvioFactory,
    RecipientImportFactory,
    ScheduleFactory,
    running_campaign,
)
from tests.factories.whatsapp import WhatsAppSessionFactory

# What a look at a running campaign asks of the database, its page and its moving part.
PAGE, LIVE = 34, 24


def change(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_change", args=[campaign.pk])


def live(campaign: Campaign) -> str:
    return reverse("admin:campaigns_campaign_live", args=[campaign.pk])


def written(campaign: Campaign, **values: Any) -> dict[str, Any]:
    """A draft's form as the page sends it, without schedules."""
    return {
        "name": campaign.name,
        "owner": campaign.owner_id,
        "team": campaign.team_id,
        "session": campaign.session_id,
        "template": campaign.template,
        "delay_min": 30,
        "delay_max": 90,
        "burst_size": 0,
        "burst_pause": 600,
        "typing": "on",
        "max_attempts": 5,
        **rows(),
        **values,
    }


def rows(*schedules: dict[str, Any], initial: int = 0) -> dict[str, Any]:
    """The schedules of the form."""
    data: dict[str, Any] = {
        "schedules-TOTAL_FORMS": len(schedules),
        "schedules-INITIAL_FORMS": initial,
        "schedules-MIN_NUM_FORMS": 0,
        "schedules-MAX_NUM_FORMS": 1000,
    }
    for number, schedule in enumerate(schedules):
        data.update({f"schedules-{number}-{name}": value for name, value in schedule.items()})
    return data


def schedule_row(**values: Any) -> dict[str, Any]:
    return {
        "weekdays": ["0", "2", "4"],
        "windows_opens": ["09:00", "16:00", ""],
        "windows_closes": ["13:00", "20:30", ""],
        "starts_on": "2026-12-01",
        "ends_on": "2026-12-20",
        "daily_cap": 120,
        **values,
    }


def test_a_supervisor_creates_a_draft_with_a_schedule_of_several_windows(desk: Desk) -> None:
    session = WhatsAppSessionFactory(team=desk.team)
    draft = CampaignFactory.build(owner=desk.owner, team=desk.team, session=session, name="Fin de año")

    response = signed_in(desk.supervisor).post(
        reverse("admin:campaigns_campaign_add"), written(draft, **rows(schedule_row()))
    )

    campaign = Campaign.objects.get(name="Fin de año")
    assert response.headers["Location"] == change(campaign)
    assert campaign.state == CampaignState.DRAFT
    schedule = campaign.schedules.get()
    assert (schedule.weekdays, schedule.daily_cap, schedule.state) == ("024", 120, ScheduleState.PENDING)
    assert [str(window) for window in schedule.windows.all()] == ["09:00–13:00", "16:00–20:30"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"windows_opens": [], "windows_closes": []}, "Agrega al menos una ventana."),
        ({"windows_opens": ["09:00"], "windows_closes": [""]}, "su hora de cierre"),
        ({"windows_opens": ["13:00"], "windows_closes": ["09:00"]}, "cerrar después de abrir"),
        ({"windows_opens": ["09:00", "12:00"], "windows_closes": ["13:00", "15:00"]}, "se pisan"),
        ({"weekdays": []}, "Elige al menos un día"),
        ({"ends_on": "2026-11-01"}, "anterior a la inicial"),
    ],
    ids=["none", "open end", "backwards", "overlap", "no day", "dates backwards"],
)
def test_a_schedule_that_makes_no_sense_is_told_in_words(desk: Desk, values: dict[str, Any], sentence: str) -> None:
    campaign = CampaignFactory(owner=desk.owner, team=desk.team)

    response = signed_in(desk.supervisor).post(change(campaign), written(campaign, **rows(schedule_row(**values))))

    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not campaign.schedules.exists()


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"delay_min": 90, "delay_max": 30}, "más corta que la mínima"),
        ({"template": "Hola {nombre"}, "llave suelta"),
    ],
    ids=["delays", "brace"],
)
def test_a_draft_that_makes_no_sense_is_told_in_words(desk: Desk, values: dict[str, Any], sentence: str) -> None:
    campaign = CampaignFactory(owner=desk.owner, team=desk.team, name="Antes")

    response = signed_in(desk.supervisor).post(change(campaign), written(campaign, name="Después", **values))

    assert sentence in response.content.decode()
    campaign.refresh_from_db()
    assert campaign.name == "Antes"


def test_a_session_of_another_team_is_no_choice(desk: Desk) -> None:
    campaign = CampaignFactory(owner=desk.owner, team=desk.team)
    alien = WhatsAppSessionFactory(team=desk.other_team)

    signed_in(desk.supervisor).post(change(campaign), written(campaign, session=alien.pk))

    campaign.refresh_from_db()
    assert campaign.session_id != alien.pk


def test_administrators_can_not_mix_teams_either(desk: Desk) -> None:
    campaign = CampaignFactory(owner=desk.owner, team=desk.team)
    alien = WhatsAppSessionFactory(team=desk.other_team)

    response = signed_in(desk.administrator).post(change(campaign), written(campaign, session=alien.pk))

    assert "es de otro equipo" in response.content.decode()


@pytest.mark.parametrize("state", [state for state in CampaignState if state != CampaignState.DRAFT])
def test_fields_are_written_only_while_it_is_a_draft(desk: Desk, state: CampaignState) -> None:
    campaign = CampaignFactory(owner=desk.owner, team=desk.team, state=state, name="Antes")
    client = signed_in(desk.supervisor)

    shown = client.get(change(campaign)).content.decode()
    client.post(change(campaign), written(campaign, name="Después", template="Otra cosa"))

    assert 'name="template"' not in shown
    campaign.refresh_from_db()
    assert (campaign.name, campaign.state) == ("Antes", state)


def test_what_is_frozen_in_the_recipients_is_not_a_field_any_more(desk: Desk) -> None:
    campaign = CampaignFactory(owner=desk.owner, team=desk.team)
    EnvioFactory(campaign=campaign)
    other = WhatsAppSessionFactory(team=desk.team)

    signed_in(desk.supervisor).post(
        change(campaign), written(campaign, name="Otro nombre", template="Otro texto", session=other.pk)
    )

    before = campaign.template, campaign.session_id
    campaign.refresh_from_db()
    assert campaign.name == "Otro nombre"
    assert (campaign.template, campaign.session_id) == before


def test_an_edited_schedule_waits_for_approval_again(desk: Desk) -> None:
    campaign = CampaignFactory(owner=desk.owner, team=desk.team, state=CampaignState.RUNNING)
    schedule = ScheduleFactory(campaign=campaign, state=ScheduleState.APPROVED, windows=[(dt.time(9), dt.time(18))])
    row = schedule_row(id=schedule.pk, campaign=campaign.pk, daily_cap=300)

    response = signed_in(desk.supervisor).post(change(campaign), rows(row, initial=1))

    assert any("la apruebe de nuevo" in sentence for sentence in told(response))
    schedule.refresh_from_db()
    assert (schedule.daily_cap, schedule.state, schedule.decided_by) == (300, ScheduleState.PENDING, None)


def test_a_window_alone_makes_an_edited_schedule(desk: Desk) -> None:
    campaign = CampaignFactory(owner=desk.owner, team=desk.team, state=CampaignState.RUNNING)
    schedule = ScheduleFactory(
        campaign=campaign, state=ScheduleState.APPROVED, weekdays="024", windows=[(dt.time(9), dt.time(13))]
    )
    same = {
        "id": schedule.pk,
        "campaign": campaign.pk,
        "weekdays": ["0", "2", "4"],
        "starts_on": schedule.starts_on.isoformat(),
        "ends_on": "",
        "daily_cap": schedule.daily_cap,
    }
    client = signed_in(desk.supervisor)

    client.post(change(campaign), rows({**same, "windows_opens": ["09:00"], "windows_closes": ["13:00"]}, initial=1))
    assert campaign.schedules.get().state == ScheduleState.APPROVED

    client.post(change(campaign), rows({**same, "windows_opens": ["09:00"], "windows_closes": ["22:00"]}, initial=1))
    edited = campaign.schedules.get()
    assert edited.state == ScheduleState.PENDING
    assert [str(window) for window in edited.windows.all()] == ["09:00–22:00"]


def test_the_schedules_of_a_campaign_that_ended_are_only_read(desk: Desk) -> None:
    campaign = CampaignFactory(owner=desk.owner, team=desk.team, state=CampaignState.CANCELLED)

    response = signed_in(desk.supervisor).post(change(campaign), rows(schedule_row()))

    assert response.status_code == 403
    assert not campaign.schedules.exists()


@pytest.mark.parametrize("state", list(CampaignState))
def test_the_page_opens_in_every_state(desk: Desk, state: CampaignState) -> None:
    campaign = CampaignFactory(owner=desk.owner, team=desk.team, state=state)
    ScheduleFactory(campaign=campaign, weekdays="024", windows=[(dt.time(9), dt.time(13))])

    page = signed_in(desk.supervisor).get(change(campaign)).content.decode()

    assert "lun" in page
    assert "09:00" in page


def test_another_teams_supervisor_finds_nothing(desk: Desk) -> None:
    campaign = CampaignFactory(owner=desk.owner, team=desk.team)
    client = signed_in(desk.stranger)

    assert client.get(change(campaign)).status_code == 404
    assert client.get(live(campaign)).status_code == 404
    assert client.post(change(campaign), written(campaign, name="Mía")).status_code == 404


def test_campaigns_are_never_deleted(desk: Desk) -> None:
    campaign = CampaignFactory(owner=desk.owner, team=desk.team)
    address = reverse("admin:campaigns_campaign_delete", args=[campaign.pk])

    assert signed_in(desk.administrator).post(address, {"post": "yes"}).status_code == 403
    assert Campaign.objects.filter(pk=campaign.pk).exists()


def test_the_page_tells_the_history_and_how_messages_look(desk: Desk) -> None:
    campaign = CampaignFactory(owner=desk.owner, team=desk.team, state=CampaignState.AWAITING_APPROVAL)
    EnvioFactory(campaign=campaign, text="Hola Ana, tu cuota cambió")
    CampaignEventFactory(campaign=campaign, by=desk.owner, reason="Lista para salir")

    page = signed_in(desk.supervisor).get(change(campaign)).content.decode()

    assert "Hola Ana, tu cuota cambió" in page
    assert "Borrador → Por aprobar" in page
    assert "“Lista para salir”" in page


def test_the_moving_part_counts_states_and_the_funnel(desk: Desk) -> None:
    campaign = running_campaign(owner=desk.owner, team=desk.team, envios=2)
    EnvioFactory(campaign=campaign, state=EnvioState.SENT, ack=3)
    EnvioFactory(campaign=campaign, state=EnvioState.UNCERTAIN)

    part = signed_in(desk.supervisor).get(live(campaign)).content.decode()

    assert "1 de 4 terminados" in part
    assert "1 mensaje incierto espera una decisión" in part
    assert "<html" not in part


def test_the_moving_part_asks_again_only_while_the_campaign_lives(desk: Desk) -> None:
    alive = running_campaign(owner=desk.owner, team=desk.team)
    ended = CampaignFactory(owner=desk.owner, team=desk.team, state=CampaignState.FINISHED)
    client = signed_in(desk.supervisor)

    assert 'hx-trigger="every 10s, wake"' in client.get(live(alive)).content.decode()
    assert "hx-trigger" not in client.get(live(ended)).content.decode()


@pytest.mark.parametrize(("decision", "state"), [("approve", "aprobada"), ("reject", "rechazada")])
def test_a_schedule_that_came_later_is_decided_by_itself(desk: Desk, decision: str, state: str) -> None:
    campaign = running_campaign(owner=desk.owner, team=desk.team)
    schedule: Schedule = ScheduleFactory(campaign=campaign)
    address = reverse("admin:campaigns_campaign_schedule", args=[campaign.pk, schedule.pk, decision])
    client = signed_in(desk.supervisor)

    assert client.get(address).status_code == 200
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.PENDING

    client.post(address)
    schedule.refresh_from_db()
    assert (schedule.state, schedule.decided_by) == (state, desk.supervisor)


def test_whose_schedule_it_is_not_can_not_decide_it(desk: Desk) -> None:
    campaign = running_campaign(owner=desk.owner, team=desk.team)
    schedule = ScheduleFactory(campaign=campaign)
    desk.owner.is_staff = True
    desk.owner.save()
    address = reverse("admin:campaigns_campaign_schedule", args=[campaign.pk, schedule.pk, "approve"])

    assert signed_in(desk.stranger).post(address).status_code == 404
    assert signed_in(desk.owner).post(address).status_code == 403
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.PENDING


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_costs_the_same_whatever_it_holds(
    desk: Desk, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The person, twice what they may, menu badges, the campaign, its times, its counts, its standing, its forecast."""
    campaign = running_campaign(owner=desk.owner, team=desk.team, envios=rows)
    EnvioFactory.create_batch(rows, campaign=campaign, state=EnvioState.SENT)
    ScheduleFactory.create_batch(rows, campaign=campaign)
    CampaignEventFactory.create_batch(rows, campaign=campaign, by=desk.supervisor)
    RecipientImportFactory.create_batch(rows, campaign=campaign, by=desk.supervisor)
    client = signed_in(desk.supervisor)
    client.get(change(campaign))  # content types are asked for once per process

    with django_assert_num_queries(PAGE):
        client.get(change(campaign))
    with django_assert_num_queries(LIVE):
        client.get(live(campaign))
