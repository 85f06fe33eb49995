"""Files that people take for a table and that are none: by what they begin with, and what to do with each."""

from __future__ import annotations

import re

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from leadmaster.lib.tables.errors import TabularError

_COMPRESSED = _("Está comprimido: descomprímelo y elige la planilla que tiene adentro.")
_PICTURE = _("Es una imagen: pide la planilla original y guárdala como .xlsx o CSV.")
_DATABASE = _("Es una base de datos: exporta la tabla como CSV y sube ese archivo.")

_MAGIC: tuple[tuple[bytes, str, Promise], ...] = (
    (
        b"\xd0\xcf\x11\xe0",
        "old_excel",
        _(
            "Es un libro de Excel antiguo (.xls) o con contraseña: ábrelo y guárdalo como .xlsx sin contraseña o como CSV."
        ),
    ),
    (
        b"\x09\x08\x10\x00",
        "old_excel",
        _(
            "Es un libro de Excel antiguo (.xls) o con contraseña: ábrelo y guárdalo como .xlsx sin contraseña o como CSV."
        ),
    ),
    (b"%PDF", "pdf", _("Es un PDF: pide la planilla original y guárdala como .xlsx o CSV.")),
    (b"{\\rtf", "document", _("Es un documento de texto: copia la lista a una planilla y guárdala como .xlsx o CSV.")),
    (b"\x1f\x8b", "compressed", _COMPRESSED),
    (b"Rar!", "compressed", _COMPRESSED),
    (b"7z\xbc\xaf", "compressed", _COMPRESSED),
    (b"BZh", "compressed", _COMPRESSED),
    (b"\xfd7zXZ", "compressed", _COMPRESSED),
    (b"\x28\xb5\x2f\xfd", "compressed", _COMPRESSED),
    (b"\x89PNG", "picture", _PICTURE),
    (b"\xff\xd8\xff", "picture", _PICTURE),
    (b"GIF8", "picture", _PICTURE),
    (b"SQLite format 3\x00", "database", _DATABASE),
    (b"\x00\x01\x00\x00Standard ", "database", _DATABASE),
)

_TEXTS: tuple[tuple[re.Pattern[str], str, Promise], ...] = (
    (
        re.compile(r"<\?xml.*?urn:oasis:names:tc:opendocument|<office:document\b", re.S),
        "ods",
        _("Es una planilla de LibreOffice: ábrela y guárdala como .xlsx o CSV."),
    ),
    (
        re.compile(r"<\?xml.*?urn:schemas-microsoft-com:office:spreadsheet", re.S),
        "xml_excel",
        _("Es una planilla de Excel en formato XML: ábrela en Excel y guárdala como .xlsx o CSV."),
    ),
    (
        re.compile(r"(?=<).*?<(?:html|head|body|table|tr|td|div|style|script|meta)\b|<!doctype html", re.I | re.S),
        "markup",
        _("Es una página web con nombre de planilla: ábrela en Excel y guárdala como .xlsx o CSV."),
    ),
    (
        re.compile(r"<\?xml|<[A-Za-z][\w.-]*>\s*<[A-Za-z]|<!--"),
        "xml",
        _("Es un archivo XML, no una planilla: exporta los datos como CSV o .xlsx y sube ese archivo."),
    ),
    (
        re.compile(r"""\[\s*[\[{"\]]|\{\s*["}]"""),
        "json",
        _("Es un archivo JSON, no una planilla: exporta los datos como CSV o .xlsx y sube ese archivo."),
    ),
    (
        re.compile(r"BEGIN:VCARD", re.I),
        "contact_cards",
        _(
            "Son tarjetas de contactos (.vcf): en la aplicación de contactos elige exportar como CSV y sube ese archivo."
        ),
    ),
    (
        re.compile(r"BEGIN:VCALENDAR", re.I),
        "calendar",
        _("Es un calendario, no una planilla: guarda los destinatarios en una planilla .xlsx o CSV."),
    ),
    (
        re.compile(r"(?:(?:--|/\*).*?\n\s*)*(?:CREATE TABLE|INSERT INTO|DROP TABLE|SET NAMES)\b", re.I),
        "database",
        _DATABASE,
    ),
)


def refuse_other_files(head: bytes) -> None:
    """Raise TabularError when these first bytes are those of a known kind of file that is no table."""
    for magic, code, sentence in _MAGIC:
        if head.startswith(magic):
            raise TabularError(code, sentence)
    if (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or head[4:12] in {b"ftypheic", b"ftypmif1"}:
        raise TabularError("picture", _PICTURE)


def refuse_other_texts(text: str) -> None:
    """The same for the first characters of a text."""
    text = text.lstrip("\ufeff \t\r\n")
    for beginning, code, sentence in _TEXTS:
        if beginning.match(text):
            raise TabularError(code, sentence)
