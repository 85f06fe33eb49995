"""Give the oldest of the pool to somebody: so many, of what the pool page shows, frozen before anybody is asked."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from leadmaster.directory.enums import Availability
from opportunities.admin.base import require_supervisor_role
from opportunities.admin.decisions.verbs import MANY, Verb, address, way_back
from opportunities.models import Opportunity
from opportunities.queries.pool_figures import FACET_NAMES
from opportunities.queries.search import of_clients
from opportunities.scope import team_ids_of
from opportunities.supervision.frozen import Seen


class _Wanted(forms.Form):
    number = forms.IntegerField(min_value=1, max_value=MANY)
    team = forms.IntegerField(required=False)
    province = forms.CharField(required=False, max_length=80)
    agreement = forms.CharField(required=False, max_length=80)
    client_type = forms.CharField(required=False, max_length=40)


def draw(request: HttpRequest) -> HttpResponse:
    """On to the page that asks to whom. Nothing is written here."""
    user = require_supervisor_role(request)
    back = way_back(request, "admin:opportunities_opportunity_pool")
    form = _Wanted(request.GET)
    if not form.is_valid():
        messages.error(request, _("Escribe cuántas, entre 1 y %(most)d.") % {"most": MANY})
        return HttpResponseRedirect(back)
    asked = form.cleaned_data
    teams = team_ids_of(user)
    if asked["team"]:
        teams = [team for team in teams if team == asked["team"]]
    rows = Opportunity.objects.filter(team_id__in=teams).pool()
    chosen = {name: asked[name] for name in FACET_NAMES if asked[name]}
    rows = of_clients(rows, chosen, availability=Availability.POOL)
    found = [Seen(*row) for row in rows.values_list("pk", "version")[: asked["number"]]]
    if not found:
        messages.warning(request, _("No hay nada en el pool con esos filtros."))
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(address(Verb.REASSIGN, found, back=back))
