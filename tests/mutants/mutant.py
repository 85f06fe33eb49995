"""One guard taken out of the code."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Mutant:
    """`old` stands once in `path`; with `new` in its place one of `tests` has to fail."""

    name: str
    path: str
    old: str
    new: str
    tests: str
    mariadb: bool = dataclasses.field(default=False, kw_only=True)

    def applied(self, source: str) -> str:
        """The source with the guard taken out. Raises ValueError when the code no longer reads so."""
        if source.count(self.old) != 1:
            raise ValueError(f"{self.path} no longer holds once: {self.old!r}")
        return source.replace(self.old, self.new)
