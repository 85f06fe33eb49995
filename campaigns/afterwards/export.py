"""Everybody whom a campaign wrote to, row by row, with how far each message got and what was answered."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _

from campaigns.enums import EnvioState
from campaigns.models import Campaign, Envio, Reply
from leadmaster.lib.tables.safe_csv import SafeCsvWriter, delimiter_of

_BATCH = 1_000
_LONGEST = 500


def answer(campaign: Campaign) -> StreamingHttpResponse:
    """As a file to be kept, written while it is sent: a million rows take no memory."""
    return StreamingHttpResponse(
        stream(campaign),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="campania-{campaign.pk}.csv"'},
    )


def stream(campaign: Campaign) -> Iterator[str]:
    """A piece for each batch. Times by the line's clock."""
    text = io.StringIO()
    # Only the byte order mark makes Excel read UTF-8.
    text.write("\ufeff")
    writer = SafeCsvWriter(text, delimiter=delimiter_of(campaign.session.region))
    writer.write(_head())
    after = 0
    while page := list(Envio.objects.filter(campaign=campaign, pk__gt=after).order_by("pk")[:_BATCH]):
        said = _first_replies(campaign, page)
        writer.write_all(_row(campaign, envio, said.get(envio.phone)) for envio in page)
        yield text.getvalue()
        text.seek(0)
        text.truncate()
        after = page[-1].pk
    yield text.getvalue()


# --- Private ---------------------------------------------------------------------------------------------------------


def _head() -> list[str]:
    return [
        _("Número"),
        _("Teléfono"),
        _("Nombre"),
        _("Estado"),
        _("Enviado"),
        _("Entregado"),
        _("Leído"),
        _("Intentos"),
        _("Código de error"),
        _("Error"),
        _("Respondió"),
        _("Respuesta"),
        _("Mensaje"),
    ]


def _row(campaign: Campaign, envio: Envio, reply: Reply | None) -> list[str]:
    times = [envio.sent_at, envio.delivered_at, envio.read_at]
    zone = campaign.session.tz
    sent, delivered, read = ("" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in times)
    return [
        str(envio.pk),
        envio.phone,
        envio.name,
        str(EnvioState(envio.state).label),
        sent,
        delivered,
        read,
        str(envio.attempts),
        envio.error_code,
        envio.error_text,
        "" if reply is None else f"{reply.at.astimezone(zone):%Y-%m-%d %H:%M}",
        "" if reply is None else reply.text[:_LONGEST],
        envio.text,
    ]


def _first_replies(campaign: Campaign, page: Collection[Envio]) -> dict[str, Reply]:
    """By phone, the first words of each to this line after it was written to them."""
    sent = {envio.phone: envio.sent_at for envio in page if envio.sent_at is not None}
    if not sent:
        return {}
    rows = Reply.objects.filter(phone__in=list(sent), session=campaign.session_id, at__gte=min(sent.values()))
    found: dict[str, Reply] = {}
    for reply in rows.order_by("at", "pk"):
        if reply.phone not in found and reply.at >= sent[reply.phone]:
            found[reply.phone] = reply
    return found
