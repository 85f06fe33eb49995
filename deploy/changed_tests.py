#!/usr/bin/env python3
"""Which test files a change is nearest to, nearest first, one a line.

    deploy/changed_tests.py [BASE]

compares the working tree with where it left BASE (main, or origin/main). In this order, each by name:

1. the tests that changed, and the test of each changed module's own name (`state/machine.py`: `state/test_machine.py`);
2. the tests of its room (`tests/opportunities/state`), and those that import it;
3. the tests, and the tests of the rooms, of the modules that import it.

A changed module of `tests` brings the tests that use it. Pages' templates bring their app's pages, everything else
(docs, Makefile, deploy) the tests of the repository itself. Chromium, chaos and the crashes in `tests/faults` come last.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("leadmaster", "whatsapp", "campaigns", "opportunities", "tests")
APPS = ("leadmaster", "whatsapp", "campaigns", "opportunities")
REPOSITORY = tuple(f"tests/test_{name}.py" for name in ("project", "docs", "deploy", "faults_page", "databases"))
SLOW = ("tests/faults", "tests/browser", "tests/chaos")


def nearest(changed: Iterable[str], root: Path = ROOT) -> list[str]:
    """Test files for these changed files, all named from the root, nearest first."""
    return _Map(root).nearest(sorted(changed))


def changed_files(base: str) -> list[str]:
    """What differs from where this branch left `base`, with what is not committed or not yet known to git."""
    left = _git("merge-base", "HEAD", base).strip()
    differing = _git("diff", "--name-only", "--no-renames", left).splitlines()
    return sorted({*differing, *_git("ls-files", "--others", "--exclude-standard").splitlines()})


class _Map:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.modules = {
            _module(file): file
            for package in PACKAGES
            for path in sorted((root / package).rglob("*.py"))
            if "migrations" not in path.parts
            for file in [PurePosixPath(path.relative_to(root))]
        }
        self.importers: dict[str, set[str]] = defaultdict(set)
        for module, file in self.modules.items():
            for name in _imports(root / file):
                if name in self.modules and name != module:
                    self.importers[name].add(module)

    def nearest(self, changed: list[str]) -> list[str]:
        ranks: dict[str, int] = {}

        def add(rank: int, files: Iterable[PurePosixPath]) -> None:
            for file in files:
                if file.name.startswith("test_") and (self.root / file).is_file():
                    ranks[str(file)] = min(rank, ranks.get(str(file), rank))

        for name in changed:
            file = PurePosixPath(name)
            if file.suffix != ".py" or file.parts[0] not in PACKAGES:
                add(1, self._beside(file))
            elif file.parts[0] == "tests":
                add(0, [file])
                add(1, (self.modules[module] for module in self._users(_module(file))))
            else:
                add(0, [_own_test(file)])
                add(1, [*self._room(file), *self._tests_of(_module(file))])
                for importer in self.importers[_module(file)]:
                    if not importer.startswith("tests."):
                        add(2, [*self._room(self.modules[importer]), *self._tests_of(importer)])
        add(2, map(PurePosixPath, REPOSITORY[:1]))
        return sorted(ranks, key=lambda test: (ranks[test] > 0 and test.startswith(SLOW), ranks[test], test))

    def _tests_of(self, module: str) -> list[PurePosixPath]:
        return [self.modules[one] for one in self.importers[module] if one.startswith("tests.")]

    def _users(self, module: str) -> set[str]:
        """Whatever in `tests` imports it, or imports what does. What pytest imports by itself reaches the whole room."""
        found: set[str] = set()
        waiting = [module]
        while waiting:
            one = waiting.pop()
            if one.endswith(".conftest"):
                room = one.removesuffix("conftest")
                found |= {test for test in self.modules if test.startswith(room)}
            new = {user for user in self.importers[one] if user.startswith("tests.")} - found
            found |= new
            waiting += new
        return found

    def _room(self, file: PurePosixPath) -> list[PurePosixPath]:
        """The tests beside which this module's own would stand."""
        room = _own_test(file).parent
        return sorted(PurePosixPath(one.relative_to(self.root)) for one in (self.root / room).glob("test_*.py"))

    def _beside(self, file: PurePosixPath) -> list[PurePosixPath]:
        if file.suffix in {".po", ".mo"}:
            return [PurePosixPath("tests/test_translations.py")]
        if file.parts[0] in {"templates", "static"}:
            pages = [
                test
                for app in APPS
                if app in file.parts or app == "leadmaster"
                for room in ("admin", "web")
                for test in (self.root / "tests" / app / room).rglob("test_*.py")
            ]
            return [PurePosixPath(test.relative_to(self.root)) for test in pages]
        return [PurePosixPath(name) for name in REPOSITORY]


def _own_test(file: PurePosixPath) -> PurePosixPath:
    """`opportunities/state/machine.py`: `tests/opportunities/state/test_machine.py`. leadmaster's apps stand by themselves."""
    parts = file.parts[1:] if file.parts[0] == "leadmaster" and len(file.parts) > 2 else file.parts
    return PurePosixPath("tests", *parts[:-1], f"test_{file.name}")


def _module(file: PurePosixPath) -> str:
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def _imports(path: Path) -> set[str]:
    """Every dotted name that a file imports, `a.b` and `a.b.c` of `from a.b import c`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def _base() -> str:
    """`main`, or what was fetched of it."""
    known = _git("for-each-ref", "--format=%(refname:short)", "refs/heads/main", "refs/remotes/origin/main")
    return known.split()[0] if known else "HEAD"


if __name__ == "__main__":
    print("\n".join(nearest(changed_files(sys.argv[1] if len(sys.argv) > 1 else _base()))))
