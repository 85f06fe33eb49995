"""What is wrong between us and a gateway, in sentences that say what to do.

A wrong port, a wrong path, another program, an old version, a wrong token, a missing session and one that is not
ready are seven different mistakes with seven different cures; "no session" for all of them once cost a day of silence.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.utils.translation import gettext as _

from whatsapp.gateways import registry
from whatsapp.gateways.base import (
    Capability,
    GatewayConfig,
    GatewayError,
    Health,
    SessionState,
    SessionStatus,
)
from whatsapp.gateways.registry import open_gateway

USUAL_PORT = 3011
MINIMUM_VERSION = (1, 0)
CONTRACT_MAJOR = 1
_PROBE_TIMEOUT = 3.0
_THREADS = 16


class Level(enum.StrEnum):
    OK = "ok"
    WARNING = "warning"  # works, with less than there could be
    ERROR = "error"  # nothing goes out


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """`code` is stable and for programs; `text` says what is and `cure` what to do, for people."""

    level: Level
    code: str
    text: str
    cure: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """One session to look at, as plain values; without a name it stands for the configured address alone."""

    config: GatewayConfig
    name: str = ""
    session_id: int | None = None
    takes_callbacks: bool = True  # it has a secret to authenticate them with
    paired: bool = True  # somebody paired it once: a line that waits for that is no fault


@dataclasses.dataclass(frozen=True, kw_only=True)
class Diagnosis:
    line: Line
    version: str
    capabilities: frozenset[Capability]
    findings: tuple[Finding, ...]

    @property
    def works(self) -> bool:
        return all(finding.level is not Level.ERROR for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        return {
            "session_id": self.line.session_id,
            "name": self.line.name,
            "cliente_id": self.line.config.tenant_id,
            "base_url": self.line.config.base_url,
            "version": self.version,
            "capabilities": sorted(self.capabilities),
            "works": self.works,
            "findings": [dataclasses.asdict(finding) for finding in self.findings],
        }


def diagnose_all(lines: Iterable[Line]) -> list[Diagnosis]:
    """Look at each line, many at once. Touches no database and raises nothing for what gateways do."""
    wanted = list(lines)
    if not wanted:
        return []
    with ThreadPoolExecutor(max_workers=min(_THREADS, len(wanted))) as pool:
        return list(pool.map(diagnose, wanted))


def diagnose(line: Line) -> Diagnosis:
    """Look at the address first, then at the session behind it; what cannot be asked is not guessed."""
    health, findings = _look_at_address(line.config)
    if health is not None and line.name:
        findings += _look_at_session(line)
        findings += _look_at_callbacks(line, health)
    if not findings:
        findings = [Finding(level=Level.OK, code="OK", text=_("Todo en orden."))]
    return Diagnosis(
        line=line,
        version=health.version if health else "",
        capabilities=health.capabilities if health else frozenset(),
        findings=tuple(findings),
    )


# --- The address --------------------------------------------------------------------------------------------------


def _look_at_address(config: GatewayConfig) -> tuple[Health | None, list[Finding]]:
    try:
        health = open_gateway(config).health()
    except GatewayError as error:
        return None, [_wrong_address(config, error)]
    return health, list(_look_at_version(health)) if registry.profile(config.kind).ours else []


def _wrong_address(config: GatewayConfig, error: GatewayError) -> Finding:
    """Why nobody, or somebody else, answers there; and where the session manager really is, if it is near."""
    profile = registry.profile(config.kind)
    if error.needs_person:
        return _wrong_token(error, profile)
    if not profile.ours:
        return _wrong_vendor(config, error, profile)
    found = _look_nearby(config)
    if error.code == "UNREACHABLE":
        return Finding(
            level=Level.ERROR,
            code="UNREACHABLE",
            text=_("%(address)s: %(problem)s") % {"address": config.base_url, "problem": error.detail},
            cure=_cure_of_address(config, found)
            or _("Enciende el session manager, o escribe en SESSION_MANAGER_BASE_URL su equipo y su puerto."),
        )
    if error.code in {"WRONG_PATH", "BAD_ANSWER"}:
        wrong_path = found is not None and urlsplit(found).netloc == urlsplit(config.base_url).netloc
        return Finding(
            level=Level.ERROR,
            code="WRONG_PATH" if wrong_path else "WRONG_SERVICE",
            text=_("En %(address)s contesta un programa que no es el session manager.") % {"address": config.base_url}
            if not wrong_path
            else _("El session manager está en ese puerto, pero no bajo la ruta de %(address)s.")
            % {"address": config.base_url},
            cure=_cure_of_address(config, found)
            or _("Revisa el puerto y la ruta: el session manager suele escuchar en el %(port)s, sin ruta.")
            % {"port": USUAL_PORT},
        )
    return Finding(
        level=Level.ERROR,
        code=error.code,
        text=_("%(address)s: %(problem)s") % {"address": config.base_url, "problem": error.detail},
        cure=_("Mira el registro del session manager y vuelve a intentarlo."),
    )


def _wrong_vendor(config: GatewayConfig, error: GatewayError, profile: registry.Profile) -> Finding:
    """The same of a gateway that is not ours to look for."""
    facts = {"address": config.base_url, "problem": error.detail, "gateway": profile.title}
    if error.code in {"WRONG_PATH", "BAD_ANSWER"}:
        return Finding(
            level=Level.ERROR,
            code="WRONG_SERVICE",
            text=_("En %(address)s contesta un programa que no es %(gateway)s.") % facts,
            cure=_("Revisa la dirección de la línea: es la de tu %(gateway)s, sin ruta.") % facts,
        )
    return Finding(
        level=Level.ERROR,
        code=error.code,
        text=_("%(address)s: %(problem)s") % facts,
        cure=_("Comprueba que %(gateway)s esté en marcha y que este servidor llegue hasta él.") % facts,
    )


def _cure_of_address(config: GatewayConfig, found: str | None) -> str:
    if found is None:
        return ""
    return _("Hay un session manager en %(found)s. Escribe SESSION_MANAGER_BASE_URL=%(found)s") % {"found": found}


def _look_nearby(config: GatewayConfig) -> str | None:
    """The address of a session manager on the same machine, if one of the usual mistakes was made."""
    parts = urlsplit(config.base_url)
    if not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    candidates = [
        urlunsplit((parts.scheme, parts.netloc, "", "", "")),
        urlunsplit(("http", parts.netloc, "", "", "")),
        f"http://{host}:{USUAL_PORT}",
    ]
    for candidate in dict.fromkeys(candidates):
        if candidate == config.base_url.rstrip("/"):
            continue
        # Without the token: who answers there may be anybody.
        nearby = dataclasses.replace(config, base_url=candidate, token="", call_timeout=_PROBE_TIMEOUT)
        try:
            open_gateway(nearby).health()
        except GatewayError:
            continue
        return candidate
    return None


def _look_at_version(health: Health) -> Iterator[Finding]:
    number = re.match(r"(\d{1,5})\.(\d{1,5})", health.version)
    if number is None:
        yield Finding(
            level=Level.WARNING,
            code="NO_VERSION",
            text=_("El session manager no dice qué versión del contrato habla."),
            cure=_("Funciona si cumple lo básico; actualízalo cuando puedas."),
        )
        return
    version = (int(number[1]), int(number[2]))
    if version < MINIMUM_VERSION:
        yield Finding(
            level=Level.ERROR,
            code="OLD_VERSION",
            text=_("El session manager habla la versión %(version)s del contrato, que es muy vieja.")
            % {"version": health.version},
            cure=_("Actualízalo a la %(minimum)s o a una posterior.")
            % {"minimum": ".".join(map(str, MINIMUM_VERSION))},
        )
    elif version[0] > CONTRACT_MAJOR:
        yield Finding(
            level=Level.ERROR,
            code="NEWER_VERSION",
            text=_("El session manager habla la versión %(version)s del contrato, que LeadMaster no conoce.")
            % {"version": health.version},
            cure=_("Actualiza LeadMaster antes de enviar."),
        )


# --- The session --------------------------------------------------------------------------------------------------


def _look_at_session(line: Line) -> list[Finding]:
    config = line.config
    try:
        status = open_gateway(config).status()
    except GatewayError as error:
        return [_wrong_session(config, error)]
    profile = registry.profile(config.kind)
    if status.ready:
        return []
    if profile.official:
        return [_not_ready_at_meta(status)]
    if not line.paired and status.state in {SessionState.AWAITING_QR, SessionState.DISCONNECTED}:
        return [_not_paired()]
    return [_not_ready(status)]


def _wrong_session(config: GatewayConfig, error: GatewayError) -> Finding:
    profile = registry.profile(config.kind)
    if not profile.ours:
        return _wrong_line(config, error, profile)
    if error.code == "UNKNOWN_SESSION":
        return Finding(
            level=Level.ERROR,
            code="UNKNOWN_SESSION",
            text=_("El session manager no tiene ninguna sesión con el cliente_id %(tenant)s.")
            % {"tenant": config.tenant_id},
            cure=_("Corrige el cliente_id de la sesión, o créala en el session manager."),
        )
    if error.needs_person:
        return _wrong_token(error, profile)
    if error.code == "WRONG_PATH":
        return Finding(
            level=Level.ERROR,
            code="NO_STATUS_ROUTE",
            text=_("El session manager contesta, pero no conoce la ruta /status."),
            cure=_("Es otra versión u otro programa: compara con docs/session-manager.openapi.yaml."),
        )
    return Finding(
        level=Level.ERROR, code=error.code, text=error.detail, cure=_("Mira el registro del session manager.")
    )


def _wrong_line(config: GatewayConfig, error: GatewayError, profile: registry.Profile) -> Finding:
    facts = {
        "gateway": profile.title,
        "tenant": config.tenant_id,
        "name": profile.names.get("tenant_id", "cliente_id"),
    }
    if error.code == "UNKNOWN_SESSION":
        return Finding(
            level=Level.ERROR,
            code="UNKNOWN_SESSION",
            text=_("%(gateway)s no conoce %(name)s %(tenant)s, o el token no es de esa línea.") % facts,
            cure=_("Compara %(name)s con el que muestra %(gateway)s y, si hace falta, crea la línea otra vez.") % facts,
        )
    if error.needs_person:
        return _wrong_token(error, profile)
    return _wrong_vendor(config, error, profile)


def _wrong_token(error: GatewayError, profile: registry.Profile) -> Finding:
    cures = {
        "NOT_AUTHORISED": _("Escribe en SESSION_MANAGER_TOKEN, o en la sesión, el token con que se configuró.")
        if profile.ours
        else _("Escribe en la línea uno que valga: %(what)s de %(gateway)s.")
        % {"what": profile.names.get("token", "token"), "gateway": profile.title},
        "NO_PERMISSION": _("En Meta Business, dale al usuario del sistema el permiso whatsapp_business_messaging."),
        "ACCOUNT": _("Entra en Meta Business → Calidad de la cuenta: ahí dice qué falta."),
        "QUALITY": _("Espera a que la calidad suba en WhatsApp Manager y quita la pausa de la línea."),
        "LOGGED_OUT": _("Abre la sesión en LeadMaster y vincula el número otra vez."),
        "BANNED": _("Usa otro número; WhatsApp decide si devuelve este."),
    }
    return Finding(level=Level.ERROR, code=error.code, text=error.detail, cure=cures.get(error.code, ""))


def _not_ready_at_meta(status: SessionStatus) -> Finding:
    if status.state is SessionState.READY:
        text = _("Meta tiene la línea restringida: por ahora no puede escribir primero a nadie.")
    elif status.state is SessionState.CONNECTING:
        text = _("Meta todavía está dando de alta este número.")
    else:
        text = _("El número no está registrado en la API oficial.")
    return Finding(
        level=Level.ERROR,
        code="SESSION_NOT_READY",
        text=text,
        cure=_("Mira el estado del número en WhatsApp Manager → Números de teléfono."),
    )


def _not_paired() -> Finding:
    return Finding(
        level=Level.WARNING,
        code="NOT_PAIRED",
        text=_("Falta vincular: nadie escaneó todavía el código de esta línea."),
        cure=_("Abre la sesión en LeadMaster, conéctala y escanea el código con el teléfono."),
    )


def _not_ready(status: SessionStatus) -> Finding:
    texts = {
        SessionState.READY: (_("La sesión está conectada, pero no envía."), _("Desconéctala y conéctala.")),
        SessionState.CONNECTING: (_("La sesión se está conectando."), _("Espera un momento y vuelve a mirar.")),
        SessionState.AWAITING_QR: (
            _("La sesión espera que alguien escanee el código."),
            _("Abre la sesión en LeadMaster y escanea el código con el teléfono."),
        ),
        SessionState.DISCONNECTED: (
            _("La sesión está desconectada."),
            _("Abre la sesión en LeadMaster y conéctala."),
        ),
    }
    text, cure = texts[status.state]
    return Finding(level=Level.ERROR, code="SESSION_NOT_READY", text=text, cure=cure)


def _look_at_callbacks(line: Line, health: Health) -> Iterator[Finding]:
    profile = registry.profile(line.config.kind)
    if profile.names and not line.takes_callbacks:
        yield Finding(
            level=Level.WARNING,
            code="NO_CALLBACK_SECRET",
            text=_("La línea no tiene %(what)s, así que sus avisos se rechazan.")
            % {"what": profile.names.get("webhook_secret", "secreto")},
            cure=_("Escríbelo en la línea, y en %(gateway)s la dirección de los avisos: /webhooks/%(kind)s/%(tenant)s/")
            % {"gateway": profile.title, "kind": line.config.kind, "tenant": line.config.tenant_id},
        )
    if not profile.ours:
        return
    if Capability.CALLBACKS not in health.capabilities:
        yield Finding(
            level=Level.WARNING,
            code="NO_CALLBACKS",
            text=_("El session manager no avisa si los mensajes llegan ni si alguien responde."),
            cure=_("Sin avisos no hay acuses ni bajas automáticas: pide una versión que los tenga."),
        )
    elif not line.takes_callbacks:
        yield Finding(
            level=Level.WARNING,
            code="NO_CALLBACK_SECRET",
            text=_("La sesión no tiene secreto para los avisos, así que todos se rechazan."),
            cure=_("Escribe en la sesión el mismo secreto que tiene el session manager."),
        )
    if Capability.LOOKUP not in health.capabilities:
        yield Finding(
            level=Level.WARNING,
            code="NO_LOOKUP",
            text=_("El session manager no puede decir qué pasó con un envío incierto."),
            cure=_("Los inciertos los resuelve una persona, o un aviso si llega."),
        )
