"""Numbers as the old tables have them: digits, sometimes with WhatsApp's own ending."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Iterable

from leadmaster.legacy import values
from leadmaster.lib.phones.dialling import BY_CODE, HOME
from leadmaster.lib.phones.parsing import InvalidPhone, Reason, normalise
from whatsapp.models import Region

_SUFFIX = re.compile(r"@(c\.us|s\.whatsapp\.net)$")
# As long as a number with its country may be.
_SHORTEST, _LONGEST = 8, 15
# So many digits at the end tell two people apart, however the beginning is written.
_TELLING = 10


@dataclasses.dataclass(frozen=True)
class OldPhone:
    """`e164` is what is kept; empty when there is no number at all. `doubt` says what is wrong with it."""

    e164: str
    doubt: str = ""
    hopeless: bool = False


def read(raw: str | None, region: str) -> OldPhone:
    """A number that the country's plan does not know stays as it was: messages went out to it all the same."""
    plain = _SUFFIX.sub("", values.text(raw))
    if not plain:
        return OldPhone("")
    found = normalise(plain, region)
    if not isinstance(found, InvalidPhone):
        return OldPhone(found.e164)
    digits = re.sub(r"\D", "", plain)
    hopeless = found.reason is not Reason.UNKNOWN_NUMBER or not _SHORTEST <= len(digits) <= _LONGEST
    return OldPhone(f"+{digits}"[:20] if digits else "", str(found.sentence), hopeless)


def telling_digits(raw: str | None) -> str:
    """What two writings of one number have in common."""
    return re.sub(r"\D", "", _SUFFIX.sub("", values.text(raw)))[-_TELLING:]


def region_of(raws: Iterable[str | None], *, default: Region) -> Region:
    """The country whose code most of these begin with."""
    seen: collections.Counter[Region] = collections.Counter()
    for raw in raws:
        digits = re.sub(r"\D", "", values.text(raw))
        if len(digits) > _TELLING and digits[:2] in BY_CODE:
            seen[_REGIONS[digits[:2]]] += 1
    return seen.most_common(1)[0][0] if seen else default


_REGIONS = {country.code: Region(region) for region, country in HOME.items()}
