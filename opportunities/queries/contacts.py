"""How to reach a client with one thumb: numbers to call, chats that open with the stage's words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from urllib.parse import quote

from leadmaster.directory.enums import ContactKind
from leadmaster.directory.models import Suppression
from leadmaster.lib.phones.parsing import pretty
from opportunities.models import Opportunity, Promoter, Stage


@dataclasses.dataclass(frozen=True, kw_only=True)
class PhoneLine:
    """One phone. `chat` is empty for numbers that asked us not to write."""

    e164: str
    pretty: str
    label: str
    chat: str
    silenced: bool

    @property
    def call(self) -> str:
        return f"tel:{self.e164}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reach:
    """Phones and mails in the order in which to try them, and what the source wrote that is neither."""

    phones: tuple[PhoneLine, ...]
    mails: tuple[str, ...]
    unusable: tuple[str, ...]

    @property
    def first(self) -> PhoneLine | None:
        """The one to call: one that may be written to as well, if there is."""
        return next((line for line in self.phones if line.chat), self.phones[0] if self.phones else None)


def silenced_among(rows: Iterable[Opportunity]) -> set[str]:
    """Which of these rows' phones asked for silence. Their clients' contacts are there already; one query."""
    return Suppression.objects.among(
        point.normalised for row in rows for point in row.client.contacts.all() if point.normalised
    )


def reach(row: Opportunity, *, sender: Promoter | None, silenced: set[str]) -> Reach:
    """The client's contacts, which are there already. No query."""
    text = message(row, sender=sender)
    phones, mails, unusable = [], [], []
    for point in row.client.contacts.all():
        if not point.is_valid or not point.normalised:
            unusable.append(point.raw)
        elif point.kind == ContactKind.EMAIL:
            mails.append(point.normalised)
        else:
            phones.append(_line(point.normalised, point.label, text=text, silenced=point.normalised in silenced))
    return Reach(phones=tuple(phones), mails=tuple(mails), unusable=tuple(unusable))


def message(row: Opportunity, *, sender: Promoter | None) -> str:
    """The stage's message with this client's and this promoter's names; braces that mean nothing stay as written."""
    if row.stage is None:
        return ""
    who = (sender.user.first_name or str(sender)) if sender else ""
    return filled(row.stage, name=row.client.name or row.client.full_name, who=who)


def filled(stage: Stage, *, name: str, who: str) -> str:
    """A stage's message with these names."""
    return stage.message_template.replace("{nombre}", name).replace("{promotor}", who)


def _line(e164: str, label: str, *, text: str, silenced: bool) -> PhoneLine:
    chat = f"https://wa.me/{e164.removeprefix('+')}" + (f"?text={quote(text, safe='')}" if text else "")
    return PhoneLine(e164=e164, pretty=pretty(e164), label=label, chat="" if silenced else chat, silenced=silenced)
