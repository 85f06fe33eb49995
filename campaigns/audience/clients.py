"""Clients of the directory as recipients: whom to write to, at which of their numbers, and what the message may say."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _

from campaigns.audience.batches import Row
from campaigns.audience.cells import MAX_NAME
from campaigns.audience.import_loop import Job, Progress, run_job
from campaigns.audience.import_record import adopt_record, open_record
from campaigns.audience.plan import check_editable, fillable_template
from campaigns.audience.rows import BadRow, Person
from campaigns.models import Campaign, Envio, RecipientImport
from campaigns.policy import Act, require
from campaigns.rendering import NAME_FIELDS
from leadmaster.accounts.models import User
from leadmaster.directory.models import Client, ContactPoint, Suppression
from leadmaster.lib.amounts import decimal_sign
from leadmaster.lib.db.retry import retrying

# What a message may say of a client besides the name.
CLIENT_FIELDS: Final = (
    "apellidos",
    "convenio",
    "provincia",
    "ciudad",
    "tipo_de_cliente",
    "capacidad",
    "fecha_de_alta",
)
_READ: Final = (
    "name", "last_names", "agreement", "province", "city", "client_type", "capacity", "registered_on", "shard",
)  # fmt: skip

# Asked while the rows are written: which of these clients have to stay out after all, with the sentence why.
Excluded = Callable[[Collection[int]], Mapping[int, str]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class AddReport:
    """What became of the clients. `reasons` counts the left-out ones by stable code; no `import_id` on a dry run."""

    campaign_id: int
    import_id: int | None
    dry_run: bool
    rows: int
    accepted: int
    duplicates: int
    invalid: int
    opted_out: int
    already_there: int
    reasons: dict[str, int]


@dataclasses.dataclass(frozen=True, kw_only=True)
class People:
    """Clients to add: page by page, each page one batch. `title` says where they are from, `mapping` how to find them
    again. `excluded` is asked in the transaction that writes them."""

    pages: Iterable[Sequence[Client]]
    title: str
    mapping: Mapping[str, Any]
    excluded: Excluded
    limit: int | None = None


def read_fields() -> tuple[str, ...]:
    """The columns of a client that `add_clients` reads, for `only()`."""
    return _READ


def add_clients(
    campaign: Campaign,
    people: People,
    *,
    by: User | None,
    now: dt.datetime,
    dry_run: bool = False,
    record: RecipientImport | None = None,
    progress: Progress | None = None,
    report_path: Path | None = None,
) -> AddReport:
    """Add these clients to a campaign that is still being prepared; whoever is there already stays as is.

    Everything that a file's rows go through: one line of report per client, opted-out and repeated people left out and
    counted, the text frozen. A client of whom any number asked for silence is left out, and one that is in the campaign
    by any number is there already. `record` is an import that was written down before it could run.
    Raises AudienceError or NotAllowed before anything is written; a dry run writes nothing at all.
    """
    campaign.refresh_from_db()
    require(by, Act.IMPORT, campaign)
    check_editable(campaign)
    template = fillable_template(campaign, [*NAME_FIELDS, *CLIENT_FIELDS])
    if not dry_run:
        record = _written_down(campaign, people, record=record, by=by, now=now)
    reader = _Reader(campaign)
    job = Job(
        campaign=campaign,
        template=template,
        batches=reader.batches(people.pages),
        total=people.limit or 0,
        record=record,
        now=now,
        limit=people.limit,
        stay_out=lambda persons: reader.excluded_rows(persons, people.excluded),
    )
    tally = run_job(job, progress=progress, report_path=report_path)
    return AddReport(
        campaign_id=campaign.pk,
        import_id=record.pk if record else None,
        dry_run=dry_run,
        **tally.as_fields(),
        reasons=dict(tally.reasons),
    )


def _written_down(
    campaign: Campaign, people: People, *, record: RecipientImport | None, by: User | None, now: dt.datetime
) -> RecipientImport:
    if record is None:
        return retrying(
            lambda: open_record(
                campaign, fields=CLIENT_FIELDS, mapping=people.mapping, title=people.title, by=by, now=now
            )
        )
    retrying(lambda: adopt_record(record, fields=CLIENT_FIELDS, mapping=people.mapping, now=now))
    return record


# --- From clients to rows ---------------------------------------------------------------------------------------------


class _Number(NamedTuple):
    phone: str
    raw: str


class _Reader:
    """Turns pages of clients into batches of rows. Remembers which client each row of the last batch is."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._region = campaign.session.region
        self._client_of: dict[int, int] = {}

    def batches(self, pages: Iterable[Sequence[Client]]) -> Iterator[list[Row]]:
        """A few queries per page, whatever its size. Rows count from 1 through all pages."""
        row = 0
        for page in pages:
            numbers = _numbers_of(page)
            preferred = self._telling([number.phone for of_one in numbers.values() for number in of_one])
            batch: list[Row] = []
            self._client_of = {}
            for client in page:
                row += 1
                self._client_of[row] = client.pk
                batch.append(self._row(row, client, numbers.get(client.pk, ()), preferred))
            yield batch

    def excluded_rows(self, persons: Sequence[Person], excluded: Excluded) -> dict[int, str]:
        """What `excluded` says of these persons' clients, by row."""
        sentences = excluded([self._client_of[person.row] for person in persons])
        rows = ((person.row, self._client_of[person.row]) for person in persons)
        return {row: sentences[client] for row, client in rows if client in sentences}

    def _telling(self, phones: Collection[str]) -> Sequence[set[str]]:
        """The numbers that say something about their client: those that asked for silence, those that are here."""
        here = Envio.objects.filter(campaign=self._campaign, phone__in=phones).values_list("phone", flat=True)
        return Suppression.objects.among(phones), set(here)

    def _row(self, row: int, client: Client, numbers: Sequence[_Number], telling: Sequence[set[str]]) -> Row:
        name = name_of(client)
        if not numbers:
            sentence = _("No tiene ningún teléfono válido en el directorio.")
            return BadRow(row=row, raw_phone="", name=name, code="no_phone", sentence=sentence)
        found = (number for phones in telling for number in numbers if number.phone in phones)
        number = next(found, numbers[0])
        values = values_of_client(client, region=self._region)
        return Person(row=row, raw_phone=number.raw, phone=number.phone, name=name, values=values)


def name_of(client: Client) -> str:
    """What a message calls them."""
    return (client.name or client.last_names)[:MAX_NAME]


def values_of_client(client: Client, *, region: str) -> dict[str, str]:
    """Only what is known: the message says what to put in the place of the rest, or the client is left out."""
    values = {
        "apellidos": client.last_names,
        "convenio": client.agreement,
        "provincia": client.province,
        "ciudad": client.city,
        "tipo_de_cliente": client.client_type,
        "capacidad": _amount(client.capacity, decimal_sign(region)),
        "fecha_de_alta": client.registered_on.strftime("%d/%m/%Y") if client.registered_on else "",
    }
    return {field: value for field, value in values.items() if value}


def _numbers_of(page: Sequence[Client]) -> dict[int, list[_Number]]:
    """The valid phones of each client, the one to write to first."""
    contacts = ContactPoint.objects.filter(
        client__in=[client.pk for client in page], kind=ContactPoint.Kind.PHONE, is_valid=True
    ).order_by("client", "-is_primary", "position", "id")
    numbers: dict[int, list[_Number]] = collections.defaultdict(list)
    for client, phone, raw in contacts.values_list("client", "normalised", "raw"):
        numbers[client].append(_Number(phone, raw))
    return numbers


def first_phones(clients: Sequence[Client]) -> dict[int, str]:
    """The valid phone of each client that is written to first, by the client's id."""
    return {client: numbers[0].phone for client, numbers in _numbers_of(clients).items()}


def _amount(value: decimal.Decimal | None, sign: str) -> str:
    """`12.500` or `1.250,75`, as people of the region write it."""
    if value is None:
        return ""
    text = f"{value:,.2f}".removesuffix(".00")
    return text if sign == "." else text.translate(str.maketrans(",.", ".,"))
