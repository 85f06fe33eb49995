"""Before rows go to several people, or to one against whom something speaks: who gets how many, why not more, and what
speaks against it. The button does what was shown, row by row; another one works it out anew without what is doubtful."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadmaster.accounts.models import User
from opportunities.admin.decisions.receivers import spoken
from opportunities.enums import Concern
from opportunities.models import Promoter
from opportunities.scope import promoters_of
from opportunities.supervision import bulk, sharing
from opportunities.supervision.bulk import BulkReport
from opportunities.supervision.frozen import Seen, read, written
from opportunities.supervision.sharing import Share, Sharing

_REASONS_SHOWN: Final = 6


class SharingForm(forms.Form):
    """What the page carries: `shared` is what it showed, `leave_out` what was asked to stay, `toggle` what to turn over."""

    shared = forms.CharField(required=False, widget=forms.HiddenInput)
    leave_out = forms.CharField(required=False, widget=forms.HiddenInput)
    toggle = forms.CharField(required=False, widget=forms.HiddenInput)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Doubt:
    """One kind of thing that speaks against some: how many, or that they are left out already."""

    concern: Concern
    words: str
    left_out: bool


def reassign(
    request: HttpRequest,
    rows: Sequence[Seen],
    data: Mapping[str, Any],
    *,
    by: User,
    now: dt.datetime,
    page: Mapping[str, Any],
) -> BulkReport | HttpResponse:
    """Done when it was shown, or when there is nothing to show; else the page that shows it. `page` is for its template."""
    over = bool(data.get("over_quota"))
    if data["shared"] and not data["toggle"]:
        return bulk.hand_out(_read(data["shared"], by), by=by, now=now, reason=data["reason"], over_quota=over)
    left_out = _concerns(data["leave_out"]) ^ _concerns(data["toggle"])
    targets = list(promoters_of(by).filter(pk__in=data["receiver"]))
    shared = sharing.share(rows, targets, by=by, now=now, leave_out=left_out, over_quota=over)
    if shared.is_plain and not left_out:
        return bulk.hand_out(shared.given, by=by, now=now, reason=data["reason"], over_quota=over)
    return _shown(request, shared, rows, data, page)


def _shown(
    request: HttpRequest, shared: Sharing, rows: Sequence[Seen], data: Mapping[str, Any], page: Mapping[str, Any]
) -> HttpResponse:
    number = len(shared.given)
    over = [("over_quota", "on")] if data.get("over_quota") else []
    context = {
        **page,
        "title": _("Reasignar: así se reparten"),
        "number": number,
        "shares": [(share, spoken(share.concerns)) for share in shared.shares],
        "doubts": _doubts(shared),
        "kept": Counter(shared.kept.values()).most_common(_REASONS_SHOWN),
        "kept_number": len(shared.kept),
        "carried": [
            ("ids", written(rows)),
            *(("receiver", share.promoter.pk) for share in shared.shares),
            *over,
            ("reason", data["reason"]),
            ("leave_out", ",".join(sorted(shared.left_out))),
            ("shared", _written(shared.shares)),
        ],
        "button": ngettext("Reasignar %(n)d", "Reasignar %(n)d", number) % {"n": number},
    }
    return TemplateResponse(request, "admin/opportunities/sharing.html", context)


def _doubts(shared: Sharing) -> list[Doubt]:
    """Each with its number, in the order in which the enum tells them; those left out so that they can be taken in again."""
    found = []
    for concern in Concern:
        number = shared.of_concern(concern)
        if concern in shared.left_out:
            found.append(Doubt(concern=concern, words=str(concern.label), left_out=True))
        elif number:
            found.append(Doubt(concern=concern, words=spoken({concern: number}), left_out=False))
    return found


def _concerns(text: str) -> frozenset[Concern]:
    return frozenset(Concern(one) for one in text.split(",") if one in Concern.values)


# --- What was shown, as text --------------------------------------------------------------------------------------------


def _written(shares: Sequence[Share]) -> str:
    """`12=7:3,9:1;14=11:2`: each receiver's rows at their versions."""
    return ";".join(f"{share.promoter.pk}={written(share.rows)}" for share in shares if share.rows)


def _read(text: str, by: User) -> dict[Seen, Promoter]:
    """Anybody may have written it: receivers are this person's, and each row is decided again under its lock."""
    parts = dict(part.partition("=")[::2] for part in text.split(";"))
    people = promoters_of(by).in_bulk([int(pk) for pk in parts if pk.isascii() and pk.isdigit() and len(pk) < 19])
    return {
        row: people[int(pk)]
        for pk, rows in parts.items()
        if pk.isascii() and pk.isdigit() and int(pk) in people
        for row in read(rows)
        if row.version is not None
    }
