"""Recipients' files that were right until something happened to them: one pollution per seed.

The kinds are those of a published benchmark of broken CSV files and of the exports people really have: a separator or
a quote too many or too few, a lost line end, a second table, decimal commas, other quotes.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

HEADER = ("nombre", "telefono", "monto", "vence", "direccion", "nota")
TEMPLATE = "{nombre}: $ {monto} el {vence}, {direccion|sin dirección}. {nota|}"

_NAMES = (
    "Ana Gómez",
    "Luis Pérez",
    "Peña, Hnos",
    "Carla Ruiz",
    "Juan O'Higgins",
    'Los "Tres"',
    "Sofía Vega",
    "Óscar Díaz",
)
_STREETS = ("San Martín 100, Córdoba", "Belgrano 20", "Colón 7; fondo", "Calle 5\nPiso 2", "Vélez 9, Salta", "")
_NOTES = ("", "", "vip", "llamar, siempre", "ok")

Row = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Case:
    """A polluted file and who was in it. Of those in `unknowable` nobody can say what their row was."""

    kind: str
    data: bytes
    people: tuple[Row, ...]
    unknowable: frozenset[Row]


def message_of(row: Row) -> str:
    name, _phone, amount, due, street, note = (cell.strip() for cell in row)
    said = f"{name}: $ {amount} el {due}, {street or 'sin dirección'}. {note}"
    return said if note else said.rstrip()


class _File:
    """A clean file as a list of lines, each a list of written cells."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.delimiter = chance.choice(",,;;\t|")
        self.quote_all = chance.random() < 0.25
        self.with_street = chance.random() < 0.8
        self.end = chance.choice(["\r\n", "\n"])
        self.people = [self._person(number) for number in range(chance.randint(3, 24))]
        self.cells = [[self.written(cell) for cell in row] for row in (HEADER, *self.people)]

    def _person(self, number: int) -> Row:
        chance = self.chance
        amount = chance.choice(
            [str(chance.randint(100, 99_999)), f"{chance.randint(10, 9_999)},{chance.randint(10, 99)}"]
        )
        return (
            chance.choice(_NAMES),
            f"351 4{number:02}-{chance.randint(1000, 9999)}",
            amount,
            f"{chance.randint(1, 28):02}/{chance.randint(1, 12):02}/2026",
            chance.choice(_STREETS) if self.with_street else "",
            chance.choice(_NOTES),
        )

    def written(self, cell: str) -> str:
        needed = any(sign in cell for sign in (self.delimiter, '"', "\n"))
        return '"' + cell.replace('"', '""') + '"' if needed or (self.quote_all and cell) else cell

    def line(self, number: int) -> str:
        return self.delimiter.join(self.cells[number])

    def text(self) -> str:
        return self.end.join(self.line(number) for number in range(len(self.cells))) + self.end

    def some_row(self, *, header: bool = True) -> int:
        return self.chance.randrange(0 if header else 1, len(self.cells))

    def some_cell(self) -> tuple[list[str], int]:
        row = self.cells[self.some_row()]
        return row, self.chance.randrange(len(row))


def _clean(file: _File) -> str:
    return file.text()


def _extra_separator(file: _File) -> str:
    row, at = file.some_cell()
    row.insert(at, "")
    return file.text()


def _missing_separator(file: _File) -> str:
    row, at = file.some_cell()
    at = max(at, 1)
    row[at - 1 : at + 1] = [row[at - 1] + row[at]]
    return file.text()


def _extra_quote(file: _File) -> str:
    row, at = file.some_cell()
    cell = row[at]
    where = file.chance.choice([0, len(cell), file.chance.randint(0, len(cell))])
    row[at] = cell[:where] + '"' + cell[where:]
    return file.text()


def _missing_quote(file: _File) -> str:
    row, at = file.some_cell()
    cell = row[at] if row[at].startswith('"') else f'"{row[at]}"'
    row[at] = file.chance.choice([cell[1:], cell[:-1]])
    return file.text()


def _two_stray_quotes(file: _File) -> str:
    for row in file.chance.sample(file.cells, 2):
        at = file.chance.randrange(len(row))
        row[at] = file.chance.choice(['"' + row[at], row[at] + '"'])
    return file.text()


def _lost_line_end(file: _File) -> str:
    lines = [file.line(number) for number in range(len(file.cells))]
    at = file.chance.randrange(1, len(lines))
    lines[at - 1 : at + 1] = [lines[at - 1] + file.chance.choice(["", file.delimiter]) + lines[at]]
    return file.end.join(lines)


def _broken_line(file: _File) -> str:
    row, at = file.some_cell()
    row[at] = row[at].replace(" ", file.end, 1) if " " in row[at] else row[at] + file.end
    return file.text()


def _other_separator(file: _File) -> str:
    other = file.chance.choice([sign for sign in ",;\t|" if sign != file.delimiter])
    lines = [file.line(number) for number in range(len(file.cells))]
    at = file.some_row()
    cells = file.cells[at]
    few = file.chance.randrange(1, len(cells))
    lines[at] = other.join([file.delimiter.join(cells[:few]), *cells[few:]])
    return file.end.join(lines)


def _second_table(file: _File) -> str:
    order = list(range(len(HEADER)))
    file.chance.shuffle(order)
    kept = order[: file.chance.randint(3, len(order))]
    split = file.chance.randrange(1, len(file.cells))
    if file.chance.random() < 0.5:
        kept = order
    second = [[row[at] for at in kept] for row in [file.cells[0], *file.cells[split:]]]
    file.cells = [*file.cells[:split], *([[""]] if file.chance.random() < 0.5 else []), *second]
    return file.text()


def _bare_decimals(file: _File) -> str:
    """Amounts with a decimal comma and no quotes, in all rows or in some."""
    file.delimiter = ","
    every = file.chance.random() < 0.5
    people = []
    for name, phone, amount, *rest in file.people:
        bare = f"{int(amount.split(',')[0])},{file.chance.randint(0, 99):02}"
        people.append((name, phone, bare if every or file.chance.random() < 0.5 else amount.split(",")[0], *rest))
    file.people = people
    file.cells = [[file.written(cell) if at != 2 else cell for at, cell in enumerate(row)] for row in (HEADER, *people)]
    return file.text()


def _backslashes(file: _File) -> str:
    return file.text().replace('""', '\\"')


def _apostrophes(file: _File) -> str:
    file.cells = [
        [f"'{cell}'" if file.quote_all or file.delimiter in cell or "\n" in cell else cell for cell in row]
        for row in (HEADER, *file.people)
    ]
    return file.text()


def _spaced(file: _File) -> str:
    file.delimiter += " "
    return file.text()


def _wrapped(file: _File) -> str:
    lines = [file.line(number).replace('"', '""') for number in range(len(file.cells))]
    return file.end.join(f'"{line}"' for line in lines)


def _trailing_separators(file: _File) -> str:
    more = file.chance.randint(1, 5)
    rows = file.cells if file.chance.random() < 0.5 else file.cells[1:]
    for row in rows:
        row.extend([""] * more)
    return file.text()


def _dropped_blanks(file: _File) -> str:
    for row in file.cells:
        while not row[-1]:
            row.pop()
    return file.text()


def _blocks_of_excel(file: _File) -> str:
    """Blank cells at the end are written as far as the widest of sixteen rows needs them."""
    for start in range(0, len(file.cells), 16):
        block = file.cells[start : start + 16]
        width = max(len(row) if row[-1] else len(row) - 1 for row in block)
        for row in block:
            del row[width:]
    return file.text()


def _notes_around(file: _File) -> str:
    above = file.chance.choice(["", "Listado de clientes" + file.end, "Clientes" + file.end + file.end])
    return (
        above + file.text() + file.chance.choice(["", "Total: " + str(len(file.people)), file.delimiter * 5 + file.end])
    )


def _cut_short(file: _File) -> str:
    text = file.text()
    return text[: file.chance.randrange(len(text) // 2, len(text))]


POLLUTIONS: tuple[Callable[[_File], str], ...] = (
    _clean, _extra_separator, _missing_separator, _extra_quote, _missing_quote, _two_stray_quotes, _lost_line_end,
    _broken_line, _other_separator, _second_table, _bare_decimals, _backslashes, _apostrophes, _spaced, _wrapped,
    _trailing_separators, _dropped_blanks, _blocks_of_excel, _notes_around, _cut_short,
)  # fmt: skip
# Nobody is to be left out of these: they are other ways of writing, and no faults.
HARMLESS = {"clean", "spaced", "wrapped", "trailing_separators"}


def polluted(seed: int) -> Case:
    """The case of a seed; the same one each time."""
    chance = random.Random(seed)
    pollution = POLLUTIONS[seed % len(POLLUTIONS)]
    file = _File(chance)
    text = pollution(file)
    there = [row for row in file.people if row[1] in text]
    gone = {row for row in file.people if row[1] not in text}
    # The last row of a file that was cut looks whole when only the end of its last cell is missing.
    unknowable = gone | set(there[-1:]) if pollution is _cut_short else gone
    return Case(pollution.__name__.strip("_"), text.encode(), tuple(file.people), frozenset(unknowable))
