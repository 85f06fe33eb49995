"""A campaign's recipients from the directory: a selection by facets, walked in pages, with flat memory."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _

from campaigns.audience.batches import BATCH
from campaigns.audience.clients import AddReport, People, add_clients, read_fields
from campaigns.audience.errors import AudienceError
from campaigns.audience.import_loop import Progress
from campaigns.audience.import_record import close_record
from campaigns.audience.plan import check_editable
from campaigns.errors import NotAllowed, Refused
from campaigns.models import Campaign, RecipientImport
from campaigns.policy import Act, require
from leadmaster.accounts.models import User
from leadmaster.directory.enums import Availability
from leadmaster.directory.facets import FACETS, Facets
from leadmaster.directory.models import Client

# Who may look at the whole directory: supervisors and administrators.
READ_DIRECTORY: Final = "directory.view_client"
# Whom a campaign may write to without stepping on anybody's work.
NOBODYS: Final = (Availability.FREE, Availability.POOL)
_KEY: Final = "directory"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Selection:
    """Present clients with these facets that stand so on the desk; `limit` bounds how many are added, None does not.

    Without being told otherwise it leaves alone whom somebody is working, and whose business is closed.
    """

    facets: Facets = dataclasses.field(default_factory=Facets)
    availability: tuple[Availability, ...] = NOBODYS
    limit: int | None = None

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Selection:
        """From a form, a program or a record. Raises AudienceError for what makes no sense."""
        unknown = sorted(set(raw) - {*FACETS, "availability", "limit"})
        if unknown:
            raise AudienceError("selection", _("No se puede elegir por %(names)s.") % {"names": ", ".join(unknown)})
        facets = Facets(**{name: str(raw.get(name) or "").strip() for name in FACETS})
        if facets.city and not facets.province:
            raise AudienceError("selection", _("Elige también la provincia de la ciudad."))
        return cls(facets=facets, availability=_availability(raw), limit=_limit(raw.get("limit")))

    def as_json(self) -> dict[str, Any]:
        return {
            **self.facets.as_dict(),
            "availability": [str(value) for value in self.availability],
            "limit": self.limit,
        }

    @property
    def title(self) -> str:
        """What people call it."""
        chosen = list(self.facets.as_dict().values()) or [_("todos")]
        return _("Directorio: %(what)s") % {"what": " · ".join(chosen)}


def add_from_directory(
    campaign: Campaign,
    selection: Selection,
    *,
    by: User | None,
    now: dt.datetime,
    dry_run: bool = False,
    progress: Progress | None = None,
    report_path: Path | None = None,
) -> AddReport:
    """Add the clients of a selection. Again, it adds those who are new.

    Raises NotAllowed (promoters write to their own opportunities) or AudienceError; nothing is written then.
    """
    require_directory(by)
    people = _people(selection)
    return add_clients(campaign, people, by=by, now=now, dry_run=dry_run, progress=progress, report_path=report_path)


def queue_selection(campaign: Campaign, selection: Selection, *, by: User, now: dt.datetime) -> RecipientImport:
    """The same for more clients than a web request waits for: written down, and added in the background."""
    require_directory(by)
    require(by, Act.IMPORT, campaign)
    check_editable(campaign)
    return RecipientImport.objects.create(
        campaign=campaign,
        by=by,
        file_name=selection.title[:255],
        mapping=_people(selection).mapping,
        state=RecipientImport.State.QUEUED,
        started_at=now,
    )


def is_from_directory(record: RecipientImport) -> bool:
    return _KEY in record.mapping


def run_selection(record: RecipientImport, *, now: dt.datetime) -> AddReport:
    """Add what was written down by `queue_selection`. A refusal is written on the record as well as raised."""
    try:
        require_directory(record.by)
        people = _people(Selection.of(record.mapping[_KEY]))
        return add_clients(record.campaign, people, by=record.by, now=now, record=record)
    except Refused as refusal:
        close_record(record, state=RecipientImport.State.FAILED, now=now, error=str(refusal))
        raise


def require_directory(by: User | None) -> None:
    """Raise NotAllowed unless this person may write to anybody in the directory. `None` is the system itself."""
    if by is not None and not (by.is_active and by.has_perm(READ_DIRECTORY)):
        raise NotAllowed(
            _("El directorio es de los supervisores. Para escribir a tus clientes, elígelos de tus oportunidades.")
        )


# --- Walking ----------------------------------------------------------------------------------------------------------


def _people(selection: Selection) -> People:
    def excluded(ids: Collection[int]) -> dict[int, str]:
        """A walk takes minutes: whom somebody began to work meanwhile is theirs."""
        still = Client.objects.filter(id__in=ids, availability__in=selection.availability).values_list("id", flat=True)
        gone = set(ids).difference(still)
        return dict.fromkeys(gone, _("Cambió de manos mientras se agregaba.")) if gone else {}

    return People(
        pages=_pages(selection),
        title=selection.title,
        mapping={_KEY: selection.as_json()},
        excluded=excluded,
        limit=selection.limit,
    )


def _pages(selection: Selection) -> Iterator[Sequence[Client]]:
    """Keyset pages in the order of the index that carries the facets."""
    for availability in selection.availability:
        rows = Client.objects.filter(selection.facets.condition(), availability=availability).present()
        rows = rows.order_by("shard", "id").only(*read_fields())
        # The first page has a place too: without one MariaDB would read the whole facet and sort it.
        after = _after(0, 0)
        while page := list(rows.filter(after)[:BATCH]):
            yield page
            after = _after(page[-1].shard, page[-1].pk)


def _after(shard: int, client_id: int) -> Q:
    return Q(shard__gte=shard) & (Q(shard__gt=shard) | Q(id__gt=client_id))


def _availability(raw: Mapping[str, Any]) -> tuple[Availability, ...]:
    given = raw.get("availability")
    if given is None:
        return NOBODYS
    try:
        chosen = tuple(dict.fromkeys(Availability(value) for value in given))
    except ValueError as error:
        raise AudienceError("selection", _("Esa disponibilidad no existe.")) from error
    if not chosen:
        raise AudienceError("selection", _("Elige al menos un grupo de clientes: libres, del pool…"))
    return chosen


def _limit(value: Any) -> int | None:
    if value in (None, ""):
        return None
    try:
        limit = int(value)
    except (TypeError, ValueError) as error:
        raise AudienceError("selection", _("El máximo es un número desde 1.")) from error
    if limit < 1:
        raise AudienceError("selection", _("El máximo es un número desde 1."))
    return limit
