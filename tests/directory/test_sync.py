"""The directory follows the client base: what is new, what changed, who is gone, and what is never touched."""

from __future__ import annotations

import datetime as dt
import decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leadmaster.directory.models import Availability, Client, ContactPoint, SyncState, shard_of
from leadmaster.directory.sync import SyncError, open_source, synchronise
from leadmaster.directory.sync.mapping import Mapping
from tests.directory.conftest import NOW, READING, directory, sync
from tests.directory.external import ExternalBase
from tests.factories.accounts import UserFactory
from tests.factories.directory import ContactPointFactory

pytestmark = pytest.mark.django_db

LATER = NOW + dt.timedelta(days=1)


def test_a_client_comes_in_with_facets_and_contacts_in_the_order_to_try_them(external: ExternalBase) -> None:
    external.add(
        7,
        nombre=" Óscar ",
        apellidos="Muñoz   Peña",
        convenio=None,
        contacts=[
            ("casa", "sin dato", 0),
            ("correo", " Oscar@Example.com", 0),
            ("trabajo", "(33) 3344 5566", 0),
            ("celular", "521 33 2244 5566", 0),
            ("casa", "+52 33 1122 3344", 1),
            ("otro", "3311223344", 0),
        ],
    )
    report = sync(external)
    client = Client.objects.get()
    assert (client.source, client.external_id, client.availability) == ("externo", "7", Availability.FREE)
    assert (client.name, client.last_names, client.full_name) == ("Óscar", "Muñoz Peña", "Óscar Muñoz Peña")
    assert (client.agreement, client.province, client.city, client.client_type) == ("", "Jalisco", "Zapopan", "activo")
    assert client.capacity == decimal.Decimal("1000.50")
    assert client.registered_on == dt.date(2026, 1, 15)
    # Noon in Mexico City.
    assert client.external_updated_at == dt.datetime(2026, 2, 1, 18, tzinfo=dt.UTC)
    assert client.shard == shard_of("7")
    assert client.gone_at is None
    assert list(client.contacts.values_list("label", "normalised", "is_primary", "is_valid", "position")) == [
        ("casa", "+523311223344", True, True, 0),
        ("celular", "+523322445566", False, True, 1),
        ("trabajo", "+523333445566", False, True, 2),
        ("correo", "oscar@example.com", False, True, 3),
        ("casa", "", False, False, 4),
    ]
    assert (report.read, report.new, report.contacts, report.invalid_phones) == (1, 1, 5, 1)
    assert report.examples == (("7", "sin dato", "No es un teléfono: no tiene ningún dígito."),)


def test_many_pages_bring_everybody_once(external: ExternalBase) -> None:
    external.fill(503)
    report = sync(external, batch=50)
    assert (report.read, report.new, report.changed) == (503, 503, 0)
    assert set(Client.objects.values_list("external_id", flat=True)) == {str(id_) for id_ in range(1, 504)}
    assert report.contacts == ContactPoint.objects.count()
    assert report.invalid_phones == ContactPoint.objects.filter(is_valid=False).count() > 0
    assert len(set(Client.objects.values_list("shard", flat=True))) == 64


def test_a_second_run_changes_nothing(external: ExternalBase) -> None:
    external.fill(200)
    sync(external)
    before = directory()
    report = sync(external, now=LATER, full=True)
    assert (report.read, report.unchanged, report.new, report.changed, report.gone) == (200, 200, 0, 0, 0)
    assert directory() == before
    assert not Client.objects.filter(updated_at=LATER).exists()


def test_a_change_is_taken_over_and_the_desks_own_word_stays(external: ExternalBase) -> None:
    external.add(1)
    external.add(2)
    sync(external)
    Client.objects.filter(external_id="1").update(availability=Availability.TAKEN)
    external.run("UPDATE clientes SET municipio = 'Tonalá', actualizado = '2026-02-02 08:00:00' WHERE id = 1")

    report = sync(external, now=LATER)
    assert (report.new, report.changed) == (0, 1)
    client = Client.objects.get(external_id="1")
    assert (client.city, client.availability) == ("Tonalá", Availability.TAKEN)
    assert (client.created_at, client.updated_at) == (NOW, LATER)
    assert Client.objects.get(external_id="2").updated_at == NOW


@pytest.mark.parametrize("availability", Availability)
def test_no_run_of_any_kind_touches_availability(external: ExternalBase, availability: Availability) -> None:
    external.add(1)
    external.add(2)
    sync(external)
    Client.objects.update(availability=availability)
    external.run("UPDATE clientes SET nombre = 'Otra', actualizado = '2026-02-02 08:00:00'")
    sync(external, now=LATER)
    external.run("DELETE FROM clientes WHERE id = 1")
    sync(external, now=LATER, full=True)
    external.add(1)
    sync(external, now=LATER, full=True)
    assert set(Client.objects.values_list("availability", flat=True)) == {availability.value}


def test_contacts_that_stay_keep_their_row(external: ExternalBase) -> None:
    external.add(1, contacts=[("celular", "3311223344", 1), ("casa", "3322334455", 0), ("casa", "3355667788", 0)])
    sync(external)
    before = dict(ContactPoint.objects.values_list("normalised", "pk"))
    external.run("DELETE FROM datos_contacto WHERE valor = '3322334455'")
    external.run("UPDATE datos_contacto SET valor = '+52 (33) 1122 3344', principal = 0 WHERE valor = '3311223344'")
    external.run("UPDATE datos_contacto SET principal = 1 WHERE valor = '3355667788'")
    external.run("INSERT INTO datos_contacto (cliente_id, tipo, valor, principal) VALUES (1, 'correo', 'a@b.mx', 0)")
    sync(external, full=True)
    after = {point.normalised: point for point in ContactPoint.objects.all()}
    assert set(after) == {"+523311223344", "+523355667788", "a@b.mx"}
    kept, risen = after["+523311223344"], after["+523355667788"]
    assert (kept.pk, kept.raw, kept.is_primary, kept.position) == (
        before["+523311223344"],
        "+52 (33) 1122 3344",
        False,
        1,
    )
    assert (risen.pk, risen.is_primary, risen.position) == (before["+523355667788"], True, 0)


def test_what_people_of_ours_added_stays_until_the_source_says_it_too(external: ExternalBase) -> None:
    external.add(1, contacts=[("celular", "33 2244 5566", 1)])
    sync(external)
    client, user = Client.objects.get(), UserFactory.create()
    added = {
        phone: ContactPointFactory.create(client=client, normalised=phone, position=9, added_by=user).pk
        for phone in ("+523311110000", "+523311110001")
    }
    external.run("UPDATE datos_contacto SET tipo = 'trabajo', valor = '33 1111 0001'")

    sync(external, full=True)

    rows = client.contacts.values_list("pk", "normalised", "label", "added_by")
    assert set(rows) == {
        (added["+523311110000"], "+523311110000", "celular", user.pk),
        (added["+523311110001"], "+523311110001", "trabajo", None),
    }


def test_a_row_that_was_only_touched_is_not_written(external: ExternalBase) -> None:
    external.add(1)
    sync(external)
    external.run("UPDATE clientes SET actualizado = '2026-02-20 08:00:00'")
    report = sync(external, now=LATER)
    assert (report.read, report.unchanged) == (1, 1)
    assert Client.objects.get().updated_at == NOW


# --- Moments ------------------------------------------------------------------------------------------------------------


def test_rows_of_one_moment_are_all_read_whatever_the_size_of_a_page(external: ExternalBase) -> None:
    for id_ in range(1, 26):
        external.add(id_, actualizado="2026-02-01 12:00:00")
    external.add(26, actualizado="2026-01-31 12:00:00")
    report = sync(external, batch=4)
    assert (report.read, report.new) == (26, 26)


def test_a_change_in_the_very_second_of_the_last_run_is_seen_by_the_next(external: ExternalBase) -> None:
    external.add(1, actualizado="2026-01-15 00:00:00")
    external.add(2, actualizado="2026-02-01 12:00:00")
    sync(external)
    # A smaller id than the one that was read last, at the same moment.
    external.run("UPDATE clientes SET nombre = 'Ana', actualizado = '2026-02-01 12:00:00' WHERE id = 1")
    assert sync(external, now=LATER).changed == 1
    assert Client.objects.get(external_id="1").name == "Ana"


def test_a_change_that_was_committed_late_is_seen_by_the_next_run(external: ExternalBase) -> None:
    external.add(1, actualizado="2026-02-01 12:00:00")
    sync(external)
    external.add(2, actualizado="2026-02-01 11:55:00")
    assert sync(external, now=LATER).new == 1


def test_only_what_changed_since_is_read(external: ExternalBase) -> None:
    external.fill(300)
    external.add(301)
    sync(external)
    external.add(302, actualizado="2026-02-03 12:00:00")
    report = sync(external, now=LATER)
    assert (report.read, report.new, report.unchanged) == (2, 1, 1)


def test_rows_that_change_while_they_are_read_end_up_as_they_are_last(external: ExternalBase) -> None:
    external.fill(120)
    meddled = iter(range(1, 8))

    def meddle(done: int, total: int) -> None:
        number = next(meddled, None)
        if number is None:
            return
        external.run(
            "UPDATE clientes SET nombre = ?, actualizado = ? WHERE id = ?",
            f"Cambiada {number}",
            f"2026-02-0{number} 10:00:00",
            number * 10,
        )
        external.run("DELETE FROM clientes WHERE id = ?", number * 10 + 1)

    sync(external, batch=15, progress=meddle)
    sync(external, now=LATER, full=True)
    followed = directory()
    SyncState.objects.all().delete()
    Client.objects.filter(gone_at__isnull=True).delete()
    gone = set(Client.objects.values_list("external_id", flat=True))
    Client.objects.all().delete()

    sync(external, now=LATER)
    assert directory() == {key: value for key, value in followed.items() if key not in gone}
    assert Client.objects.filter(name__startswith="Cambiada").count() == 7


def test_a_date_in_the_far_future_hides_no_change(external: ExternalBase) -> None:
    external.add(1)
    external.add(2, actualizado="2062-02-01 12:00:00")
    assert sync(external).ahead == 1
    external.run("UPDATE clientes SET nombre = 'Ana', actualizado = '2026-03-01 20:00:00' WHERE id = 1")
    assert sync(external, now=LATER).changed == 1


def test_rows_without_a_moment_are_read_every_time(external: ExternalBase) -> None:
    external.add(1)
    for id_ in range(2, 9):
        external.add(id_, actualizado=None)
    assert sync(external, batch=3).new == 8
    external.run("UPDATE clientes SET nombre = 'Ana' WHERE id = 5")
    report = sync(external, now=LATER, batch=3)
    assert (report.changed, report.undated) == (1, 7)
    assert Client.objects.get(external_id="5").name == "Ana"


def test_a_base_without_moments_is_read_whole(external: ExternalBase) -> None:
    external.fill(30)
    mapping = Mapping(updated_at="")
    assert sync(external, mapping=mapping, batch=7).new == 30
    external.run("UPDATE clientes SET nombre = 'Ana María' WHERE id = 5")
    report = sync(external, mapping=mapping, batch=7)
    assert (report.read, report.changed) == (30, 1)


@pytest.mark.parametrize(
    ("moments", "later"),
    [
        (["2026-02-01T12:00:00Z", "2026-02-01T12:30:00Z"], "2026-02-01T13:00:00Z"),
        (["2026-02-01T12:00:00.250-06:00", "2026-02-01T12:30:00.5-06:00"], "2026-02-01T13:00:00.1-06:00"),
        (["2026-02-01", "2026-02-02"], "2026-02-03"),
        ([1769968800, 1769970600], 1769972400),
        ([1769968800000, 1769970600000], 1769972400000),
    ],
)
def test_moments_in_other_writings_carry_the_cursor(
    external: ExternalBase, moments: list[object], later: object
) -> None:
    external.run("ALTER TABLE clientes RENAME COLUMN actualizado TO escrito")
    external.run("ALTER TABLE clientes ADD COLUMN actualizado")  # without a type: kept as given
    for id_, moment in enumerate(["2026-01-01", *moments], start=1):
        external.run("INSERT INTO clientes (id, actualizado) VALUES (?, ?)", id_, moment)
    external.run("DELETE FROM clientes WHERE id = 1")
    assert sync(external).new == 2
    assert not Client.objects.filter(external_updated_at__isnull=True).exists()
    external.run("INSERT INTO clientes (id, actualizado) VALUES (?, ?)", 9, later)
    report = sync(external, now=LATER)
    assert report.new == 1
    assert report.read <= 3


# --- Gone ---------------------------------------------------------------------------------------------------------------


def test_who_is_gone_is_closed_to_drawing_and_never_deleted(external: ExternalBase) -> None:
    external.fill(40)
    sync(external)
    Client.objects.filter(external_id="3").update(availability=Availability.TAKEN)
    external.run("DELETE FROM clientes WHERE id IN (3, 4)")

    assert sync(external, now=LATER).gone == 0  # only a full run looks
    report = sync(external, now=LATER, full=True, batch=7)
    assert (report.read, report.gone, report.unchanged) == (38, 2, 38)
    assert Client.objects.count() == 40
    assert dict(Client.objects.filter(gone_at=LATER).values_list("external_id", "availability")) == {
        "3": Availability.TAKEN,
        "4": Availability.FREE,
    }
    assert set(Client.objects.drawable().values_list("external_id", flat=True)).isdisjoint({"3", "4"})
    assert Client.objects.drawable().count() == 38
    assert sync(external, now=LATER, full=True).gone == 0


def test_who_comes_back_can_be_drawn_again(external: ExternalBase) -> None:
    external.add(1)
    external.add(2)
    sync(external)
    external.run("UPDATE clientes SET id = 99 WHERE id = 1")
    external.run("UPDATE datos_contacto SET cliente_id = 99 WHERE cliente_id = 1")
    sync(external, now=LATER, full=True)
    row = Client.objects.get(external_id="1")
    assert row.gone_at == LATER
    external.run("UPDATE clientes SET id = 1, actualizado = '2026-02-03 10:00:00' WHERE id = 99")
    external.run("UPDATE datos_contacto SET cliente_id = 1 WHERE cliente_id = 99")

    report = sync(external, now=LATER)
    assert (report.returned, report.new, report.changed) == (1, 0, 0)
    back = Client.objects.get(external_id="1")
    assert (back.pk, back.gone_at, back.availability) == (row.pk, None, Availability.FREE)


def test_an_empty_base_closes_nobody(external: ExternalBase) -> None:
    external.add(1)
    sync(external)
    external.run("DELETE FROM clientes")
    with pytest.raises(SyncError, match="está vacía") as refusal:
        sync(external, full=True)
    assert refusal.value.code == "empty"
    assert Client.objects.present().count() == 1


def test_other_sources_are_left_alone(external: ExternalBase) -> None:
    external.add(1)
    captured = Client.objects.create(
        source="captacion", external_id="+523311223344", name="Captada", created_at=NOW, updated_at=NOW
    )
    sync(external, full=True)
    captured.refresh_from_db()
    assert captured.gone_at is None
    assert Client.objects.count() == 2


# --- Cost ---------------------------------------------------------------------------------------------------------------


# Taking over, and remembering where the next run begins; the row of the source is made the first time.
_FIRST, _AGAIN, _END = 10, 7, 6
# Of a page: savepoint and release, whose turn it is, who is known, how far it brings us. Of one with new clients also
# the clients, their ids and their contacts.
_PAGE, _NEW_PAGE, _EMPTY_PAGE = 5, 9, 4


@pytest.mark.parametrize(("batch", "pages"), [(1_000, 1), (110, 3), (50, 5)])
def test_the_number_of_queries_does_not_grow_with_the_page(external: ExternalBase, batch: int, pages: int) -> None:
    external.fill(220)
    with CaptureQueriesContext(connection) as seen:
        assert sync(external, batch=batch).new == 220
    # Full pages can't know that they are the last ones: 220 rows are two pages of 110 and an empty one.
    empty = 1 if batch == 110 else 0
    assert len(seen) == _FIRST + _EMPTY_PAGE + (pages - empty) * _NEW_PAGE + empty * _EMPTY_PAGE + _END


def test_a_full_run_without_changes_asks_nothing_about_contacts(external: ExternalBase) -> None:
    external.fill(220)
    sync(external)
    with CaptureQueriesContext(connection) as seen:
        assert sync(external, full=True, batch=1_000).unchanged == 220
    count_ours, look_for_gone = 1, 5
    assert len(seen) == _AGAIN + count_ours + _PAGE + look_for_gone + _END


def test_no_page_sorts_what_it_does_not_read(external: ExternalBase) -> None:
    """Pages that sort the rest of the table make a run of millions take days."""
    external.fill(220)
    sync(external)
    with open_source(str(external.path), Mapping()) as source:
        for database, full in ((connection, True), (source._connection, True), (source._connection, False)):
            with CaptureQueriesContext(database) as seen:
                synchronise(source, name="externo", reading=READING, now=NOW, batch=50, full=full)
            paged = [query["sql"] for query in seen.captured_queries if "ORDER BY" in query["sql"]]
            assert len(paged) >= 2
            explain = "EXPLAIN QUERY PLAN" if database.vendor == "sqlite" else "EXPLAIN FORMAT=TRADITIONAL"
            with database.cursor() as cursor:
                for sql in paged:
                    cursor.execute(f"{explain} {sql.replace('%', '%%')}")
                    plan = str(cursor.fetchall())
                    assert "TEMP B-TREE" not in plan, sql
                    assert "filesort" not in plan, sql


def test_a_page_costs_the_source_two_queries(external: ExternalBase) -> None:
    external.fill(220)
    with open_source(str(external.path), Mapping()) as source:
        owner = source._connection
        with CaptureQueriesContext(owner) as seen:
            synchronise(source, name="externo", reading=READING, now=NOW, batch=50)
    count_two_walks, without_id, latest, nobody_undated, pages = 2, 2, 1, 1, 5
    assert len(seen) == count_two_walks + without_id + latest + nobody_undated + 2 * pages


def test_contacts_of_a_list_come_in_one_query(external: ExternalBase) -> None:
    external.fill(50)
    sync(external)
    with CaptureQueriesContext(connection) as seen:
        found = [[point.normalised for point in client.contacts.all()] for client in Client.objects.with_contacts()]
    assert len(seen) == 2
    assert sum(map(len, found)) == ContactPoint.objects.count()
