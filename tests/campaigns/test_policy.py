"""Who may do what: the role gives the verb, the row has to be theirs or their team's."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser

from campaigns import envio_states
from campaigns.enums import EnvioState
from campaigns.errors import NotAllowed
from campaigns.models import Campaign, Envio
from campaigns.policy import Act, may, require
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import PERMISSIONS, Role
from tests.factories.accounts import TeamFactory, UserFactory
from tests.factories.campaigns import CampaignFactory, EnvioFactory

ROOT = Path(__file__).parents[2]
PROMOTERS = {Act.VIEW, Act.EDIT, Act.IMPORT, Act.OPERATE}


def people(campaign: Campaign) -> dict[str, User]:
    colleague, outsider = UserFactory.create_batch(2)
    boss, other_boss = UserFactory.create_batch(2, role=Role.SUPERVISOR)
    campaign.team.members.set([campaign.owner, colleague])
    campaign.team.supervisors.set([boss])
    TeamFactory.create(members=[outsider], supervisors=[other_boss])
    return {
        "owner": campaign.owner,
        "colleague": colleague,
        "boss": boss,
        "outsider": outsider,
        "other_boss": other_boss,
        "admin": UserFactory.create(role=Role.ADMINISTRATOR),
        "superuser": UserFactory.create(role=Role.ADMINISTRATOR, is_superuser=True),
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "acts"),
    [
        ("owner", PROMOTERS),
        ("colleague", set()),
        ("boss", set(Act)),
        ("outsider", set()),
        ("other_boss", set()),
        ("admin", set(Act)),
        ("superuser", set(Act)),
    ],
)
def test_each_person_may_exactly_this(who: str, acts: set[Act]) -> None:
    campaign = CampaignFactory.create()
    person = people(campaign)[who]

    assert {act for act in Act if may(person, act, campaign)} == acts


@pytest.mark.django_db
def test_a_member_of_the_team_is_not_its_boss_whatever_their_role() -> None:
    campaign = CampaignFactory.create()
    supervisor = UserFactory.create(role=Role.SUPERVISOR)
    campaign.team.members.add(supervisor)
    promoter = UserFactory.create()
    campaign.team.supervisors.add(promoter)

    assert not any(may(supervisor, act, campaign) for act in Act)
    assert not any(may(promoter, act, campaign) for act in Act)


@pytest.mark.django_db
def test_nobody_and_the_dismissed_may_nothing_and_the_system_everything() -> None:
    campaign = CampaignFactory.create()
    dismissed = UserFactory.create(role=Role.ADMINISTRATOR, is_active=False)

    for act in Act:
        assert not may(AnonymousUser(), act, campaign)
        assert not may(dismissed, act, campaign)
        assert may(None, act, campaign)


@pytest.mark.django_db
def test_a_refusal_names_the_campaign() -> None:
    campaign = CampaignFactory.create(name="Marzo")

    with pytest.raises(NotAllowed, match="Marzo"):
        require(UserFactory.create(), Act.VIEW, campaign)


@pytest.mark.django_db
def test_who_may_act_may_also_see_and_who_sees_may_view() -> None:
    campaign = CampaignFactory.create()

    for person in people(campaign).values():
        seen = Campaign.objects.visible_to(person).filter(pk=campaign.pk).exists()
        assert seen == may(person, Act.VIEW, campaign)


def test_every_act_is_a_permission_that_some_role_has() -> None:
    granted = frozenset().union(*PERMISSIONS.values())

    assert {act.value for act in Act} <= granted


# --- The doors ----------------------------------------------------------------------------------------------------


def test_the_table_of_envios_is_total_and_closed() -> None:
    assert set(envio_states.TRANSITIONS) == set(EnvioState)
    for source, targets in envio_states.TRANSITIONS.items():
        assert targets <= set(EnvioState) - {source}


def test_a_success_is_told_from_every_state() -> None:
    for source, targets in envio_states.TRANSITIONS.items():
        assert source is EnvioState.SENT or EnvioState.SENT in targets


@pytest.mark.django_db
@pytest.mark.parametrize("source", EnvioState)
def test_a_move_that_the_table_does_not_know_is_a_mistake_in_the_code(source: EnvioState) -> None:
    envio = EnvioFactory.create(state=source)

    for target in set(EnvioState) - envio_states.TRANSITIONS[source]:
        with pytest.raises(ValueError, match="never goes"):
            envio_states.move(envio.pk, source=source, target=target)

    assert Envio.objects.get(pk=envio.pk).state == source


@pytest.mark.django_db
def test_a_move_touches_only_what_is_still_there() -> None:
    pending, sent = EnvioFactory.create(), EnvioFactory.create(state=EnvioState.SENT)

    moved = envio_states.move(pending.pk, sent.pk, source=EnvioState.PENDING, target=EnvioState.CANCELLED)

    assert moved == 1
    assert set(Envio.objects.values_list("pk", "state")) == {
        (pending.pk, EnvioState.CANCELLED),
        (sent.pk, EnvioState.SENT),
    }


# Where a `state` is written, and whose it is. Nothing else writes one.
DOORS = {
    "campaigns/lifecycle.py": "Campaign and Schedule",
    "campaigns/envio_states.py": "Envio",
    "campaigns/audience": "RecipientImport, whose record the whole package keeps",
    "whatsapp/line_tests.py": "LineTest",
    "whatsapp/sessions.py": "WhatsAppSession",
}


def written_states(source: str) -> list[int]:
    """Lines that assign `something.state`, pass `state=` to an update, or name it among the fields to save."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Assign(targets=targets):
                lines += [
                    node.lineno for target in targets if isinstance(target, ast.Attribute) and target.attr == "state"
                ]
            case ast.AugAssign(target=ast.Attribute(attr="state")) | ast.AnnAssign(target=ast.Attribute(attr="state")):
                lines.append(node.lineno)
            case ast.Call(func=ast.Attribute(attr="update" | "update_or_create" | "_update"), keywords=words):
                lines += [node.lineno for word in words if word.arg == "state"]
            case ast.Call(func=ast.Name(id="_update" | "setattr"), args=arguments, keywords=words):
                lines += [node.lineno for word in words if word.arg == "state"]
                lines += [node.lineno for arg in arguments if isinstance(arg, ast.Constant) and arg.value == "state"]
            case ast.Call(func=ast.Attribute(attr="bulk_update"), args=[_, ast.List(elts=names), *_rest]):
                lines += [node.lineno for name in names if isinstance(name, ast.Constant) and name.value == "state"]
            case _:
                pass
    return lines


# States of the wire's far side, and of rows that a migration fills.
_FAR_SIDE = {"migrations", "simulator", "session_manager"}


def test_nothing_but_the_doors_writes_a_state() -> None:
    writers = {
        str(path.relative_to(ROOT))
        for app in ("campaigns", "whatsapp", "leadmaster")
        for path in (ROOT / app).rglob("*.py")
        if not _FAR_SIDE.intersection(path.parts) and written_states(path.read_text("utf-8"))
    }

    assert {next((door for door in DOORS if writer.startswith(door)), writer) for writer in writers} == set(DOORS)


@pytest.mark.parametrize(
    "line",
    [
        "envio.state = 'enviado'",
        "Envio.objects.filter(pk=1).update(state='enviado')",
        "Envio.objects.update_or_create(pk=1, state='x')",
        "Envio.objects.bulk_update(rows, ['state'])",
        "setattr(envio, 'state', 'x')",
    ],
)
def test_the_search_finds_what_it_is_for(line: str) -> None:
    assert written_states(line) == [1]
