"""The demonstration: a believable team in an empty database, all of it or nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import CommandError, call_command

from campaigns.engine.plan import make_plan
from campaigns.enums import CampaignState, EnvioState, WhyNot
from campaigns.models import Campaign, Envio, Reply
from leadmaster.accounts.models import Team, User
from opportunities.demo import days
from opportunities.enums import OpportunityState
from opportunities.management.commands import demo
from opportunities.models import Opportunity
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_fills_an_empty_database_with_campaigns_and_a_desk_at_every_stage(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("demo", "--if-empty")

    assert set(Campaign.objects.values_list("state", flat=True)) == {
        CampaignState.DRAFT,
        CampaignState.AWAITING_APPROVAL,
        CampaignState.RUNNING,
        CampaignState.PAUSED,
        CampaignState.FINISHED,
    }
    assert Envio.objects.filter(state=EnvioState.UNCERTAIN).count() == 3
    assert set(Opportunity.objects.values_list("state", flat=True)) >= {
        OpportunityState.ACTIVE,
        OpportunityState.EXIT,
        OpportunityState.POOL,
        OpportunityState.WON,
    }
    directory, own = (Campaign.objects.get(name=name) for name in ("Docentes de Córdoba", "Seguimiento de la semana"))
    assert directory.imports.get().file_name == "Directorio: Córdoba · Docentes"
    assert (directory.state, own.state) == (CampaignState.DRAFT, CampaignState.AWAITING_APPROVAL)
    theirs = Opportunity.objects.filter(owner__user=own.owner, state=OpportunityState.ACTIVE)
    assert own.envios.count() == theirs.count() > 0
    assert Reply.objects.count() == 3
    told = capsys.readouterr().out
    for username in ("laura", "diego", "admin"):
        assert username in told
        assert User.objects.get(username=username).check_password("leadmaster-demo")

    call_command("demo", "--if-empty")
    assert capsys.readouterr().out == told
    assert Team.objects.count() == 2


@pytest.mark.parametrize("hour", range(0, 24, 3))
def test_its_running_campaigns_send_at_any_hour_of_the_day(hour: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now = dt.datetime(2026, 11, 22, hour, 24, tzinfo=dt.UTC)
    monkeypatch.setattr(days, "work", lambda *_arguments, **_options: None)
    monkeypatch.setattr(demo, "database_now", lambda: now)

    call_command("demo")

    reasons = {verdict.reason for verdict in make_plan(now).verdicts.values()}
    assert reasons == {WhyNot.SESSION}  # nobody has asked the gateway yet, and nothing else stands in the way


def test_never_mixes_with_real_data() -> None:
    UserFactory()

    with pytest.raises(CommandError, match="no está vacía"):
        call_command("demo")
    call_command("demo", "--if-empty")

    assert User.objects.count() == 1


def test_half_a_demonstration_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(days, "work", fail)

    with pytest.raises(RuntimeError, match="disk"):
        call_command("demo", "--if-empty")

    assert not User.objects.exists()
    assert not Campaign.objects.exists()
