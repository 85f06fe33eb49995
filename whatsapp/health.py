"""What is wrong with the lines, one alert per cause: told from their rows, however often the trouble comes and goes.

A gateway that does not answer is the gateway's trouble, whatever the number of its lines. A line that nobody paired yet
is work to do and no alarm. What may pass by itself is told when it has lasted a minute.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leadmaster.lib.language import in_project_language
from leadmaster.ops.alerts import CheckResult, apply_results, open_keys
from leadmaster.ops.models import Alert
from whatsapp.models import WhatsAppSession
from whatsapp.standing import NOT_AUTHORISED, WORDS, WRONG_ACCOUNT, Standing, standing

# Beaten whenever all lines were asked.
HEARTBEAT = "sessions"
GRACE = dt.timedelta(seconds=60)
# From the third refused first contact of a day on they are stopped, and not only slowed.
COLD_STOPS_AT = 3
_SESSION, _COLD, _GATEWAY, _TOKEN = "session:", "session-cold:", "gateway:", "gateway-token:"


def session_key(session_id: int) -> str:
    return f"{_SESSION}{session_id}"


def cold_key(session_id: int) -> str:
    return f"{_COLD}{session_id}"


def check_lines(now: dt.datetime, *, grace: dt.timedelta = GRACE) -> Sequence[CheckResult]:
    """Every trouble that lasts longer than `grace`, and the end of those that were told and are over. Two queries."""
    troubles = list(_troubles(list(WhatsAppSession.objects.order_by("id")), now, grace))
    told = {trouble.key for trouble in troubles}
    over = [key for key in open_keys(_SESSION, _COLD, _GATEWAY, _TOKEN) if key not in told]
    return [*troubles, *(CheckResult(key=key) for key in over)]


@in_project_language
def review(now: dt.datetime) -> None:
    """Open and close the lines' alerts after something was written about them."""
    apply_results(check_lines(now), now=now)


# --- Causes ----------------------------------------------------------------------------------------------------------


def _troubles(lines: Sequence[WhatsAppSession], now: dt.datetime, grace: dt.timedelta) -> Iterator[CheckResult]:
    silent: dict[str, list[WhatsAppSession]] = defaultdict(list)
    refused: dict[str, list[WhatsAppSession]] = defaultdict(list)
    lines_at: dict[str, int] = defaultdict(int)
    for line in lines:
        address = line.gateway_config().base_url
        lines_at[address] += 1
        where = standing(line, now)
        if where is Standing.UNREACHABLE:
            silent[address].append(line)
        elif where is Standing.PAUSED and line.trouble_code == NOT_AUTHORISED:
            refused[address].append(line)
        elif where in _OF_A_LINE:
            yield from _of_a_line(line, where, now, grace)
        if line.cold_until is not None and line.cold_until > now:
            yield _cold(line, line.cold_until)
    for address, those in silent.items():
        yield from _silent_gateway(address, those, of=lines_at[address], since=now - grace)
    for address, those in refused.items():
        yield _refused_token(address, those)


_OF_A_LINE = {Standing.DEAF, Standing.LOGGED_OUT, Standing.PAUSED, Standing.MUTE, Standing.DISCONNECTED, Standing.AWAITING_QR,
              Standing.CONNECTING}  # fmt: skip


def _of_a_line(line: WhatsAppSession, where: Standing, now: dt.datetime, grace: dt.timedelta) -> Iterator[CheckResult]:
    since = line.mute_since if where is Standing.MUTE else line.paused_at or line.state_at
    at_once = where in {Standing.DEAF, Standing.LOGGED_OUT, Standing.PAUSED}
    if line.paired_at is None and not at_once:
        return
    if not at_once and since is not None and now - since < grace:
        return
    title, body = _words(line, where)
    yield CheckResult(key=session_key(line.pk), title=title % {"name": line.name}, body=body)


def _words(line: WhatsAppSession, where: Standing) -> tuple[str, str]:
    if where is Standing.LOGGED_OUT and line.trouble_code == WRONG_ACCOUNT:
        return _("A la línea “%(name)s” se le vinculó otro teléfono"), line.trouble
    if where is Standing.LOGGED_OUT:
        return _("La sesión “%(name)s” perdió el vínculo con WhatsApp"), _(
            "WhatsApp cerró la sesión: hay que vincular el número otra vez. Hasta entonces no sale nada por ella, y "
            "después sus envíos pendientes siguen solos."
        )
    if where is Standing.PAUSED:
        cure = _("Resuélvelo y quita la pausa en la página de la sesión: hasta entonces no sale nada por ella.")
        return _("La sesión “%(name)s” espera a una persona"), f"{line.trouble} {cure}".strip()
    if where is Standing.DEAF:
        return _("La sesión “%(name)s” está conectada, pero no confirma lo que envía"), _(
            "Nada de lo último que envió llegó al servidor de WhatsApp, así que se frenó. Se escribe a sí misma y sigue "
            "sola cuando llegue un acuse; si no vuelve, desconéctala y conéctala. Un supervisor puede soltar el freno."
        )
    if where is Standing.MUTE:
        return _("La sesión “%(name)s” está conectada, pero no envía"), _(
            "El gateway dice que está conectada y no envía por ella. Se prueba de nuevo cada tanto; si sigue así, "
            "desconéctala y conéctala."
        )
    if where is Standing.AWAITING_QR:
        return _("La sesión “%(name)s” pide que la vinculen de nuevo"), _(
            "El gateway muestra un código: sus envíos quedan pendientes hasta que alguien lo escanee en la página de la "
            "sesión."
        )
    return _("La sesión “%(name)s” se desconectó"), _(
        "Estado: %(state)s. Sus envíos quedan pendientes y siguen cuando vuelva. Abre la sesión y conéctala."
    ) % {"state": str(WORDS[where]).lower()}


def _silent_gateway(
    address: str, lines: Sequence[WhatsAppSession], *, of: int, since: dt.datetime
) -> Iterator[CheckResult]:
    """Told when the first of its lines has waited for it since then."""
    if not any(line.unreachable_since and line.unreachable_since <= since for line in lines):
        return
    count = ngettext(
        "%(count)d de sus %(all)d líneas no envía.", "%(count)d de sus %(all)d líneas no envían.", len(lines)
    ) % {"count": len(lines), "all": of}
    cure = _(
        "Comprueba que esté encendido y que su dirección sea la correcta; los envíos siguen solos cuando conteste."
    )
    yield CheckResult(
        key=_gateway_key(_GATEWAY, address),
        title=_("El gateway %(address)s no responde") % {"address": address},
        body=f"{lines[0].trouble} {count} {cure}".strip(),
        # Where nobody ever paired a line nothing stopped.
        severity=Alert.Severity.CRITICAL if any(line.paired_at for line in lines) else Alert.Severity.WARNING,
    )


def _refused_token(address: str, lines: Sequence[WhatsAppSession]) -> CheckResult:
    names = ", ".join(line.name for line in lines[:5])
    return CheckResult(
        key=_gateway_key(_TOKEN, address),
        title=_("El gateway %(address)s no acepta el token") % {"address": address},
        body=_(
            "Nada sale por %(names)s. Escribe el token con que se configuró el gateway y quita la pausa de cada sesión."
        )
        % {"names": names if len(lines) <= 5 else _("%(names)s y otras") % {"names": names}},
    )


def _cold(line: WhatsAppSession, until: dt.datetime) -> CheckResult:
    from_now_on = _(
        "A quienes ya recibieron algún mensaje se les sigue escribiendo. Un supervisor puede levantarlo antes."
    )
    stopped = line.cold_refusals >= COLD_STOPS_AT
    title = (
        _("WhatsApp no acepta contactos nuevos de “%(name)s”")
        if stopped
        else _("WhatsApp rechazó un contacto nuevo de “%(name)s”: va más despacio")
    )
    waits = _("Los contactos nuevos esperan hasta %(until)s.") % {"until": _local(until, line)}
    return CheckResult(
        key=cold_key(line.pk),
        title=title % {"name": line.name},
        body=f"{waits} {from_now_on}",
        severity=Alert.Severity.CRITICAL if stopped else Alert.Severity.WARNING,
    )


def _local(moment: dt.datetime, line: WhatsAppSession) -> str:
    return f"{moment.astimezone(line.tz):%d/%m %H:%M} ({line.time_zone})"


def _gateway_key(family: str, address: str) -> str:
    """The address itself while it fits in a key."""
    return family + (address if len(address) <= 120 else hashlib.sha256(address.encode()).hexdigest())
