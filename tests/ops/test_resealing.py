"""A new key: what the old one sealed still opens, is sealed anew, and then the old one may go."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from campaigns import switch
from campaigns.enums import EnvioState
from leadmaster.accounts.roles import Role
from leadmaster.lib.crypto import SecretError, seal
from leadmaster.ops import resealing
from leadmaster.ops.resealing import reseal
from tests.factories.accounts import UserFactory
from tests.factories.whatsapp import WhatsAppSessionFactory
from tests.faults.harness import World, backup, restore
from whatsapp.models import WhatsAppSession

pytestmark = pytest.mark.django_db(transaction=True)

NEW, OTHER = "a1" * 32, "b2" * 32


def kept(line: WhatsAppSession) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT token FROM whatsapp_whatsappsession WHERE id = %s", [line.pk])
        found: str = cursor.fetchone()[0]
    return found


def turn(settings: Settings, new: str = NEW) -> str:
    """A new key, with the one of before beside it; returns that."""
    old: str = settings.FIELD_ENCRYPTION_KEY
    settings.FIELD_ENCRYPTION_KEY, settings.FIELD_ENCRYPTION_OLD_KEYS = new, [old]
    return old


def test_a_key_is_turned_without_a_moment_in_which_something_does_not_open(settings: Settings) -> None:
    lines = [WhatsAppSessionFactory(token=f"token {number}", webhook_secret=f"secret {number}") for number in range(3)]
    WhatsAppSessionFactory(token="", webhook_secret="")
    turn(settings)
    assert {line.token for line in WhatsAppSession.objects.all()} == {"token 0", "token 1", "token 2", ""}
    fresh = WhatsAppSessionFactory(token="sealed today")

    report = reseal()

    assert (report.current, report.resealed, report.unreadable) == (1, 6, [])
    settings.FIELD_ENCRYPTION_OLD_KEYS = []
    assert [WhatsAppSession.objects.get(pk=line.pk).token for line in lines] == ["token 0", "token 1", "token 2"]
    assert WhatsAppSession.objects.get(pk=lines[2].pk).webhook_secret == "secret 2"
    assert WhatsAppSession.objects.get(pk=fresh.pk).token == "sealed today"


def test_a_second_run_writes_nothing(settings: Settings) -> None:
    line = WhatsAppSessionFactory(token="token")
    turn(settings)
    reseal()
    before = kept(line)

    report = reseal()

    assert (report.current, report.resealed) == (1, 0)
    assert kept(line) == before


def test_without_the_old_key_it_does_not_open_and_that_is_told(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    line = WhatsAppSessionFactory(token="token")
    before = kept(line)
    turn(settings)
    settings.FIELD_ENCRYPTION_OLD_KEYS = [OTHER]

    with pytest.raises(SecretError, match="FIELD_ENCRYPTION_OLD_KEYS"):
        WhatsAppSession.objects.get(pk=line.pk)
    with pytest.raises(SystemExit) as ended:
        call_command("reseal_secrets")

    assert ended.value.code == 1
    told = capsys.readouterr()
    assert f"whatsapp.whatsappsession.token {line.pk}" in told.err
    assert "token\n" not in told.out + told.err
    assert kept(line) == before


def test_what_somebody_writes_meanwhile_is_not_overwritten(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    line = WhatsAppSessionFactory(token="old")
    turn(settings)
    real = resealing._reseal_one

    def slowly(*args: object) -> None:
        WhatsAppSession.objects.filter(pk=line.pk).update(token="new")
        real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(resealing, "_reseal_one", slowly)

    assert resealing.reseal().resealed == 0
    assert WhatsAppSession.objects.get(pk=line.pk).token == "new"


def test_the_oldest_key_opens_too_and_another_place_never_does(settings: Settings) -> None:
    line = WhatsAppSessionFactory(token="token")
    first = turn(settings)
    settings.FIELD_ENCRYPTION_KEY, settings.FIELD_ENCRYPTION_OLD_KEYS = OTHER, [NEW, first]
    assert WhatsAppSession.objects.get(pk=line.pk).token == "token"

    elsewhere = seal("token", key_hex=first, context="another.place")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE whatsapp_whatsappsession SET token = %s WHERE id = %s", [elsewhere, line.pk])

    with pytest.raises(SecretError):
        WhatsAppSession.objects.get(pk=line.pk)


@pytest.mark.parametrize("turned", ["before the restore was noticed", "after it"])
def test_who_got_a_text_under_the_old_key_does_not_get_it_again(settings: Settings, turned: str) -> None:
    """The campaign is younger than the backup and made again: person and text are all that is the same."""
    world = World()
    before = world.campaign(envios=0)
    as_it_was = backup()
    young = world.campaign(envios=4, session=before.session)
    people = [(envio.phone, envio.text) for envio in young.envios.order_by("id")]
    world.run_minutes(2)
    assert len(world.provider.ledger) == 4
    restore(as_it_was)
    if turned == "before the restore was noticed":
        turn(settings)
    world.run_minutes(2)
    if turned == "after it":
        turn(settings)
    reseal()
    switch.turn(on=True, by=UserFactory(role=Role.ADMINISTRATOR), reason="Ya revisé", now=world.now)

    again = world.campaign(session=before.session, person_rest=0)
    for phone, text in people:
        world.fill(again, 1, phone=phone, text=text)
    world.fill(again, 1)
    world.run_minutes(2)

    assert len(world.provider.ledger) == 5
    assert world.states() == {EnvioState.UNCERTAIN: 4, EnvioState.SENT: 1}
