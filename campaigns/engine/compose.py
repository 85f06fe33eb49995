"""What is handed to the gateway for one claim: the frozen text, or the approved template where free text is not taken.

Decided before the request, from when the person last wrote: a refusal that we can foresee costs a quality that counts.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from campaigns import official_template
from campaigns.engine.claim import Claim
from campaigns.errors import Refused
from campaigns.models import Envio
from whatsapp.gateways import answers
from whatsapp.gateways.base import GatewayError, OutboundMessage, Outcome, Scope

TEMPLATE_DATA = "TEMPLATE_DATA"


def compose(claim: Claim, now: dt.datetime) -> OutboundMessage | GatewayError:
    """No query but on lines that take free text only in answer; there one or two."""
    text = OutboundMessage(phone=claim.phone, text=claim.text, client_message_id=claim.client_message_id)
    if official_template.takes_free_text(claim.slot.session, claim.phone, now):
        return text
    campaign = claim.campaign
    if campaign is None or not campaign.official_name:
        return answers.NEEDS_TEMPLATE.error()
    name, variables = Envio.objects.values_list("name", "variables").get(pk=claim.envio_id)
    try:
        template = official_template.for_person(campaign, phone=claim.phone, name=name, variables=variables)
    except Refused as error:
        return GatewayError(str(error), outcome=Outcome.REFUSED, scope=Scope.MESSAGE, code=TEMPLATE_DATA)
    return dataclasses.replace(text, template=template)
