"""The page of one campaign: what may be written when, its schedules, its history, its moving part."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from campaigns.admin import campaign_live
from campaigns.enums import CampaignState, EnvioState, ScheduleState
from campaigns.models import Campaign, Schedule
from tests.company import Company, let_into_the_admin, signed_in, told
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
PAGE, LIVE = 44, 33


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


def test_a_supervisor_creates_a_draft_with_a_schedule_of_several_windows(company: Company) -> None:
    session = WhatsAppSessionFactory(team=company.team)
    draft = CampaignFactory.build(owner=company.owner, team=company.team, session=session, name="Fin de año")

    response = signed_in(company.supervisor).post(
        reverse("admin:campaigns_campaign_add"), written(draft, **rows(schedule_row()))
    )

    campaign = Campaign.objects.get(name="Fin de año")
    assert response.headers["Location"] == change(campaign)
    assert campaign.state == CampaignState.DRAFT
    schedule = campaign.schedules.get()
    assert (schedule.weekdays, schedule.daily_cap, schedule.state) == ("024", 120, ScheduleState.PENDING)
    assert [str(window) for window in schedule.windows.all()] == ["09:00–13:00", "16:00–20:30"]


def test_a_window_over_midnight_is_written_as_one(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team)
    night = {"windows_opens": ["22:00"], "windows_closes": ["02:00"]}

    response = signed_in(company.supervisor).post(change(campaign), written(campaign, **rows(schedule_row(**night))))

    assert response.status_code == 302
    assert [str(window) for window in campaign.schedules.get().windows.all()] == ["22:00–02:00"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"windows_opens": [], "windows_closes": []}, "Agrega al menos una ventana."),
        ({"windows_opens": ["09:00"], "windows_closes": [""]}, "su hora de cierre"),
        ({"windows_opens": ["13:00"], "windows_closes": ["13:00"]}, "abre y cierra a la misma hora"),
        ({"windows_opens": ["22:00", "01:00"], "windows_closes": ["02:00", "05:00"]}, "se pisan"),
        ({"windows_opens": ["09:00", "12:00"], "windows_closes": ["13:00", "15:00"]}, "se pisan"),
        ({"weekdays": []}, "Elige al menos un día"),
        ({"ends_on": "2026-11-01"}, "anterior a la inicial"),
    ],
    ids=["none", "open end", "empty", "overlap after midnight", "overlap", "no day", "dates backwards"],
)
def test_a_schedule_that_makes_no_sense_is_told_in_words(
    company: Company, values: dict[str, Any], sentence: str
) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team)

    response = signed_in(company.supervisor).post(change(campaign), written(campaign, **rows(schedule_row(**values))))

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
def test_a_draft_that_makes_no_sense_is_told_in_words(company: Company, values: dict[str, Any], sentence: str) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, name="Antes")

    response = signed_in(company.supervisor).post(change(campaign), written(campaign, name="Después", **values))

    assert sentence in response.content.decode()
    campaign.refresh_from_db()
    assert campaign.name == "Antes"


def test_a_session_of_another_team_is_no_choice(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team)
    alien = WhatsAppSessionFactory(team=company.other_team)

    signed_in(company.supervisor).post(change(campaign), written(campaign, session=alien.pk))

    campaign.refresh_from_db()
    assert campaign.session_id != alien.pk


def test_administrators_can_not_mix_teams_either(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team)
    alien = WhatsAppSessionFactory(team=company.other_team)

    response = signed_in(company.administrator).post(change(campaign), written(campaign, session=alien.pk))

    assert "es de otro equipo" in response.content.decode()


@pytest.mark.parametrize("state", [state for state in CampaignState if state != CampaignState.DRAFT])
def test_fields_are_written_only_while_it_is_a_draft(company: Company, state: CampaignState) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, state=state, name="Antes")
    client = signed_in(company.supervisor)

    shown = client.get(change(campaign)).content.decode()
    client.post(change(campaign), written(campaign, name="Después", template="Otra cosa"))

    assert 'name="template"' not in shown
    campaign.refresh_from_db()
    assert (campaign.name, campaign.state) == ("Antes", state)


def test_what_is_frozen_in_the_recipients_is_not_a_field_any_more(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team)
    EnvioFactory(campaign=campaign)
    other = WhatsAppSessionFactory(team=company.team)

    signed_in(company.supervisor).post(
        change(campaign), written(campaign, name="Otro nombre", template="Otro texto", session=other.pk)
    )

    before = campaign.template, campaign.session_id
    campaign.refresh_from_db()
    assert campaign.name == "Otro nombre"
    assert (campaign.template, campaign.session_id) == before


def test_an_edited_schedule_waits_for_approval_again(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, state=CampaignState.RUNNING)
    schedule = ScheduleFactory(campaign=campaign, state=ScheduleState.APPROVED, windows=[(dt.time(9), dt.time(18))])
    row = schedule_row(id=schedule.pk, campaign=campaign.pk, daily_cap=300)

    response = signed_in(company.supervisor).post(change(campaign), rows(row, initial=1))

    assert any("Puedes aprobarla arriba, en esta página" in sentence for sentence in told(response))
    schedule.refresh_from_db()
    assert (schedule.daily_cap, schedule.state, schedule.decided_by) == (300, ScheduleState.PENDING, None)


def test_a_lower_cap_needs_no_approval_and_the_page_says_so_before(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, state=CampaignState.RUNNING)
    schedule = ScheduleFactory(
        campaign=campaign, state=ScheduleState.APPROVED, daily_cap=300, windows=[(dt.time(9), dt.time(18))]
    )
    client = signed_in(company.supervisor)
    assert "deja de enviar hasta que se apruebe de nuevo" in client.get(change(campaign)).content.decode()
    row = schedule_row(
        id=schedule.pk,
        campaign=campaign.pk,
        daily_cap=100,
        starts_on=schedule.starts_on.isoformat(),
        weekdays=list(schedule.weekdays),
        windows_opens=["09:00"],
        windows_closes=["18:00"],
        ends_on="",
    )

    response = client.post(change(campaign), rows(row, initial=1))

    assert not any("aprob" in sentence for sentence in told(response))
    schedule.refresh_from_db()
    assert (schedule.daily_cap, schedule.state) == (100, ScheduleState.APPROVED)


def test_the_steps_to_a_campaign_say_what_is_there(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, state=CampaignState.APPROVED)
    EnvioFactory(campaign=campaign)

    def steps() -> list[tuple[str, bool, bool]]:
        return [(step.label, step.done, step.current) for step in campaign_live.path(campaign, filled=True)]

    assert steps() == [
        ("Escribe el mensaje", True, False),
        ("Agrega una programación", False, True),
        ("Importa los destinatarios", True, False),
        ("Envíala a aprobar", True, False),
        ("Apruébala", True, False),
        ("Ponla en marcha", False, False),
    ]
    text = signed_in(company.supervisor).get(change(campaign)).content.decode()
    assert '<li class="lm-current" aria-current="step">Agrega una programación</li>' in text
    ScheduleFactory(campaign=campaign, state=ScheduleState.APPROVED, windows=[(dt.time(9), dt.time(18))])
    assert [label for label, _done, current in steps() if current] == ["Ponla en marcha"]


def test_a_window_alone_makes_an_edited_schedule(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, state=CampaignState.RUNNING)
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
    client = signed_in(company.supervisor)

    client.post(change(campaign), rows({**same, "windows_opens": ["09:00"], "windows_closes": ["13:00"]}, initial=1))
    assert campaign.schedules.get().state == ScheduleState.APPROVED

    client.post(change(campaign), rows({**same, "windows_opens": ["09:00"], "windows_closes": ["22:00"]}, initial=1))
    edited = campaign.schedules.get()
    assert edited.state == ScheduleState.PENDING
    assert [str(window) for window in edited.windows.all()] == ["09:00–22:00"]


def test_the_schedules_of_a_campaign_that_ended_are_only_read(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, state=CampaignState.CANCELLED)

    response = signed_in(company.supervisor).post(change(campaign), rows(schedule_row()))

    assert response.status_code == 403
    assert not campaign.schedules.exists()


@pytest.mark.parametrize("state", list(CampaignState))
def test_the_page_opens_in_every_state(company: Company, state: CampaignState) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, state=state)
    ScheduleFactory(campaign=campaign, weekdays="024", windows=[(dt.time(9), dt.time(13))])

    page = signed_in(company.supervisor).get(change(campaign)).content.decode()

    assert "lun" in page
    assert "09:00" in page


def test_another_teams_supervisor_finds_nothing(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team)
    client = signed_in(company.stranger)

    assert client.get(change(campaign)).status_code == 404
    assert client.get(live(campaign)).status_code == 404
    assert client.post(change(campaign), written(campaign, name="Mía")).status_code == 404


def test_campaigns_are_never_deleted(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team)
    address = reverse("admin:campaigns_campaign_delete", args=[campaign.pk])

    assert signed_in(company.administrator).post(address, {"post": "yes"}).status_code == 403
    assert Campaign.objects.filter(pk=campaign.pk).exists()


def test_the_page_tells_the_history_and_how_messages_look(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, state=CampaignState.AWAITING_APPROVAL)
    EnvioFactory(campaign=campaign, text="Hola Ana, tu cuota cambió")
    CampaignEventFactory(campaign=campaign, by=company.owner, reason="Lista para salir")

    page = signed_in(company.supervisor).get(change(campaign)).content.decode()

    assert "Hola Ana, tu cuota cambió" in page
    assert "Borrador → Por aprobar" in page
    assert "“Lista para salir”" in page


def test_the_moving_part_counts_states_and_the_funnel(company: Company) -> None:
    campaign = running_campaign(owner=company.owner, team=company.team, envios=2)
    EnvioFactory(campaign=campaign, state=EnvioState.SENT, ack=3)
    EnvioFactory(campaign=campaign, state=EnvioState.UNCERTAIN)

    part = signed_in(company.supervisor).get(live(campaign)).content.decode()

    assert "1 de 4 terminados" in part
    assert "1 mensaje incierto espera una decisión" in part
    assert "<html" not in part


def test_the_moving_part_asks_again_only_while_the_campaign_lives(company: Company) -> None:
    alive = running_campaign(owner=company.owner, team=company.team)
    ended = CampaignFactory(owner=company.owner, team=company.team, state=CampaignState.FINISHED)
    client = signed_in(company.supervisor)

    assert 'hx-trigger="every 10s, wake"' in client.get(live(alive)).content.decode()
    assert "hx-trigger" not in client.get(live(ended)).content.decode()


@pytest.mark.parametrize(("decision", "state"), [("approve", "aprobada"), ("reject", "rechazada")])
def test_a_schedule_that_came_later_is_decided_by_itself(company: Company, decision: str, state: str) -> None:
    campaign = running_campaign(owner=company.owner, team=company.team)
    schedule: Schedule = ScheduleFactory(campaign=campaign)
    address = reverse("admin:campaigns_campaign_schedule", args=[campaign.pk, schedule.pk, decision])
    client = signed_in(company.supervisor)

    assert client.get(address).status_code == 200
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.PENDING

    client.post(address)
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.PENDING, "a button without a version decides nothing"
    version = client.get(address).context["form"].initial["version"]
    Schedule.objects.filter(pk=schedule.pk).update(daily_cap=7)
    client.post(address, {"version": version})
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.PENDING, "nor one about what changed since"

    client.post(address, {"version": client.get(address).context["form"].initial["version"]})
    schedule.refresh_from_db()
    assert (schedule.state, schedule.decided_by) == (state, company.supervisor)


def test_whose_schedule_it_is_not_can_not_decide_it(company: Company) -> None:
    campaign = running_campaign(owner=company.owner, team=company.team)
    schedule = ScheduleFactory(campaign=campaign)
    let_into_the_admin(company.owner)
    address = reverse("admin:campaigns_campaign_schedule", args=[campaign.pk, schedule.pk, "approve"])

    assert signed_in(company.stranger).post(address).status_code == 404
    assert signed_in(company.owner).post(address).status_code == 403
    schedule.refresh_from_db()
    assert schedule.state == ScheduleState.PENDING


@pytest.mark.parametrize("rows", [1, 3])
def test_the_page_costs_the_same_whatever_it_holds(
    company: Company, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """The person, twice what they may, menu badges, the campaign, its times, its counts, its standing, its forecast."""
    campaign = running_campaign(owner=company.owner, team=company.team, envios=rows)
    EnvioFactory.create_batch(rows, campaign=campaign, state=EnvioState.SENT)
    ScheduleFactory.create_batch(rows, campaign=campaign)
    CampaignEventFactory.create_batch(rows, campaign=campaign, by=company.supervisor)
    RecipientImportFactory.create_batch(rows, campaign=campaign, by=company.supervisor)
    client = signed_in(company.supervisor)
    client.get(change(campaign))  # content types are asked for once per process

    with django_assert_num_queries(PAGE):
        client.get(change(campaign))
    with django_assert_num_queries(LIVE):
        client.get(live(campaign))


def test_the_page_tells_how_the_message_varies(company: Company) -> None:
    campaign = CampaignFactory(owner=company.owner, team=company.team, template="[Hola|Buenas] {nombre}")

    page = signed_in(company.supervisor).get(change(campaign)).content.decode()

    assert "El mensaje varía: 2 textos distintos" in page
    assert all(text in page for text in ("Hola {nombre}</blockquote>", "Buenas {nombre}</blockquote>"))
