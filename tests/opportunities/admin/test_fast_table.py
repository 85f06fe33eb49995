"""Lists whose table is drawn by a template of our own: they show what the theme would have shown."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.template.loader import get_template
from django.utils import timezone
from unfold.templatetags.unfold_list import result_list

from leadmaster.accounts.models import Team
from leadmaster.directory.models import Client
from opportunities.admin.people.lot import LotAdmin
from opportunities.funnel import moves
from opportunities.models import Opportunity
from opportunities.supervision import bulk
from tests.opportunities.admin.rules import browser
from tests.opportunities.web.conftest import World

LIST = "/admin/opportunities/opportunity/"
LOTS = "/admin/opportunities/lot/"


@pytest.fixture
def desk(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two of each state, one of each with a name that is markup, at a moment that stands still."""
    now = timezone.now()
    rows = world.give(6)
    for row in rows[:2]:
        moves.move(row.pk, world.funnel.no_answer, by=world.promoter.user, version=1, now=now, reason="<i>No & no</i>")
    bulk.return_to_pool([row.pk for row in rows[2:4]], by=world.supervisor, now=now)
    for row in rows[::2]:
        Client.objects.filter(pk=row.client_id).update(name="<script>alert(1)</script>", last_names='"de" {0} %s')
        Client.objects.filter(pk=row.client_id).update(city="<u>León</u>", agreement="<s>Salud</s>")
    Team.objects.filter(pk=world.promoter.desk.team_id).update(name="<b>Norte</b>")
    monkeypatch.setattr(timezone, "now", lambda: now + dt.timedelta(hours=1))
    return world


@pytest.mark.parametrize(
    "path",
    [
        LIST,
        f"{LIST}?state=activa&q=%3Cscript",
        f"{LIST}?state=ganada",
        f"{LIST}inbox/",
        f"{LIST}pool/",
        f"{LIST}pool/?province=Jalisco",
        f"{LOTS}?o=-6",
        LOTS,
    ],
)
def test_the_table_shows_what_the_theme_would_have_shown(
    desk: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LotAdmin, "sortable_by", None)
    answer = browser(desk, "supervisor").get(path)

    context = result_list({"request": answer.wsgi_request}, answer.context["cl"])
    found = rows_of(answer.content.decode())
    assert found == rows_of(get_template("admin/change_list_results.html").render(context))
    assert len(found) == (0 if "ganada" in path else 1 + expected_rows(path))


def test_a_cell_bears_the_name_of_its_column_for_where_there_are_no_headers(desk: World) -> None:
    page = browser(desk, "supervisor").get(f"{LIST}pool/").content.decode()

    for name, label in {"who": "cliente", "place": "lugar", "agreed": "convenio", "of_team": "equipo"}.items():
        assert len(re.findall(f'class="field-{name}" data-label="{label}"', page)) == 2


def rows_of(page: str) -> list[str]:
    """Each row of the list's table, its headers first, without what is the theme's looks alone."""
    table = page.partition('id="result_list"')[2].partition("</table>")[0]
    return [bare(row) for row in re.findall("<tr.*?</tr>", table, re.DOTALL)]


def bare(markup: str) -> str:
    """Without space between tags, names of columns beside values, and classes that no script and no style of ours asks for."""
    known = re.compile(r"((field|column|action|lm|sort|sorted)[-\w]*|data-row|ascending|descending|toggle)$")

    def kept(classes: re.Match[str]) -> str:
        return f' class="{" ".join(name for name in classes[1].split() if known.match(name))}"'

    markup = re.sub(r'\s+(?:data-label|scope)="[^"]*"', "", markup)
    markup = re.sub(r'\s+class="([^"]*)"', kept, markup).replace(' class=""', "")
    return re.sub(r"\s+>", ">", re.sub(r">\s+<", "><", markup)).strip()


def expected_rows(path: str) -> int:
    """One lot of six, two of each state, one of each with a name that is markup."""
    if path.startswith(LOTS) or "q=%3Cscript" in path:
        return 1
    return 6 if path == LIST else 2


def test_what_people_wrote_stays_text(desk: World) -> None:
    for path in (LIST, f"{LIST}inbox/", f"{LIST}pool/"):
        page = browser(desk, "supervisor").get(path).content.decode()
        assert not any(f"<{markup}" in page for markup in ("script>alert", "u>", "s>", "b>Norte", "i>No")), path
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &quot;de&quot; {0} %s" in page, path


def test_rows_are_chosen_by_their_own_boxes_and_opened_by_their_own_links(desk: World) -> None:
    page = browser(desk, "supervisor").get(f"{LIST}?state=activa").content.decode()

    for pk in Opportunity.objects.active().values_list("pk", flat=True):
        assert f'name="_selected_action" value="{pk}"' in page
        assert f"{LIST}{pk}/change/?_changelist_filters=state%3Dactiva" in page
