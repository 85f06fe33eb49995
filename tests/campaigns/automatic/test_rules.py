"""Rules of automatic answers through their doors: whole or not written, by whoever supervises the team, tried out first."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.automatic import rules
from campaigns.enums import AutomaticKind
from campaigns.errors import Incomplete, NotAllowed, Refused
from campaigns.models import AutomaticAnswer, AutomaticRule, Envio
from tests.company import Company, build, let_into_the_admin, signed_in
from tests.factories.campaigns import AutomaticAnswerFactory, AutomaticRuleFactory, ConversationFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from whatsapp.models import WhatsAppSession

pytestmark = pytest.mark.django_db

LIST = reverse("admin:campaigns_automaticrule_changelist")
ADD = reverse("admin:campaigns_automaticrule_add")
LOG = reverse("admin:campaigns_automaticanswer_changelist")


@pytest.fixture
def company(db: None) -> Company:
    return build()


@pytest.fixture
def line(company: Company) -> WhatsAppSession:
    made: WhatsAppSession = WhatsAppSessionFactory.create(team=company.team, owner=company.owner)
    return made


def draft(company: Company, **fields: Any) -> AutomaticRule:
    given = {"kind": AutomaticKind.FIRST_ANSWER, "text": "Ya te contestamos.", "enabled": True, **fields}
    return AutomaticRule(team=company.team, **given)


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"text": "  "}, Incomplete),
        ({"text": "x" * 1_001}, Incomplete),
        ({"text": "Hola {nombre}"}, Incomplete),
        ({"kind": AutomaticKind.KEYWORD}, Incomplete),
        ({"kind": AutomaticKind.KEYWORD, "keywords": "¡!\n 🙏"}, Incomplete),
        ({"keywords": "precio"}, Incomplete),
    ],
)
def test_what_is_not_whole_is_not_written(company: Company, fields: dict[str, Any], refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        rules.save(draft(company, **fields), by=company.supervisor, now=timezone.now())
    assert not AutomaticRule.objects.exists()


def test_a_line_of_another_team_is_none_of_its_own(company: Company) -> None:
    theirs = WhatsAppSessionFactory.create(team=company.other_team)

    with pytest.raises(Refused, match="no es de ese equipo"):
        rules.save(draft(company, session=theirs), by=company.administrator, now=timezone.now())


def test_of_two_that_would_answer_the_same_one_is_on(company: Company, line: WhatsAppSession) -> None:
    AutomaticRuleFactory.create(team=company.team)

    with pytest.raises(Refused, match="Ya hay una regla encendida"):
        rules.save(draft(company), by=company.supervisor, now=timezone.now())
    rules.save(draft(company, enabled=False), by=company.supervisor, now=timezone.now())
    rules.save(draft(company, session=line), by=company.supervisor, now=timezone.now())
    for _ in range(2):
        word = draft(company, kind=AutomaticKind.KEYWORD, keywords="precio")
        rules.save(word, by=company.supervisor, now=timezone.now())


def test_a_change_leaves_what_somebody_else_changed_meanwhile(company: Company) -> None:
    seen: AutomaticRule = AutomaticRuleFactory.create(team=company.team)
    AutomaticRule.objects.filter(pk=seen.pk).update(text="Otro texto")

    rules.change(seen, {"enabled": False}, by=company.supervisor, now=timezone.now())

    row = AutomaticRule.objects.get()
    assert (row.text, row.enabled, row.changed_by) == ("Otro texto", False, company.supervisor)


def test_what_a_change_makes_of_the_rule_as_it_is_now_is_judged(company: Company) -> None:
    """Somebody turned on another one of the kind that this one became meanwhile."""
    seen: AutomaticRule = AutomaticRuleFactory.create(team=company.team, kind=AutomaticKind.OPT_OUT, enabled=False)
    AutomaticRule.objects.filter(pk=seen.pk).update(kind=AutomaticKind.FIRST_ANSWER)
    AutomaticRuleFactory.create(team=company.team, kind=AutomaticKind.FIRST_ANSWER)

    with pytest.raises(Refused, match="Ya hay una regla encendida"):
        rules.change(seen, {"enabled": True}, by=company.supervisor, now=timezone.now())


@pytest.mark.parametrize("who", ["owner", "colleague", "stranger"])
def test_nobody_else_writes_them_or_takes_them_over(company: Company, who: str) -> None:
    by = getattr(company, who)
    with pytest.raises(NotAllowed):
        rules.save(draft(company), by=by, now=timezone.now())
    theirs = AutomaticRuleFactory.create(team=company.team)
    theirs.team = company.other_team
    with pytest.raises(NotAllowed):
        rules.save(theirs, by=by, now=timezone.now())
    assert AutomaticRule.objects.get().team == company.team


# --- The admin -----------------------------------------------------------------------------------------------------


def typed(company: Company, **fields: Any) -> dict[str, Any]:
    return {"team": company.team.pk, "session": "", "kind": "primera", "keywords": "", "text": "Ya va.", **fields}


def test_a_supervisor_writes_one_off_and_turns_it_on(company: Company) -> None:
    boss = signed_in(company.supervisor)

    boss.post(ADD, typed(company))
    row = AutomaticRule.objects.get()
    assert (row.enabled, row.changed_by) == (False, company.supervisor)
    page = reverse("admin:campaigns_automaticrule_change", args=[row.pk])
    assert "Ver qué habría contestado últimamente" in boss.get(page).content.decode()
    boss.post(page, typed(company, enabled="on"))

    row.refresh_from_db()
    assert row.enabled
    assert "Encendida" in boss.get(LIST).content.decode()


def test_what_is_refused_is_said_on_the_form(company: Company) -> None:
    answer = signed_in(company.supervisor).post(ADD, typed(company, kind="palabra"))

    assert "Escribe las palabras a las que contesta" in answer.content.decode()
    assert not AutomaticRule.objects.exists()


def test_it_offers_no_team_and_no_line_of_others(company: Company) -> None:
    theirs = WhatsAppSessionFactory.create(team=company.other_team, name="Línea ajena")
    boss = signed_in(company.supervisor)

    assert "Línea ajena" not in boss.get(ADD).content.decode()
    boss.post(ADD, typed(company, session=theirs.pk))
    boss.post(ADD, typed(company, team=company.other_team.pk))

    assert not AutomaticRule.objects.exists()


def test_a_promoter_sees_neither_rules_nor_log(company: Company, line: WhatsAppSession) -> None:
    AutomaticAnswerFactory.create(rule__team=company.team, session=line)
    let_into_the_admin(company.owner)
    promoter = signed_in(company.owner)

    assert [promoter.get(page).status_code for page in (LIST, ADD, LOG)] == [403, 403, 403]


def test_the_log_says_what_was_held_back_and_why(company: Company, line: WhatsAppSession) -> None:
    AutomaticAnswerFactory.create(rule__team=company.team, session=line)

    assert "parece de otra máquina" in signed_in(company.supervisor).get(LOG).content.decode()
    assert list(signed_in(company.stranger).get(LOG).context["cl"].result_list) == []


# --- Trying it out -------------------------------------------------------------------------------------------------


def test_the_preview_says_whom_it_would_have_answered_and_sends_nothing(
    company: Company, line: WhatsAppSession
) -> None:
    rule = AutomaticRuleFactory.create(
        team=company.team, kind=AutomaticKind.KEYWORD, keywords="precio", text="Mira la lista."
    )
    now = timezone.now()
    for minute, words in enumerate(["¿Qué precio tiene?", "Hola", "no me escriban", "Mensaje automático: precio"]):
        ConversationFactory.create(session=line, waiting_since=now - dt.timedelta(minutes=minute), words=words)
    ConversationFactory.create(words="El precio de otro equipo")

    seen = rules.preview(rule)

    assert (seen.tried, seen.answered, [one.words for one in seen.examples]) == (4, 1, ["¿Qué precio tiene?"])
    assert not Envio.objects.exists()
    assert not AutomaticAnswer.objects.exists()
    page = reverse("admin:campaigns_automaticrule_preview", args=[rule.pk])
    shown = signed_in(company.supervisor).get(page).content.decode()
    assert "Mira la lista." in shown
    assert "¿Qué precio tiene?" in shown
    assert signed_in(company.stranger).get(page).status_code == 404


def test_a_lines_rule_is_tried_on_that_line(company: Company, line: WhatsAppSession) -> None:
    ConversationFactory.create(session=WhatsAppSessionFactory.create(team=company.team))
    ConversationFactory.create(session=line)
    rule = AutomaticRuleFactory.create(team=company.team, session=line)

    assert rules.preview(rule).tried == 1
