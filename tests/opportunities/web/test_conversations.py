"""«Conversaciones»: whose they are, what they show, what is done about them and where one lands then."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from campaigns.enums import Ack, ConversationState, EnvioState
from campaigns.inbound import receive
from campaigns.models import Campaign, Conversation
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from opportunities.enums import EventKind
from opportunities.models import Opportunity, Promoter, Reminder
from opportunities.scope import conversations_of
from tests.company import signed_in, told
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.opportunities.web.conftest import World
from whatsapp.inbound import Content, Inbound
from whatsapp.models import WhatsAppSession

S = ConversationState
PHONE, LID = "+523312345678", "123456789012345"
URL = "/conversaciones/"


@dataclasses.dataclass(frozen=True)
class Talks:
    """A line of the promoter's team that is nobody's own, and whoever writes to it."""

    world: World
    line: WhatsAppSession
    campaign: Campaign

    def hears(
        self,
        text: str = "Hola",
        *,
        phone: str = PHONE,
        lid: str = "",
        ago: int = 0,
        content: Content = Content.TEXT,
        line: WhatsAppSession | None = None,
    ) -> Conversation:
        now, session = timezone.now(), line or self.line
        number = Conversation.objects.count() + sum(Conversation.objects.values_list("version", flat=True))
        inbound = Inbound(
            tenant_id=session.tenant_id,
            message_id=f"in-{number}",
            phone=phone,
            lid=lid,
            text=text,
            at=now - dt.timedelta(minutes=ago),
            content=content,
        )
        receive(inbound, session=session, now=now)
        return Conversation.objects.filter(session=session, **({"phone": phone} if phone else {"lid": lid})).get()

    def writes(self, phone: str = PHONE, **fields: object) -> None:
        state = {"state": EnvioState.SENT, "sent_at": timezone.now() - dt.timedelta(hours=1), **fields}
        EnvioFactory.create(campaign=self.campaign, phone=phone, name="Rosa Díaz", **state)

    def answered(self) -> Conversation:
        """Somebody without an opportunity answers the promoter's campaign."""
        self.writes()
        return self.hears("Sí, me interesa")


@pytest.fixture
def talks(world: World) -> Talks:
    team = world.promoter.desk.team
    line = WhatsAppSessionFactory.create(team=team, region="MX")
    campaign = CampaignFactory.create(session=line, team=team, owner=world.promoter.user, name="Planes")
    return Talks(world=world, line=line, campaign=campaign)


def page(browser: Browser, path: str = URL) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def act(talks: Talks, row: Conversation, verb: str, *, who: str = "promoter", **data: object) -> object:
    seen = {"version": Conversation.objects.values_list("version", flat=True).get(pk=row.pk), **data}
    return talks.world.browser(who).post(f"{URL}{row.pk}/{verb}/", seen)


# --- Whose they are --------------------------------------------------------------------------------------------------------


def sees(talks: Talks, row: Conversation) -> set[str]:
    people = ("promoter", "colleague", "stranger", "supervisor", "foreign_supervisor")
    seen = {who for who in people if talks.world.browser(who).get(f"{URL}{row.pk}/").status_code == 200}
    for who in people:
        assert (f'id="talk-{row.pk}"' in page(talks.world.browser(who))) == (who in seen), who
    return seen


def test_who_answers_a_campaign_is_its_owners_and_the_teams_supervisors(talks: Talks) -> None:
    assert sees(talks, talks.answered()) == {"promoter", "supervisor"}


def test_who_writes_without_being_asked_is_the_supervisors_alone(talks: Talks) -> None:
    assert sees(talks, talks.hears()) == {"supervisor"}


def test_a_client_who_writes_is_whoever_works_them(talks: Talks, row: Opportunity) -> None:
    phone = row.client.contacts.filter(kind="telefono").get().normalised

    assert sees(talks, talks.hears(phone=phone)) == {"promoter", "supervisor"}

    Opportunity.objects.filter(pk=row.pk).update(owner=talks.world.colleague)
    assert sees(talks, Conversation.objects.get()) == {"colleague", "supervisor"}


def test_a_client_who_writes_to_another_team_is_not_told_to_this_one(talks: Talks, row: Opportunity) -> None:
    phone = row.client.contacts.filter(kind="telefono").get().normalised
    theirs = WhatsAppSessionFactory.create(team=talks.world.stranger.desk.team, region="MX")

    assert sees(talks, talks.hears(phone=phone, line=theirs)) == {"foreign_supervisor"}


def test_ones_own_line_is_ones_own(talks: Talks) -> None:
    mine = WhatsAppSessionFactory.create(team=talks.world.promoter.desk.team, owner=talks.world.colleague.user)

    assert sees(talks, talks.hears(line=mine)) == {"colleague", "supervisor"}


def test_who_is_given_one_sees_it_while_they_are_at_that_desk(talks: Talks) -> None:
    row = talks.hears()
    act(talks, row, "asignar", who="supervisor", to=talks.world.colleague.pk)
    assert sees(talks, row) == {"colleague", "supervisor"}

    Promoter.objects.filter(pk=talks.world.colleague.pk).update(desk=talks.world.stranger.desk)
    assert sees(talks, row) == {"supervisor"}


def test_administrators_see_all_and_who_was_sent_away_none(talks: Talks) -> None:
    row = talks.hears()
    admin, gone = UserFactory.create(role=Role.ADMINISTRATOR), UserFactory.create(role=Role.ADMINISTRATOR)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    gone.refresh_from_db()

    assert list(conversations_of(admin)) == [row]
    assert not conversations_of(gone).exists()


VERBS = ("leer", "atender", "posponer", "asignar", "captar")


@pytest.mark.parametrize("who", ["colleague", "stranger", "foreign_supervisor"])
@pytest.mark.parametrize("verb", VERBS)
def test_nobody_else_does_anything_about_it(talks: Talks, who: str, verb: str) -> None:
    row = talks.answered()
    before = Conversation.objects.values().get(pk=row.pk)

    answer = act(talks, row, verb, who=who, preset="1h", to=talks.world.colleague.pk, name="Ana", key="k1")

    assert answer.status_code == 404  # type: ignore[attr-defined]
    assert Conversation.objects.values().get(pk=row.pk) == before
    assert not Opportunity.objects.exists()


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_are_not_links(talks: Talks, verb: str) -> None:
    row = talks.answered()
    before = Conversation.objects.values().get(pk=row.pk)

    answer = talks.world.browser("promoter").get(f"{URL}{row.pk}/{verb}/")

    assert answer.headers["Location"] == f"{URL}{row.pk}/"
    assert Conversation.objects.values().get(pk=row.pk) == before


# --- What they show ------------------------------------------------------------------------------------------------------------


def test_the_whole_conversation_in_its_order_with_how_far_each_message_got(talks: Talks) -> None:
    talks.writes(ack=Ack.READ, text="Hola Rosa, ¿te cuento del plan?")
    long = "Sí, " + "muy " * 400 + "interesada"
    talks.hears(long, ago=9)
    row = talks.hears("Este", content=Content.IMAGE, ago=3)

    shown = page(talks.world.browser("promoter"), f"{URL}{row.pk}/")

    order = [shown.index(words) for words in ("¿te cuento del plan?", "Leído", long, "<b>Imagen</b>", "<p>Este</p>")]
    assert order == sorted(order)
    assert "Rosa Díaz" in shown
    assert "Mensaje de “Planes”" in shown


def test_somebody_without_a_number_is_shown_too(talks: Talks) -> None:
    row = talks.hears("¿Quién eres?", phone="", lid=LID)

    listed = page(talks.world.browser("supervisor"))
    shown = page(talks.world.browser("supervisor"), f"{URL}{row.pk}/")

    assert "Alguien cuyo número WhatsApp oculta" in listed
    assert "¿Quién eres?" in listed
    assert "WhatsApp no dice su número" in shown
    assert "Hacerla una oportunidad" not in shown


def test_the_one_who_waits_longest_comes_first_and_what_is_put_off_comes_back(talks: Talks) -> None:
    first = talks.hears(phone="+523312345601", ago=50)
    second = talks.hears(phone="+523312345602", ago=20)
    third = talks.hears(phone="+523312345603", ago=90)
    browser = talks.world.browser("supervisor")
    act(talks, third, "posponer", who="supervisor", preset="1h")

    def shown(path: str = URL) -> list[int]:
        return [card.row.pk for card in browser.get(path).context["cards"]]

    assert shown() == [first.pk, second.pk]
    assert shown(f"{URL}?ver=pospuestas") == [third.pk]
    Conversation.objects.filter(pk=third.pk).update(due_at=timezone.now() - dt.timedelta(minutes=1))
    assert shown() == [first.pk, second.pk, third.pk]
    assert shown(f"{URL}?ver=todas") == [second.pk, first.pk, third.pk]
    assert shown(f"{URL}?ver=pospuestas") == shown(f"{URL}?ver=atendidas") == []


def test_a_long_list_comes_in_pages_that_miss_nobody(talks: Talks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("opportunities.queries.conversations.page.__kwdefaults__", {"most": 3})
    made = {talks.hears(phone=f"+5233123456{number:02d}", ago=number).pk for number in range(8)}
    browser, path, seen = talks.world.browser("supervisor"), URL, []

    while path:
        answer = browser.get(path)
        seen += [card.row.pk for card in answer.context["cards"]]
        path = f"{URL}?{answer.context['more']}" if answer.context["more"] else ""

    assert len(seen) == 8
    assert set(seen) == made


@pytest.mark.parametrize(
    "query", ["ver=x", "campania=x", f"campania={'9' * 30}", "despues=x_y", "despues=2026-99Z_1", "sin=x"]
)
def test_an_address_that_makes_no_sense_shows_what_waits(talks: Talks, query: str) -> None:
    talks.hears()
    assert talks.world.browser("supervisor").get(f"{URL}?{query}").status_code == 200


def test_who_has_no_opportunity_is_a_queue_of_the_campaign(talks: Talks, row: Opportunity) -> None:
    client = row.client.contacts.filter(kind="telefono").get().normalised
    talks.writes(client)
    talks.hears(phone=client)
    free = talks.answered()
    other = talks.hears(phone="+523312345699")
    browser = talks.world.browser("supervisor")

    def shown(query: str) -> set[int]:
        return {card.row.pk for card in browser.get(f"{URL}?{query}").context["cards"]}

    assert shown(f"campania={talks.campaign.pk}&sin=1") == {free.pk}
    assert shown("sin=1") == {free.pk, other.pk}


def test_the_list_costs_the_same_for_one_and_for_many(
    talks: Talks, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(12):
        talks.hears(phone=f"+5233123456{number:02d}")
    browser = talks.world.browser("promoter")
    browser.get(URL)

    with django_assert_max_num_queries(16):
        browser.get(URL)


def test_the_day_says_how_many_wait(talks: Talks) -> None:
    talks.answered()

    assert "1 conversación espera respuesta" in page(talks.world.browser("promoter"), "/")
    assert "espera respuesta" not in page(talks.world.browser("colleague"), "/")


# --- What is done about them -------------------------------------------------------------------------------------------------------


def test_after_one_comes_the_next_that_waits(talks: Talks) -> None:
    row = talks.answered()
    other = talks.hears(phone="+523312345699")

    answer = act(talks, row, "atender", who="supervisor")

    assert answer.headers["Location"] == f"{URL}{other.pk}/"  # type: ignore[attr-defined]
    row.refresh_from_db()
    assert (row.state, row.handled_by, row.unread) == (S.HANDLED, talks.world.supervisor, 0)
    assert act(talks, other, "atender", who="supervisor").headers["Location"] == URL  # type: ignore[attr-defined]


def test_nobody_attends_to_what_was_written_since(talks: Talks) -> None:
    row = talks.answered()
    talks.hears("Espera, una cosa más")

    answer = act(talks, row, "atender", version=row.version)

    assert "cambió desde que la miraste" in told(answer)[-1]
    assert Conversation.objects.get().state == S.WAITING


def test_opening_it_reads_it_and_looking_changes_nothing(talks: Talks) -> None:
    row = talks.answered()
    browser = talks.world.browser("promoter")
    browser.get(f"{URL}{row.pk}/")
    assert Conversation.objects.get().unread == 1

    act(talks, row, "leer")

    assert (Conversation.objects.get().unread, Conversation.objects.get().state) == (0, S.WAITING)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({}, "Elige cuándo."),
        ({"until": "ayer"}, "el día y la hora"),
        ({"until": "2020-01-01T10:00"}, "ya pasó"),
    ],
)
def test_an_hour_that_is_none_puts_nothing_off(talks: Talks, data: dict[str, str], problem: str) -> None:
    row = talks.answered()

    answer = act(talks, row, "posponer", **data)

    assert problem in "".join(told(answer)) + answer.content.decode()  # type: ignore[attr-defined]
    assert Conversation.objects.get().state == S.WAITING


def test_tomorrow_at_nine_is_the_desks(talks: Talks) -> None:
    row = talks.answered()

    act(talks, row, "posponer", preset="9")

    tz = talks.world.promoter.desk.calendar.as_value().tz
    until = Conversation.objects.get().due_at
    assert until is not None
    local = until.astimezone(tz)
    assert (local.hour, local.minute) == (9, 0)
    assert local.date() == timezone.now().astimezone(tz).date() + dt.timedelta(days=1)


def test_promoters_take_and_supervisors_give_within_the_team(talks: Talks) -> None:
    row = talks.answered()
    act(talks, row, "asignar", to=talks.world.promoter.pk)
    assert Conversation.objects.get().assigned_to == talks.world.promoter.user

    for who, to in (("promoter", talks.world.colleague), ("supervisor", talks.world.stranger)):
        act(talks, row, "asignar", who=who, to=to.pk)
        assert Conversation.objects.get().assigned_to == talks.world.promoter.user

    act(talks, row, "asignar", who="supervisor", to=talks.world.colleague.pk)
    assert Conversation.objects.get().assigned_to == talks.world.colleague.user
    act(talks, row, "asignar", who="supervisor", to="")
    assert Conversation.objects.get().assigned_to is None


def test_an_answer_becomes_an_opportunity_by_the_rules_of_captures(talks: Talks) -> None:
    row = talks.answered()
    for _time in range(2):
        answer = act(talks, row, "captar", name="Rosa Díaz", to=talks.world.promoter.pk, key="una-vez")
        assert answer.headers["Location"] == f"{URL}{row.pk}/"  # type: ignore[attr-defined]

    made = Opportunity.objects.get()
    assert (made.owner, made.client.full_name) == (talks.world.promoter, "Rosa Díaz")
    assert made.client.contacts.get().normalised == PHONE
    assert f"/oportunidades/{made.pk}/" in page(talks.world.browser("promoter"), f"{URL}{row.pk}/")


def test_a_supervisor_makes_one_for_a_promoter_and_the_history_says_who(talks: Talks) -> None:
    row = talks.hears()

    act(talks, row, "captar", who="supervisor", name="Rosa Díaz", to=talks.world.colleague.pk, key="k1")

    made = Opportunity.objects.get()
    assert made.owner == talks.world.colleague
    assert [(event.kind, event.by) for event in made.events.all()] == [(EventKind.CAPTURED, talks.world.supervisor)]
    assert sees(talks, row) == {"colleague", "supervisor"}


def test_the_days_captures_bound_it_and_the_page_says_so(talks: Talks) -> None:
    row = talks.answered()
    Promoter.objects.filter(pk=talks.world.promoter.pk).update(daily_captures=0)

    answer = act(talks, row, "captar", name="Rosa", to=talks.world.promoter.pk, key="k1")

    assert "Ya usaste las captaciones de hoy." in answer.content.decode()  # type: ignore[attr-defined]
    assert not Opportunity.objects.exists()


def test_who_is_in_no_team_of_the_line_sees_nothing(talks: Talks) -> None:
    talks.answered()
    browser = signed_in(UserFactory.create())
    TeamFactory.create()

    assert "Nadie espera una respuesta" in page(browser)


def test_a_reminder_for_somebody_who_cannot_have_it_is_not_set_for_oneself(talks: Talks) -> None:
    row = talks.answered()
    colleague = talks.world.colleague
    act(talks, row, "recordar", who="supervisor", to=colleague.pk, preset="1h", key="a", note="Llamarla")
    User.objects.filter(pk=colleague.user_id).update(is_active=False)

    data = {"to": colleague.pk, "preset": "1h", "key": "b", "note": "Llamarla luego"}
    answer = talks.world.browser("supervisor").post(f"{URL}{row.pk}/recordar/", data)

    assert "ya no puede recibirlo" in answer.content.decode()
    assert "Llamarla luego" in answer.content.decode()
    assert list(Reminder.objects.values_list("whom", flat=True)) == [colleague.user_id]


def test_a_draft_is_its_authors_alone_on_a_browser_that_two_share(talks: Talks) -> None:
    row = talks.answered()

    for who, user in (("promoter", talks.world.promoter.user), ("supervisor", talks.world.supervisor)):
        assert f'data-person="{user.pk}"' in page(talks.world.browser(who), f"{URL}{row.pk}/")
