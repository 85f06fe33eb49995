"""Every address and every admin action × nine people, by GET and by POST.

The addresses are read from the URL conf itself, so nobody adds a page without saying in `permission_table` who comes in.
Whoever is kept out changes nothing: the tables are summed up before and after.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.cache import cache
from django.db import connection, models, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLResolver, get_resolver
from django.utils import timezone

from leadmaster.accounts.models import ApiToken, User
from leadmaster.accounts.roles import Role
from opportunities.models import SavedFilter
from tests.factories.accounts import UserFactory, token_of
from tests.factories.campaigns import (
    AutomaticAnswerFactory,
    CampaignFactory,
    EnvioFactory,
    RecipientImportFactory,
    ScheduleFactory,
)
from tests.factories.directory import SuppressionFactory
from tests.factories.ops import AlertFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.api import world as worlds
from tests.opportunities.api.world import hear
from tests.permission_table import TABLE

# One letter each, in the order of the table's words.
PEOPLE = {
    "n": "nobody who logged in",
    "o": "the promoter whose rows they are",
    "t": "that promoter's program, by API token",
    "c": "a colleague of the team",
    "x": "a promoter of another team",
    "b": "the team's supervisor",
    "y": "another team's supervisor",
    "a": "an administrator",
    "d": "a supervisor of the team who was sent away",
}
_OURS = ("accounts", "calendars", "directory", "ops", "whatsapp", "campaigns", "opportunities")
# Books that are kept of requests themselves.
_BOOKS = {"ops_idempotentrequest"}
_NOWHERE = "http://127.0.0.1:1"
_BY_NAME = {
    "opportunity_id": "opportunities.Opportunity",
    "stage_id": "opportunities.Stage",
    "lot_id": "opportunities.Lot",
    "attempt_id": "opportunities.ContactAttempt",
    "reminder_id": "opportunities.Reminder",
    "filter_id": "opportunities.SavedFilter",
    "conversation_id": "campaigns.Conversation",
    "campaign_id": "campaigns.Campaign",
    "record": "campaigns.RecipientImport",
    "record_id": "campaigns.RecipientImport",
    "schedule": "campaigns.Schedule",
    "session_id": "whatsapp.WhatsAppSession",
}
_FIXED = {
    "code": "todos",
    "verb": "launch",
    "gateway": "session_manager",
    "tenant_id": "51",
    "app_label": "campaigns",
    "url": "x",
}
_MODELS = {
    "campaigns": "campaigns.Campaign",
    "sessions": "whatsapp.WhatsAppSession",
    "schedules": "campaigns.Schedule",
    "imports": "campaigns.RecipientImport",
    "envios": "campaigns.Envio",
    "conversations": "campaigns.Conversation",
    "automatic-rules": "campaigns.AutomaticRule",
    "automatic-answers": "campaigns.AutomaticAnswer",
    "suppressions": "directory.Suppression",
    "bulk-actions": "opportunities.BulkAction",
    "quotas": "opportunities.DailyQuota",
    "desks": "opportunities.Desk",
    "stage-routes": "opportunities.StageRoute",
    "calendars": "calendars.OperatingCalendar",
    "holidays": "calendars.Holiday",
    "clients": "directory.Client",
    "syncs": "directory.SyncState",
    "opportunities": "opportunities.Opportunity",
    "lots": "opportunities.Lot",
    "contacts": "opportunities.ContactAttempt",
    "reminders": "opportunities.Reminder",
    "people": "accounts.User",
    "promoters": "opportunities.Promoter",
    "absences": "opportunities.Absence",
    "stages": "opportunities.Stage",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Address:
    """`route` as the table writes it; `data` is what its POST carries."""

    route: str
    data: tuple[tuple[str, str], ...] = ()


def addresses() -> list[Address]:
    found = [
        Address(route=re.sub(r"\^|\$|\(\?P<pk>[^)]*\)", lambda m: "<pk>" if "pk" in m[0] else "", route))
        for route in _routes(get_resolver().url_patterns)
    ]
    return [*dict.fromkeys(found), *_actions()]


def _routes(patterns: list[Any], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route


def _actions() -> Iterator[Address]:
    for model, model_admin in admin.site._registry.items():
        for _function, name, _description in model_admin._get_base_actions():  # type: ignore[attr-defined]  # untyped
            where = f"admin/{model._meta.app_label}/{model._meta.model_name}/"
            yield Address(route=f"{where} {name}", data=(("action", name),))


def path_of(address: Address) -> str:
    """The route with rows of the promoter's in its places."""
    route = address.route.partition(" ")[0]

    def row(match: re.Match[str]) -> str:
        name = match[0].strip("<>").rpartition(":")[2]
        if name in _FIXED:
            return _FIXED[name]
        label = _BY_NAME.get(name)
        if label is None and route.startswith("admin/"):
            app, model = route.split("/")[1:3]
            label = f"{app}.{model}" if app in _OURS else "accounts.User"
        if label is None:
            label = _MODELS[route.split("/")[2]]
        return str(row_of(apps.get_model(label)))

    return "/" + re.sub(r"<[^>]+>", row, route).replace(".*", "unknown")


def row_of(model: type[models.Model]) -> int:
    first = model._base_manager.order_by("pk").values_list("pk", flat=True).first()
    return int(first or 0) if isinstance(first, int | None) else 0


def build() -> dict[str, Client]:
    """One row of everything that the promoter has, and everybody who might look at it."""
    world = worlds.build()
    # With a secret: callbacks to a line that has none raise an alert, and are meant to.
    line = WhatsAppSessionFactory.create(
        owner=world.owner, team=world.team, base_url=_NOWHERE, tenant_id="51", webhook_secret="firma"
    )
    campaign = CampaignFactory.create(owner=world.owner, team=world.team, session=line)
    EnvioFactory.create(campaign=campaign)
    ScheduleFactory.create(campaign=campaign)
    RecipientImportFactory.create(campaign=campaign)
    hear(line)
    AutomaticAnswerFactory.create(rule__team=world.team, session=line)
    SavedFilter.objects.create(user=world.owner, name="Ana", search="Ana", created_at=timezone.now())
    SuppressionFactory.create()
    AlertFactory.create()
    for make in (
        world.reminder,
        world.exit,
        world.pooled,
        world.lot,
        world.quota,
        world.bulk_action,
        world.holiday,
        world.sync,
    ):
        make()
    world.absence(days=30)
    gone = UserFactory.create(role=Role.SUPERVISOR)
    world.team.supervisors.add(gone)
    clients = {
        letter: _browser(person)
        for letter, person in {
            "n": None, "o": world.owner, "c": world.colleague, "x": world.outsider, "b": world.boss,
            "y": world.other_boss, "a": world.admin, "d": gone,
        }.items()
    }  # fmt: skip
    clients["t"] = Client(headers={"Authorization": f"Token {token_of(world.owner)}"}, raise_request_exception=False)
    # Each first use within the hour is noted, which is nobody's change.
    ApiToken.objects.update(last_used_at=timezone.now())
    User.objects.filter(pk=gone.pk).update(is_active=False)
    return clients


def _browser(person: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if person is not None:
        client.force_login(person, backend="leadmaster.accounts.backends.PersonBackend")
    return client


def comes_in(answer: Any) -> bool:
    """Neither refused, nor sent to the door, nor told that there is no such thing. What the page then says is its own."""
    if answer.status_code in {401, 403, 404, 405}:
        return False
    return "/login/" not in answer.headers.get("Location", "")


def ask(client: Client, address: Address, method: str) -> bool:
    """Whether this person comes in. Each time as after their log-in: some addresses end it."""
    kept = copy.deepcopy(client.cookies)
    try:
        return _ask(client, address, path_of(address), method)
    finally:
        client.cookies = kept


def _ask(client: Client, address: Address, path: str, method: str) -> bool:
    if method == "GET":
        return comes_in(client.get(path))
    if path.startswith("/api/"):
        return comes_in(client.post(path, {}, content_type="application/json"))
    chosen = {}
    if address.data:
        app, model = address.route.split("/")[1:3]
        chosen = {"_selected_action": str(row_of(apps.get_model(app, model)))}
    return comes_in(client.post(path, {**dict(address.data), **chosen}))


def sums() -> str:
    """Every row of every table of ours, as one number."""
    summed = hashlib.sha256()
    for model in apps.get_models():
        if model._meta.app_label in _OURS and model._meta.db_table not in _BOOKS and not model._meta.proxy:
            summed.update(repr(list(model._base_manager.order_by("pk").values_list())).encode())
    return summed.hexdigest()


# Without any of them, summing up would tell nothing new.
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


# --- The table --------------------------------------------------------------------------------------------------------

# Each a test of its own, the longest first.
_ROOMS = (*(f"admin/{app}/" for app in _OURS), "admin/", "api/", "")


def _room(address: Address) -> str:
    return next(room for room in _ROOMS if address.route.startswith(room))


def test_every_address_says_who_comes_in() -> None:
    known = {address.route for address in addresses()}

    new, gone = sorted(known - set(TABLE)), sorted(set(TABLE) - known)
    assert not new, f"Say who comes in to {new} in tests/permission_table.py: letters for GET and for POST."
    assert not gone, f"{gone} is no address any more: take it out of tests/permission_table.py."


@pytest.mark.django_db
@pytest.mark.parametrize("room", _ROOMS, ids=lambda room: room or "web")
def test_who_is_kept_out_is_kept_out_and_changes_nothing(room: str) -> None:
    clients = build()
    untouched, wrong = sums(), []
    for address in addresses():
        if _room(address) != room:
            continue
        get, post = TABLE[address.route]
        cache.clear()
        if not address.data:
            wrong += [f"GET {address.route}: {letter}" for letter in _surprises(clients, address, "GET", get, PEOPLE)]
        kept_out = [letter for letter in PEOPLE if letter not in post]
        with transaction.atomic():
            with CaptureQueriesContext(connection) as ran:
                came_in = [letter for letter in kept_out if ask(clients[letter], address, "POST")]
            wrote = any(query["sql"].startswith(_WRITES) for query in ran)
            if came_in or (wrote and sums() != untouched):
                wrong.append(f"POST {address.route}: {came_in or kept_out} changed something")
            transaction.set_rollback(True)
        wrong += [f"POST {address.route}: {letter}" for letter in _surprises(clients, address, "POST", post, post[:1])]
    assert wrong == [], "\n".join(wrong)


def _surprises(
    clients: dict[str, Client], address: Address, method: str, expected: str, who: Iterable[str]
) -> list[str]:
    """Of `who`, whoever comes in and should not, or the other way round. What they did is taken back."""
    found = []
    for letter in who:
        with transaction.atomic():
            if ask(clients[letter], address, method) is not (letter in expected):
                found.append(letter)
            transaction.set_rollback(True)
    return found
