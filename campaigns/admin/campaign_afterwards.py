"""A campaign's page, afterwards: repeat it, try its errors again, read who answered, take everybody along as a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from campaigns.admin.base import require_act
from campaigns.afterwards import export, replies
from campaigns.afterwards.reasons import Reason, name_of, reasons
from campaigns.afterwards.repeat import WORDS, Whom, people, repeat
from campaigns.afterwards.retry import retry
from campaigns.errors import Refused
from campaigns.models import Campaign
from campaigns.policy import Act
from leadmaster.accounts.current_user import current_user
from leadmaster.lib.admin.confirm import Confirmation, ReasonForm, confirm_and_run

_EVERY = "todos"


class RepeatForm(forms.Form):
    """The draft's name, and who is in it."""

    name = forms.CharField(label=gettext_lazy("Nombre"), max_length=160)
    whom = forms.ChoiceField(
        label=gettext_lazy("A quién"),
        choices=[(whom.value, words) for whom, words in WORDS.items()],
        initial=Whom.NOBODY.value,
    )


def repeat_page(request: HttpRequest, campaign: Campaign, context: Mapping[str, Any]) -> HttpResponse:
    require_act(request, Act.EDIT, campaign)
    made: list[Campaign] = []

    def run(data: Mapping[str, Any]) -> str:
        draft = repeat(
            campaign, by=current_user(request), now=timezone.now(), name=data["name"], whom=Whom(data["whom"])
        )
        made.append(draft)
        return _("“%(name)s” es un borrador nuevo: revísalo y envíalo a aprobar.") % {"name": draft.name}

    answer = confirm_and_run(
        request,
        page=Confirmation(
            title=_("Repetir · %(name)s") % {"name": campaign.name},
            question=_(
                "Copia el mensaje, las programaciones desde hoy y el ritmo a un borrador. Nada sale sin aprobarlo."
            ),
            button=_("Crear el borrador"),
            facts=[(_("No les llegó"), people(campaign, Whom.MISSING).count())],
        ),
        run=run,
        refusals=Refused,
        form_class=RepeatForm,
        initial={"name": _("%(name)s (otra vez)") % {"name": campaign.name[:140]}},
        back=_url("change", campaign),
        context=dict(context),
    )
    return HttpResponseRedirect(_url("change", made[0])) if made else answer


def retry_page(request: HttpRequest, campaign: Campaign, code: str, context: Mapping[str, Any]) -> HttpResponse:
    """Of one code, or of all."""
    require_act(request, Act.OPERATE, campaign)
    found = [one for one in reasons(campaign) if one.retriable and code in (_EVERY, one.code)]

    def run(data: Mapping[str, Any]) -> str:
        number = retry(
            campaign,
            by=current_user(request),
            reason=data["reason"],
            now=timezone.now(),
            code=None if code == _EVERY else code,
        )
        told = ngettext(
            "%(n)d mensaje vuelve a esperar su turno.", "%(n)d mensajes vuelven a esperar su turno.", number
        )
        return told % {"n": number}

    return confirm_and_run(
        request,
        page=Confirmation(
            title=_("Reintentar errores · %(name)s") % {"name": campaign.name},
            question=_(
                "Vuelven a esperar su turno los que con seguridad no salieron. Los inciertos y los que pudieron llegar no se tocan."
            ),
            button=_("Reintentar"),
            facts=[(_fact(one), one.retriable) for one in found] or [(_("Para reintentar"), 0)],
        ),
        run=run,
        refusals=Refused,
        form_class=ReasonForm,
        back=_url("change", campaign),
        context=dict(context),
    )


@require_safe
def replies_page(request: HttpRequest, campaign: Campaign, context: Mapping[str, Any]) -> HttpResponse:
    """The newest words of who answered, and who of them waits."""
    waiting = request.GET.get("waiting") == "1"
    found = list(replies.conversations(campaign, waiting=waiting)[: replies.MOST + 1])
    return TemplateResponse(
        request,
        "admin/campaigns/campaign/replies.html",
        {
            **context,
            "title": _("Respondieron · %(name)s") % {"name": campaign.name},
            "campaign": campaign,
            "answered": replies.answered([campaign.pk])[campaign.pk],
            "conversations": found[: replies.MOST],
            "more": len(found) > replies.MOST,
            "waiting": waiting,
            "now": timezone.now(),
        },
    )


@require_safe
def export_file(request: HttpRequest, campaign: Campaign) -> HttpResponseBase:
    require_act(request, Act.VIEW, campaign)
    return export.answer(campaign)


def shown(campaign: Campaign) -> dict[str, Any]:
    """What the page says of it: why messages failed, and who answered."""
    return {"reasons": reasons(campaign), "answered": replies.answered([campaign.pk])[campaign.pk], "every": _EVERY}


def _fact(one: Reason) -> str:
    return f"{name_of(one.code)}: {one.text}" if one.text else name_of(one.code)


def _url(name: str, campaign: Campaign) -> str:
    return reverse(f"admin:campaigns_campaign_{name}", args=[campaign.pk])
