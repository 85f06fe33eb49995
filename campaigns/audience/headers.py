"""What people write above a column of phones and above one of names, in the exports of Argentina, Mexico, Brazil and
in English ones."""

from __future__ import annotations

from campaigns.rendering import field_name

# Words of a header, best first: a file with a land line and a WhatsApp column means the latter.
_PHONE_WORDS = (
    ("whatsapp", "whatsapps", "wasap", "wsp", "wpp", "wapp", "whats", "zap", "zapzap"),
    (
        "celular", "celulares", "celu", "celus", "cel", "cell", "movil", "moviles", "mobile", "celphone", "cellphone",
        "cellular", "cellulare", "telemovel",
    ),
    (
        "telefono", "telefonos", "phone", "phones", "tel", "tels", "tfno", "tlf", "telefone", "telefones", "fone", "fono",
        "telephone", "msisdn",
    ),
)  # fmt: skip
_PHONE_WORD = {word: len(_PHONE_WORDS) - at + 1 for at, words in enumerate(_PHONE_WORDS) for word in words}
# These say "number" and no more. They are phones only when nothing else says what the number is of.
_NUMBER_WORDS = {
    "numero", "numeros", "number", "numbers", "nro", "nros", "num", "contacto", "contactos", "contact", "contato",
    "fijo", "fixo", "linea", "linha", "line", "celulares",
}  # fmt: skip
_WITH_NUMBER = {
    "no", "n", "de", "del", "do", "da", "la", "el", "of", "the", "para", "a", "principal", "personal", "destino", "destinatario",
    "primario", "secundario", "alternativo", "completo", "main", "home", "work", "1", "2", "3",
}  # fmt: skip
# Whatever else the header says: this column holds no phones.
_NEVER = {
    "fax", "label", "labels", "type", "tipo", "etiqueta", "operador", "operadora", "compania", "carrier", "extension", "ext",
    "interno", "id",
}  # fmt: skip
# Numbers that are no phones.
_OTHER_NUMBERS = {
    "dni", "cuit", "cuil", "cpf", "cnpj", "rfc", "curp", "nss", "rg", "rut", "cedula", "documento", "doc", "id", "codigo",
    "cod", "code", "clave", "cuenta", "cta", "conta", "account", "factura", "invoice", "boleta", "recibo", "receipt",
    "legajo", "poliza", "policy", "contrato", "contract", "cliente", "client", "customer", "socio", "afiliado", "member",
    "matricula", "matriculas", "expediente", "padron", "pedido", "orden", "order", "transaccion", "transaction", "transacao",
    "operacion", "ticket", "tramite", "prestamo", "loan", "credito", "tarjeta", "card", "cbu", "cvu", "clabe", "serie",
    "serial", "fecha", "date", "data", "monto", "importe", "amount", "valor", "saldo", "total", "precio", "price", "deuda",
    "cantidad", "cant", "qty", "quantity", "count", "edad", "age", "cp", "zip", "cep", "postal", "sku", "referencia",
    "reference", "ref", "folio", "guia", "tracking",
}  # fmt: skip

# Whose phone it is, where it is somebody else's.
_ANOTHERS = {
    "garante", "garantes", "fiador", "aval", "avalista", "codeudor", "referencia", "referente", "referido", "familiar",
    "conyuge", "esposo", "esposa", "pareja", "madre", "padre", "mae", "pai", "tutor", "tutora", "emergencia", "emergencias",
    "emergency", "vendedor", "vendedora", "seller", "asesor", "asesora", "agente", "agent", "ejecutivo", "ejecutiva",
    "sucursal", "branch", "agencia", "proveedor", "supplier", "responsable", "gestor", "gestora", "cobrador",
}  # fmt: skip
# Where they are only at times.
_AT_WORK = {
    "laboral",
    "trabajo",
    "trabalho",
    "work",
    "oficina",
    "escritorio",
    "office",
    "empresa",
    "company",
    "comercial",
}

# Best first: `nombre_destino` is what the old system called it.
_NAME_HEADERS = (
    "nombre_destino", "nombre_completo", "nome_completo", "full_name", "fullname", "nombre_y_apellido",
    "apellido_y_nombre", "nombres_y_apellidos", "apellidos_y_nombres", "nombre_y_apellidos", "apellido_y_nombres",
    "nome_e_sobrenome", "nombre", "nombre_s", "nombres", "name", "nome", "names",
)  # fmt: skip
# A header that has one of these words and only words of `_WITH_NAME` besides is a person's name too.
_NAME_WORDS = {"nombre", "nombres", "name", "names", "nome", "nomes", "apellido", "apellidos", "denominacion"}
_WITH_NAME = {
    "y", "e", "and", "de", "del", "do", "da", "la", "el", "los", "o", "s", "as", "of", "the", "completo", "full", "display",
    "given", "first", "primer", "primeiro", "billing", "shipping", "facturacion", "contacto", "contact", "contato", "cliente",
    "clientes", "client", "customer", "titular", "destinatario", "recipient", "persona", "pessoa", "person", "paciente",
    "patient", "alumno", "aluno", "student", "socio", "afiliado", "member", "asociado", "deudor", "comprador", "buyer",
    "empleado", "employee", "lead", "prospecto", "huesped", "guest", "sobrenome", "legal", "preferido", "1",
}  # fmt: skip
# Only parts of one, which greet nobody by themselves.
_NO_NAME = {"last", "apellido", "apellidos", "sobrenome", "middle"}
# Words for a person that stand alone above their name.
_PERSONS = (
    "cliente", "clientes", "customer", "client", "destinatario", "recipient", "titular", "deudor", "paciente", "alumno",
    "socio", "afiliado", "asociado", "razon_social", "razao_social", "nombre_o_razon_social", "denominacion", "contacto",
    "contato", "contact", "persona", "pessoa",
)  # fmt: skip


def phone_rank(header: str) -> int:
    """4 for the best header of a phone column, 1 for a poor one, 0 for an unknown one, -1 for another number's."""
    words = field_name(header).split("_")
    if not _NEVER.isdisjoint(words):
        return -1
    rank = max((_PHONE_WORD.get(word, 0) for word in words), default=0)
    if rank:
        return rank
    if not _OTHER_NUMBERS.isdisjoint(words):
        return -1
    if _NUMBER_WORDS.isdisjoint(words):
        return 0
    # "Número de empleados" counts something; "número de contacto" doesn't.
    return 1 if _NUMBER_WORDS.union(_WITH_NUMBER).issuperset(words) else -1


def is_anothers_phone(header: str) -> bool:
    """Whether the column names whose phone it is, and that isn't the person of the row."""
    return not _ANOTHERS.isdisjoint(field_name(header).split("_"))


def is_at_work(header: str) -> bool:
    return not _AT_WORK.isdisjoint(field_name(header).split("_"))


def is_phone_header(text: str) -> bool:
    """Whether a cell is what people write above a column of phones."""
    return phone_rank(text) > 0


def name_rank(header: str) -> int:
    """The greater the likelier that people's names stand below; 0 for no such column."""
    field = field_name(header)
    if field in _NAME_HEADERS:
        return 200 - _NAME_HEADERS.index(field)
    if field in _PERSONS:
        return 50 - _PERSONS.index(field)
    words = set(field.split("_"))
    if _NAME_WORDS.isdisjoint(words) or not words <= _NAME_WORDS | _WITH_NAME:
        return 0
    if words & _NO_NAME and not words & (_NAME_WORDS - _NO_NAME):
        return 0
    # A last name beside the first one is not what to call somebody.
    if "last" in words:
        return 0
    return 100 - 10 * bool(words & {"shipping"}) - 5 * bool(words & {"first", "given", "primer", "primeiro"})


def is_header_word(text: str) -> bool:
    """Whether a cell is what people write above some column that we know."""
    return bool(text) and len(text) <= 40 and (is_phone_header(text) or name_rank(text) > 0)
