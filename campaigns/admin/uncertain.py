"""The uncertain: nobody knows whether they arrived, and somebody has to decide. One by one or many at once."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import action, display
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns.admin.base import CampaignFilter, SessionFilter
from campaigns.admin.evidence import evidence
from campaigns.admin.message import MessageAdmin
from campaigns.decisions import Decision, ask_now, decide
from campaigns.errors import Refused
from campaigns.models import Envio, UncertainEnvio
from leadmaster.accounts.current_user import current_user
from leadmaster.accounts.models import User
from leadmaster.lib.admin.confirm import Confirmation, confirm_and_run
from leadmaster.lib.admin.modeladmins import NOTHING, moment
from leadmaster.lib.admin.widgets import TextareaWidget
from leadmaster.lib.ids import ids_in
from leadmaster.lib.phones import parsing

_MANY = 200
_SAMPLE = 8

LABELS = {
    Decision.ARRIVED: gettext_lazy("Llegó: la persona lo tiene"),
    Decision.RESEND: gettext_lazy("No llegó: enviarlo otra vez"),
    Decision.GIVE_UP: gettext_lazy("No llegó: dejarlo así"),
}


class DecisionForm(forms.Form):
    ids = forms.CharField(widget=forms.HiddenInput)
    decision = forms.ChoiceField(
        label=gettext_lazy("¿Qué pasó con estos mensajes?"),
        choices=[(decision.value, label) for decision, label in LABELS.items()],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=gettext_lazy("¿Cómo lo sabes?"),
        max_length=300,
        widget=TextareaWidget({"rows": 3}),
        help_text=gettext_lazy("Por ejemplo: lo vi en el teléfono de la línea. Queda en el historial."),
    )

    def clean_ids(self) -> list[int]:
        return frozen(self.cleaned_data["ids"])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a decision about many: how many, and why the others not."""

    done: int
    refused: dict[str, int]


@admin.register(UncertainEnvio)
class UncertainEnvioAdmin(MessageAdmin):
    list_display: tuple[str, ...] = ("recipient", "campaign_name", "left", "why", "attempts", "looked_up")
    list_filter: ClassVar[tuple[Any, ...]] = (CampaignFilter, SessionFilter)
    list_before_template = "admin/campaigns/uncertainenvio/help.html"
    list_disable_select_all = True
    list_per_page = 100
    actions = ("decide_selected",)
    left = moment("dispatched_at", gettext_lazy("salió hacia el gateway"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Envio]:
        return super().get_queryset(request).uncertain()  # type: ignore[attr-defined, no-any-return]  # EnvioQuerySet

    def visible(self, rows: QuerySet[Envio], request: HttpRequest) -> QuerySet[Envio]:
        """Few, so that replies stand beside the campaigns'."""
        mine = Envio.objects.decided_by(request.user).uncertain()
        return rows.filter(pk__in=mine.values("pk")).prefetch_related("campaign", "author", "session")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Envio | None = None) -> bool:
        return request.user.has_perm("campaigns.decide_envio")

    @display(description=gettext_lazy("qué se sabe"))
    def why(self, envio: Envio) -> str:
        return envio.error_text or envio.error_code or NOTHING

    @display(description=gettext_lazy("consultas al gateway"))
    def looked_up(self, envio: Envio) -> SafeString | str:
        return str(envio.lookups)

    @action(description=gettext_lazy("Decidir sobre los elegidos"))
    def decide_selected(self, request: HttpRequest, queryset: QuerySet[Envio]) -> HttpResponse:
        """The ids are frozen here: what turns uncertain later is not decided by mistake."""
        ids = ",".join(map(str, queryset.order_by("id").values_list("pk", flat=True)[:_MANY]))
        return HttpResponseRedirect(f"{reverse('admin:campaigns_uncertainenvio_decide')}?{urlencode({'ids': ids})}")

    def get_urls(self) -> list[URLPattern]:
        decide_view = self.admin_site.admin_view(self.decide_view)
        ask_view = self.admin_site.admin_view(self.ask_view)
        return [
            path("decide/", decide_view, name="campaigns_uncertainenvio_decide"),
            path("<int:pk>/ask/", ask_view, name="campaigns_uncertainenvio_ask"),
            *super().get_urls(),
        ]

    def decide_view(self, request: HttpRequest) -> HttpResponse:
        """GET shows whom the decision is about; POST decides each by itself and tells what was refused."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        ids = frozen(request.POST.get("ids") or request.GET.get("ids", ""))
        rows = Envio.objects.decided_by(request.user).filter(pk__in=ids).select_related("campaign", "session", "author")
        envios = list(rows.order_by("pk"))
        back = reverse("admin:campaigns_uncertainenvio_changelist")
        if not envios:
            messages.warning(request, _("Elige al menos un mensaje incierto."))
            return HttpResponseRedirect(back)

        def run(data: Mapping[str, Any]) -> str:
            outcome = decide_all(
                envios, Decision(data["decision"]), by=current_user(request), reason=data["reason"], now=timezone.now()
            )
            for sentence, count in outcome.refused.items():
                messages.error(request, f"{count} × {sentence}")
            return ngettext("%d mensaje decidido.", "%d mensajes decididos.", outcome.done) % outcome.done

        return confirm_and_run(
            request,
            page=_page(envios),
            run=run,
            refusals=Refused,
            form_class=DecisionForm,
            initial={"ids": ",".join(str(envio.pk) for envio in envios)},
            back=back,
            context={
                **self.admin_site.each_context(request),
                "opts": self.opts,
                **(evidence(envios[0]) if len(envios) == 1 else {}),
            },
        )

    def ask_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The gateway is asked about one with the next look-up."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = Envio.objects.decided_by(request.user).select_related("campaign", "session", "author")
        envio = get_object_or_404(rows, pk=pk)
        if request.method == "POST":
            try:
                ask_now(envio, by=current_user(request), now=timezone.now())
            except Refused as refusal:
                messages.error(request, str(refusal))
            else:
                messages.success(
                    request, _("Se le pregunta al gateway en menos de un minuto: si lo sabe, se resuelve solo.")
                )
        return HttpResponseRedirect(f"{reverse('admin:campaigns_uncertainenvio_decide')}?ids={envio.pk}")


def decide_all(envios: list[Envio], decision: Decision, *, by: User, reason: str, now: dt.datetime) -> Outcome:
    """Decide each in its own transaction: one that is no longer uncertain does not hold back the others."""
    done = 0
    refused: dict[str, int] = {}
    for envio in envios:
        try:
            decide(envio, decision, by=by, reason=reason, now=now)
        except Refused as refusal:
            refused[str(refusal)] = refused.get(str(refusal), 0) + 1
        else:
            done += 1
    return Outcome(done=done, refused=refused)


def frozen(text: str) -> list[int]:
    """The ids of `1,2,3`; whatever is no number is left out."""
    return ids_in(text)[:_MANY]


def _page(envios: list[Envio]) -> Confirmation:
    return Confirmation(
        title=_("Decidir inciertos"),
        question=_(
            "El gateway no confirmó estos mensajes y no sabemos si llegaron. Míralo en el teléfono de la línea: "
            "si envías de nuevo uno que llegó, la persona lo recibe dos veces."
        ),
        button=_("Guardar la decisión"),
        facts=[(_("Mensajes"), len(envios)), (_("Campañas"), len({envio.campaign_id for envio in envios} - {None}))],
        sample=[
            f"{envio.name} · {parsing.pretty(envio.phone)} · {envio.title}".strip(" ·") for envio in envios[:_SAMPLE]
        ],
        sample_title=_("Sobre estas personas"),
        warning=_("Cada decisión queda en el historial del mensaje con tu nombre."),
    )
