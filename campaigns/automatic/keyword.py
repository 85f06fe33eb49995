"""They wrote one of the rule's words, whatever its case and accents, alone or among others."""

from __future__ import annotations

import re
import unicodedata
from typing import ClassVar

from campaigns.automatic.base import Moment
from campaigns.enums import AutomaticKind
from campaigns.models import AutomaticRule

# What is longer is a letter, and no press of a key.
_READ = 1_000


class Keyword:
    kind: ClassVar[AutomaticKind] = AutomaticKind.KEYWORD

    def applies(self, rule: AutomaticRule, moment: Moment) -> bool:
        text = f" {plain(moment.reply.text[:_READ])} "
        return any(f" {word} " in text for word in words_of(rule.keywords))


def words_of(keywords: str) -> list[str]:
    """One a line, as they are compared."""
    return [word for line in keywords.splitlines() if (word := plain(line))]


def plain(text: str) -> str:
    """Small letters and digits without accents, one space between words."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    return " ".join(re.findall(r"\w+", bare))
