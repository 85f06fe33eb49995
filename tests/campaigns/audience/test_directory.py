"""Recipients from the client directory: whom a selection finds, who is left out, and who may ask."""

from __future__ import annotations

import datetime as dt
import decimal
import gc
import tracemalloc
from collections.abc import Callable

import pytest
from pytest_django import DjangoAssertNumQueries

from campaigns.audience import AudienceError, batches
from campaigns.audience import clients as clients_module
from campaigns.audience import directory as module
from campaigns.audience.clients import AddReport
from campaigns.audience.directory import Selection, add_from_directory, queue_selection
from campaigns.audience.directory_counts import count, options
from campaigns.audience.queued import run_queued
from campaigns.enums import CampaignState
from campaigns.errors import NotAllowed
from campaigns.models import Campaign, Envio, RecipientImport
from campaigns.suppressions import suppress
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.directory.enums import Availability
from leadmaster.directory.facets import Facets
from leadmaster.directory.models import Client, ContactPoint, Suppression
from tests.campaigns.audience.reading import kept_report, record_of, texts
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.campaigns import CampaignFactory
from tests.factories.directory import ClientFactory, ContactPointFactory, SuppressionFactory
from tests.factories.whatsapp import WhatsAppSessionFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
JALISCO = Selection(facets=Facets(province="Jalisco"))


def draft(template: str = "Hola {nombre}", **fields: object) -> Campaign:
    campaign: Campaign = CampaignFactory.create(template=template, **fields)
    return campaign


def client(*phones: str, **fields: object) -> Client:
    """A free client with these numbers, the first of them the primary one; one number of its own without any."""
    row: Client = ClientFactory.create(**fields)
    for position, phone in enumerate(phones):
        ContactPointFactory.create(client=row, normalised=phone, is_primary=position == 0, position=position)
    if not phones:
        ContactPointFactory.create(client=row)
    return row


def add(campaign: Campaign, selection: Selection = JALISCO, *, by: User | None = None, **options: object) -> AddReport:
    return add_from_directory(campaign, selection, by=by, now=NOW, **options)  # type: ignore[arg-type]


def counters(report: AddReport) -> dict[str, int]:
    names = ("accepted", "duplicates", "invalid", "opted_out", "already_there")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


# --- Whom it finds ----------------------------------------------------------------------------------------------------


def test_everybody_who_is_nobodys_and_has_these_facets_gets_a_message_of_their_own() -> None:
    campaign = draft("Hola {nombre} {apellidos}: tu convenio {convenio} en {ciudad}.")
    client("+523312345678", name="Ana", last_names="Paz")
    client("+523312345679", name="Eva", last_names="Ruiz", availability=Availability.POOL)
    client(province="Sonora")
    client(availability=Availability.TAKEN)
    client(availability=Availability.CLOSED)
    client(gone_at=NOW)

    report = add(campaign)

    assert counters(report) == {"accepted": 2}
    assert texts(campaign) == {
        "+523312345678": "Hola Ana Paz: tu convenio IMSS en Zapopan.",
        "+523312345679": "Hola Eva Ruiz: tu convenio IMSS en Zapopan.",
    }


def test_whom_somebody_works_comes_in_only_when_asked_for() -> None:
    campaign = draft()
    client("+523312345678", availability=Availability.TAKEN)

    assert counters(add(campaign)) == {}
    taken = Selection(facets=Facets(province="Jalisco"), availability=(Availability.TAKEN,))
    assert counters(add(campaign, taken)) == {"accepted": 1}


def test_somebody_who_is_drawn_while_they_are_added_stays_out(monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = draft()
    mine, drawn = client(), client()
    read = clients_module._numbers_of

    def drawn_meanwhile(page: list[Client]) -> object:
        Client.objects.filter(pk=drawn.pk).update(availability=Availability.TAKEN)
        return read(page)

    monkeypatch.setattr(clients_module, "_numbers_of", drawn_meanwhile)

    report = add(campaign)

    assert counters(report) == {"accepted": 1, "invalid": 1}
    assert report.reasons == {"not_any_more": 1}
    assert list(texts(campaign)) == [mine.contacts.get().normalised]


def test_amounts_and_dates_are_written_as_the_region_does() -> None:
    client("+5493512743915", capacity=decimal.Decimal("12500.50"), registered_on=dt.date(2025, 3, 9))
    argentina, mexico = (
        draft("{capacidad} desde {fecha_de_alta}", session=WhatsAppSessionFactory.create(region=region))
        for region in ("AR", "MX")
    )

    add(argentina)
    add(mexico)

    assert texts(argentina) == {"+5493512743915": "12.500,50 desde 09/03/2025"}
    assert texts(mexico) == {"+5493512743915": "12,500.50 desde 09/03/2025"}


def test_a_limit_counts_who_was_added_and_the_next_time_adds_the_next_ones() -> None:
    campaign = draft()
    suppressed, *_others = (client() for _ in range(8))
    SuppressionFactory.create(phone=suppressed.contacts.get().normalised)
    three = Selection(facets=Facets(province="Jalisco"), limit=3)

    first, second, third = (add(campaign, three) for _ in range(3))

    assert [report.accepted for report in (first, second, third)] == [3, 3, 1]
    assert (third.already_there, third.opted_out) == (6, 1)
    assert Envio.objects.filter(campaign=campaign).count() == 7


def test_a_limit_holds_within_a_page_and_the_rows_after_it_are_nobodys() -> None:
    campaign = draft()
    for _ in range(10):
        client()

    report = add(campaign, Selection(limit=4))

    assert (report.rows, report.accepted) == (4, 4)
    record = record_of(report)
    assert (record.rows, record.accepted, len(kept_report(record.pk))) == (4, 4, 4)


# --- Who is left out ----------------------------------------------------------------------------------------------------


def test_every_client_has_a_line_in_the_report_with_why() -> None:
    campaign = draft("Hola {nombre}, tu capacidad es {capacidad}.")
    client("+523312345670", capacity=10)
    client("+523312345670", capacity=10)
    client("+523312345671", capacity=10)
    SuppressionFactory.create(phone="+523312345671")
    client("+523312345672", capacity=None)
    ClientFactory.create(capacity=10)
    ContactPointFactory.create(client=ClientFactory.create(capacity=10), is_valid=False, normalised="")
    ContactPointFactory.create(
        client=ClientFactory.create(capacity=10), kind=ContactPoint.Kind.EMAIL, normalised="a@example.com"
    )

    report = add(campaign)

    assert counters(report) == {"accepted": 1, "duplicates": 1, "invalid": 4, "opted_out": 1}
    assert report.reasons == {"duplicates": 1, "opted_out": 1, "missing_value": 1, "no_phone": 3}
    record = record_of(report)
    assert (record.state, record.file_name, record.rows) == (RecipientImport.State.DONE, "Directorio: Jalisco", 7)
    lines = kept_report(record.pk)
    assert len(lines) == 7
    assert sum("Falta el dato {capacidad}" in line["Motivo"] for line in lines) == 1
    assert sum("ningún teléfono válido" in line["Motivo"] for line in lines) == 3


def test_silence_at_any_number_is_silence_of_the_person() -> None:
    campaign = draft()
    client("+523312345678", "+523312345679")
    SuppressionFactory.create(phone="+523312345679")

    assert counters(add(campaign)) == {"opted_out": 1}


def test_a_person_who_is_there_by_another_number_is_there() -> None:
    campaign = draft()
    person = client("+523312345678", "+523312345679")
    add(campaign)
    person.contacts.filter(normalised="+523312345678").update(is_primary=False)
    person.contacts.filter(normalised="+523312345679").update(is_primary=True)

    assert counters(add(campaign)) == {"already_there": 1}
    assert list(texts(campaign)) == ["+523312345678"]


def test_again_it_adds_only_who_is_new() -> None:
    campaign = draft()
    client()
    add(campaign)
    client()

    assert counters(add(campaign)) == {"accepted": 1, "already_there": 1}


def test_an_opt_out_after_it_takes_them_out_of_every_campaign() -> None:
    campaigns = [draft(), draft()]
    person = client("+523312345678")
    for campaign in campaigns:
        add(campaign)

    _row, cancelled = suppress("+523312345678", source=Suppression.Source.REPLY, now=NOW)

    assert cancelled == 2
    assert not Envio.objects.pending().filter(phone=person.contacts.get().normalised).exists()


# --- What is refused ----------------------------------------------------------------------------------------------------


def test_a_rehearsal_says_the_same_and_writes_nothing() -> None:
    campaign = draft()
    client("+523312345678")
    client("+523312345678")

    rehearsal = add(campaign, dry_run=True)

    assert (rehearsal.dry_run, rehearsal.import_id) == (True, None)
    assert not Envio.objects.exists()
    assert not RecipientImport.objects.exists()
    assert counters(add(campaign)) == counters(rehearsal)


def test_a_message_that_no_client_can_fill_is_refused_before_anything_is_written() -> None:
    campaign = draft("Debes {saldo}")
    client()

    with pytest.raises(AudienceError, match=r"\{saldo\}") as caught:
        add(campaign)

    assert caught.value.code == "placeholders"
    assert not RecipientImport.objects.exists()


def test_a_running_campaign_takes_nobody_in() -> None:
    client()

    with pytest.raises(AudienceError):
        add(draft(state=CampaignState.RUNNING))


@pytest.mark.parametrize(
    "raw",
    [
        {"city": "Zapopan"},
        {"zone": "norte"},
        {"limit": "0"},
        {"limit": "muchos"},
        {"availability": []},
        {"availability": ["robado"]},
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(AudienceError):
        Selection.of(raw)


def test_a_selection_survives_being_written_down() -> None:
    selection = Selection(facets=Facets(province="Jalisco", city="Zapopan"), availability=tuple(Availability), limit=7)

    assert Selection.of(selection.as_json()) == selection


@pytest.mark.parametrize(("role", "allowed"), [(Role.SUPERVISOR, True), (Role.ADMINISTRATOR, True)])
def test_supervisors_of_the_team_write_to_the_directory(role: Role, allowed: bool) -> None:
    person = UserFactory.create(role=role)
    client()

    assert add(draft(team=TeamFactory.create(supervisors=[person])), by=person).accepted == 1


def test_a_promoter_does_not_even_for_a_campaign_of_their_own() -> None:
    campaign = draft()
    client()

    with pytest.raises(NotAllowed, match="tus oportunidades"):
        add(campaign, by=campaign.owner)
    assert not RecipientImport.objects.exists()


def test_a_supervisor_of_another_team_does_not() -> None:
    stranger = UserFactory.create(role=Role.SUPERVISOR)
    client()

    with pytest.raises(NotAllowed):
        add(draft(), by=stranger)
    with pytest.raises(NotAllowed):
        queue_selection(draft(), JALISCO, by=stranger, now=NOW)
    assert not RecipientImport.objects.exists()


# --- In the background --------------------------------------------------------------------------------------------------


def test_a_big_selection_waits_and_is_added_in_the_background() -> None:
    person = UserFactory.create(role=Role.SUPERVISOR)
    campaign = draft(team=TeamFactory.create(supervisors=[person]))
    client()

    record = queue_selection(campaign, JALISCO, by=person, now=NOW)
    assert not Envio.objects.exists()

    assert run_queued(NOW) == 1
    record.refresh_from_db()
    assert (record.state, record.accepted) == (RecipientImport.State.DONE, 1)
    campaign.refresh_from_db()
    assert "ciudad" in campaign.columns


def test_what_cannot_be_added_any_more_says_so_on_the_record() -> None:
    person = UserFactory.create(role=Role.SUPERVISOR)
    campaign = draft(team=TeamFactory.create(supervisors=[person]))
    record = queue_selection(campaign, JALISCO, by=person, now=NOW)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.CANCELLED)

    run_queued(NOW)

    record.refresh_from_db()
    assert record.state == RecipientImport.State.FAILED
    assert "cancelada" in record.error


def test_who_lost_the_right_meanwhile_adds_nobody() -> None:
    person = UserFactory.create(role=Role.SUPERVISOR)
    campaign = draft(team=TeamFactory.create(supervisors=[person]))
    client()
    record = queue_selection(campaign, JALISCO, by=person, now=NOW)
    User.objects.filter(pk=person.pk).update(role=Role.PROMOTER)

    run_queued(NOW)

    record.refresh_from_db()
    assert record.state == RecipientImport.State.FAILED
    assert not Envio.objects.exists()


# --- What it costs ------------------------------------------------------------------------------------------------------


def many(number: int) -> None:
    Client.objects.bulk_create(ClientFactory.build_batch(number, province="Jalisco", shard=3))
    rows = Client.objects.filter(contacts__isnull=True)
    ContactPoint.objects.bulk_create(
        ContactPoint(
            client=row,
            kind=ContactPoint.Kind.PHONE,
            raw=f"33{10_000_000 + at}",
            normalised=f"+5233{10_000_000 + at}",
            is_primary=True,
        )
        for at, row in enumerate(rows)
    )


def test_a_page_costs_the_same_queries_however_many_clients_it_holds(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 100)
    monkeypatch.setattr(batches, "reset_queries", lambda: None)
    many(200)
    rehearse = draft()

    # Campaign, its session; two availabilities, of which one has two pages and an empty third; six per page.
    with django_assert_num_queries(2 + 4 + 2 * 6):
        assert add(rehearse, dry_run=True).accepted == 200


def test_memory_stays_flat_over_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 200)
    many(1_000)
    first, second = draft(), draft()
    add(first, Selection(limit=200))
    tracemalloc.start()
    of_one_page = peak(lambda: add(second, Selection(limit=200)))
    of_five = peak(lambda: add(second))
    tracemalloc.stop()

    # Five pages held at once would be five times as much.
    assert of_five < 2.5 * of_one_page


def peak(act: Callable[[], object]) -> int:
    """Bytes at its highest, above what was held before and without what others left to be collected."""
    gc.collect()
    before, _peak = tracemalloc.get_traced_memory()
    tracemalloc.reset_peak()
    act()
    return tracemalloc.get_traced_memory()[1] - before


# --- Before anybody adds ------------------------------------------------------------------------------------------------


def test_counts_are_of_who_would_be_found() -> None:
    for availability in Availability:
        client(availability=availability)
    client(province="Sonora", city="Hermosillo")
    client(gone_at=NOW)

    assert count(JALISCO).number == 2
    assert count(Selection()).number == 3
    assert count(Selection(availability=tuple(Availability))).number == 5
    assert [(one.value, one.count.number) for one in options(JALISCO, "province")] == [("Jalisco", 2), ("Sonora", 1)]
    assert [(one.value, one.count.number) for one in options(JALISCO, "city")] == [("Zapopan", 2)]
    assert options(Selection(), "city") == []


def test_a_count_stops_where_nobody_needs_to_know_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.audience.directory_counts.EXACT_UP_TO", 3)
    for _ in range(4):
        client()

    found = count(Selection(availability=(Availability.FREE,)))

    assert (found.number, found.more, found.label) == (3, True, "3+")
    assert count(Selection()).more
