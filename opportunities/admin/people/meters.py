"""How much of an allowance is used, as a bar with its numbers."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from leadmaster.lib import screens
from leadmaster.lib.screens import Tone
from opportunities.capacity.usage import Usage
from opportunities.enums import QuotaKind
from opportunities.models import QuotaEntry

# From here on a bar warns.
_NEARLY = 0.9

KIND_TONE: dict[str, Tone] = {
    QuotaKind.GRANT: "info",
    QuotaKind.REFUND: "good",
    QuotaKind.REASSIGNED_IN: "warn",
    QuotaKind.UNDO: "neutral",
    QuotaKind.LIMIT: "bad",
}


def meter(used: int, limit: int, label: str) -> SafeString:
    """`12 / 30` under its bar: full is red, nearly full amber."""
    percent = min(100.0, used * 100 / limit) if limit else 100.0
    share = used / limit if limit else 1.0
    fill = "error" if share >= 1 else "uncertain" if share >= _NEARLY else "brand"
    return format_html(
        '<span class="lm-advance"><svg class="lm-bar" role="img" aria-label="{}: {} / {}">'
        '<rect class="lm-fill-{}" width="{}%" height="100%"/></svg><small>{} / {}</small></span>',
        label,
        used,
        limit,
        fill,
        f"{percent:.2f}",
        used,
        limit,
    )


def standing(usage: Usage) -> SafeString:
    """Whether new work comes to this promoter today."""
    if not usage.promoter.user.is_active:
        return screens.badge(_("Desactivado"), "bad")
    if usage.absence is not None:
        return screens.badge(_("Ausente hasta el %(day)s") % {"day": f"{usage.absence.ends_on:%d/%m}"}, "warn")
    if not usage.promoter.available:
        return screens.badge(_("No recibe"), "bad")
    if not usage.left:
        return screens.badge(_("Sin cupo"), "neutral")
    return screens.badge(_("Recibe"), "good")


def signed(entry: QuotaEntry) -> str:
    return f"{entry.amount:+d}"


def kind_badge(entry: QuotaEntry) -> SafeString:
    return screens.badge(entry.get_kind_display(), KIND_TONE[entry.kind])


def ledger(entries: Iterable[QuotaEntry]) -> list[tuple[QuotaEntry, SafeString, str]]:
    """Lines with their concept and their signed amount."""
    return [(entry, kind_badge(entry), signed(entry)) for entry in entries]
