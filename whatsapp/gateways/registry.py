"""Which class speaks for which kind of gateway, and what is known of a kind before anybody speaks to it.

The only place where a kind is compared: everybody else asks what a line can do (`Capability`), or what its kind needs
(`Profile`).
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from whatsapp.gateways.base import Gateway, GatewayConfig
from whatsapp.gateways.evolution import EvolutionGateway
from whatsapp.gateways.meta_cloud import MetaCloudGateway
from whatsapp.gateways.session_manager import SessionManagerGateway
from whatsapp.gateways.waha import WahaGateway

SESSION_MANAGER = "session_manager"
META_CLOUD = "meta_cloud"
WAHA = "waha"
EVOLUTION = "evolution"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Profile:
    """What whoever sets up a line of this kind has to know and to write."""

    title: str  # the product's name
    opens: Callable[[GatewayConfig], Gateway]
    # Where it is when nobody writes an address: empty is the environment's own gateway, None has to be written.
    home: str | None = ""
    # WhatsApp's own service; every other kind can cost the number.
    official: bool = False
    # It speaks our contract, with its version, and is looked for nearby when it is not where it should be.
    ours: bool = False
    # What the fields of a line are called there, by field; those that must be filled in; and what a tenant id looks like.
    names: dict[str, str | Promise] = dataclasses.field(default_factory=dict)
    required: tuple[str, ...] = ()
    tenant_id: re.Pattern[str] | None = None
    tenant_help: str | Promise = ""


_PROFILES: dict[str, Profile] = {
    SESSION_MANAGER: Profile(title="session manager", opens=SessionManagerGateway, ours=True),
    META_CLOUD: Profile(
        title="Meta Cloud API",
        opens=MetaCloudGateway,
        home="https://graph.facebook.com",
        official=True,
        names={
            "tenant_id": _("phone_number_id"),
            "token": _("token de acceso"),
            "webhook_secret": _("secreto de la app"),
            "verify_token": _("token de verificación"),
        },
        required=("token",),
        tenant_id=re.compile(r"[0-9]{5,32}", re.ASCII),
        tenant_help=_(
            "El phone_number_id son solo cifras: cópialo de Meta for Developers → WhatsApp → Configuración de la API. "
            "No es el número de teléfono."
        ),
    ),
    WAHA: Profile(
        title="WAHA",
        opens=WahaGateway,
        home=None,
        names={
            "tenant_id": _("nombre de la sesión"),
            "token": _("clave de la API"),
            "webhook_secret": _("clave HMAC de los avisos"),
        },
        required=("base_url", "token"),
        tenant_id=re.compile(r"[A-Za-z0-9_-]{1,54}", re.ASCII),
        tenant_help=_("El nombre de la sesión en WAHA: letras, números, guiones y guiones bajos, como “default”."),
    ),
    EVOLUTION: Profile(
        title="Evolution API",
        opens=EvolutionGateway,
        home=None,
        names={
            "tenant_id": _("nombre de la instancia"),
            "token": _("clave de la API"),
            "webhook_secret": _("secreto de los avisos (cabecera)"),
        },
        required=("base_url", "token"),
        tenant_help=_("El nombre de la instancia en Evolution, tal como se creó."),
    ),
}


def profile(kind: str) -> Profile:
    """Raises ValueError for a kind that nobody wrote."""
    try:
        return _PROFILES[kind]
    except KeyError:
        raise ValueError(f"unknown gateway {kind!r}") from None


def open_gateway(config: GatewayConfig) -> Gateway:
    """The gateway for this configuration. Raises ValueError for a kind that nobody wrote."""
    return profile(config.kind).opens(config)
