"""Archives of a few kilobytes that claim to be workbooks and unpack to gigabytes, made without ever holding those."""

from __future__ import annotations

import dataclasses
import random
import struct
import zlib

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = "xl/worksheets/sheet1.xml"
STRINGS = "xl/sharedStrings.xml"
STYLES = "xl/styles.xml"
OPEN = f'<worksheet xmlns="{MAIN}"><sheetData>'.encode()
CLOSE = b"</sheetData></worksheet>"
PERSON = b'<row r="1"><c r="A1" t="inlineStr"><is><t>Celular</t></is></c></row><row r="2"><c r="A2"><v>3512743915</v></c></row>'


@dataclasses.dataclass(frozen=True)
class Part:
    """`head`, then `unit` so many times, then `tail`. `claims` is what the archive says it unpacks to."""

    head: bytes
    unit: bytes = b""
    times: int = 0
    tail: bytes = b""
    stored: bool = False
    claims: int | None = None

    @property
    def size(self) -> int:
        return len(self.head) + len(self.unit) * self.times + len(self.tail)

    def checksum(self) -> int:
        """Of parts that nobody may ever unpack whole it is wrong."""
        if self.size > 64 << 20:
            return 0
        return zlib.crc32(self.tail, zlib.crc32(self.unit * self.times, zlib.crc32(self.head)))

    def packed(self) -> bytes:
        """Compressed by its pieces: one block of many units is written again and again."""
        if self.stored:
            return self.head + self.unit * self.times + self.tail
        block = max(1, (1 << 20) // max(1, len(self.unit)))
        blocks, rest = divmod(self.times, block)
        ends = self.unit * rest + self.tail
        return _raw(self.head) + _raw(self.unit * block) * blocks + _raw(ends, last=True)


def _raw(data: bytes, *, last: bool = False) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)


def noise(size: int) -> bytes:
    """What hardly compresses, for a comment."""
    return random.Random(7).randbytes(size).hex().encode()


def text(data: str | bytes) -> Part:
    return Part(data if isinstance(data, bytes) else data.encode())


def sheet(unit: bytes, times: int, *, head: bytes = b"", tail: bytes = b"", stored: bool = False) -> Part:
    return Part(OPEN + head, unit, times, tail + CLOSE, stored=stored)


def workbook(
    main: Part | None = None, *, sheets: int = 1, strings: Part | None = None, styles: Part | None = None, **more: Part
) -> bytes:
    """A book whose sheets are all `main`; other parts by their path with `__` for a slash."""
    names = "".join(f'<sheet name="Hoja {n}" sheetId="{n}" r:id="rId1"/>' for n in range(1, sheets + 1))
    parts = {
        "xl/workbook.xml": text(f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{names}</sheets></workbook>'),
        "xl/_rels/workbook.xml.rels": text(
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="rId2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
            f'<Relationship Id="rId3" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>'
        ),
        SHEET: main or sheet(b"", 0, head=PERSON),
        **({STRINGS: strings} if strings else {}),
        **({STYLES: styles} if styles else {}),
    }
    return archive({**parts, **{path.replace("__", "/") + ".xml": part for path, part in more.items()}})


def archive(parts: dict[str, Part], *, overlapping: int = 0) -> bytes:
    """A ZIP of the parts. With `overlapping` the directory names the last one so many times more."""
    body, directory, entries = bytearray(), bytearray(), 0
    last = next(reversed(parts))
    for name, part in parts.items():
        data = part.packed()
        method, declared = 0 if part.stored else 8, part.size if part.claims is None else part.claims
        fields = struct.pack("<HHHHHIIIHH", 20, 0, method, 0, 33, part.checksum(), len(data), declared, len(name), 0)
        at = len(body)
        body += b"PK\x03\x04" + fields + name.encode() + data
        entry = b"PK\x01\x02" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, at)
        for copy in range(1 + (overlapping if name == last else 0)):
            alias = f"{name[:-1]}{copy % 10}" if copy else name
            directory += entry + alias.encode()
            entries += 1
    end = struct.pack("<HHHHIIH", 0, 0, min(entries, 0xFFFF), min(entries, 0xFFFF), len(directory), len(body), 0)
    return bytes(body + directory) + b"PK\x05\x06" + end
