"""Changing what a draft says after its recipients came: every frozen text is written anew, or none is."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.enums import CampaignState, EnvioState
from campaigns.errors import Incomplete, WrongState
from campaigns.models import Campaign, CampaignEvent, Envio
from campaigns.policy import Act, require
from campaigns.rendering import MissingValuesError, Template, UnsendableTextError
from campaigns.template_checks import check_template
from leadmaster.accounts.models import User
from leadmaster.lib.language import kept

# One transaction holds them all: more would hold up the sender.
LIMIT = 20_000
_BATCH = 500


def edit_message(campaign: Campaign, template: str, *, by: User | None, now: dt.datetime) -> int:
    """Give a draft another message. Returns how many texts were written anew.

    Raises NotAllowed, WrongState (not a draft any more), TemplateError, or Incomplete when somebody's row lacks what
    the new message needs; nothing is changed then.
    """
    require(by, Act.EDIT, campaign)
    with transaction.atomic(durable=True):
        locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if locked.state != CampaignState.DRAFT:
            raise WrongState(
                _(
                    "El mensaje solo se edita mientras la campaña es borrador. Si espera aprobación, pide que la rechacen."
                )
            )
        parsed = check_template(template, columns=locked.columns)
        written = _rewrite(locked, parsed)
        Campaign.objects.filter(pk=locked.pk).update(template=template)
        CampaignEvent.objects.create(
            campaign=locked,
            at=now,
            by=by,
            from_state=CampaignState.DRAFT,
            to_state=CampaignState.DRAFT,
            reason=kept(gettext_lazy("Cambió el mensaje.")),
        )
    campaign.refresh_from_db()
    return written


def _rewrite(campaign: Campaign, template: Template) -> int:
    rows = Envio.objects.filter(campaign=campaign, state=EnvioState.PENDING).order_by("id")
    envios = list(rows.only("id", "phone", "name", "variables", "text")[: LIMIT + 1])
    if len(envios) > LIMIT:
        raise Incomplete(
            _(
                "Tiene más de %(limit)d destinatarios: crea otra campaña con el mensaje nuevo e importa el archivo en ella."
            )
            % {"limit": LIMIT}
        )
    lacking = 0
    for envio in envios:
        try:
            envio.text = template.render(_values(envio), seed=envio.phone)
        except (MissingValuesError, UnsendableTextError):
            lacking += 1
    if lacking:
        raise Incomplete(
            ngettext(
                "A %(count)d destinatario le falta un dato que el mensaje nuevo usa. Escribe qué poner en su lugar, como {nombre|cliente}.",
                "A %(count)d destinatarios les falta un dato que el mensaje nuevo usa. Escribe qué poner en su lugar, como {nombre|cliente}.",
                lacking,
            )
            % {"count": lacking}
        )
    Envio.objects.bulk_update(envios, ["text"], batch_size=_BATCH)
    return len(envios)


def _values(envio: Envio) -> dict[str, str]:
    variables: dict[str, str] = envio.variables
    return {**variables, "nombre": envio.name, "nombre_destino": envio.name}
