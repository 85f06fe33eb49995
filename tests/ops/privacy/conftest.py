"""A person of whom everything is known: a client at work, messages, answers, an exclusion, traces of all kinds."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.utils import timezone

from campaigns.enums import Ack, AttemptOutcome, CampaignState, ConversationState, EnvioState
from campaigns.models import Conversation, Envio, PersonRest, RecipientImport, RefusedEvent, Reply
from leadmaster.accounts.models import User
from leadmaster.accounts.roles import Role
from leadmaster.directory.models import Client, Suppression, SuppressionLift
from leadmaster.ops.models import Alert, IdempotentRequest, Repair
from opportunities.enums import ContactChannel, ContactOutcome
from opportunities.funnel import contact as contacting
from opportunities.funnel import moves
from opportunities.models import Opportunity, SavedFilter
from tests.factories.accounts import UserFactory
from tests.factories.campaigns import (
    AttemptFactory,
    CampaignFactory,
    EnvioEventFactory,
    EnvioFactory,
    ScheduleDayFactory,
    SessionDayFactory,
)
from tests.factories.opportunities import Funnel
from tests.opportunities import people as peoples
from tests.opportunities.people import People, one_of

PHONE = "+5493515550199"
DIGITS = "3515550199"
LID = "98765432109876"
NAME = "Eulogia Quintanilla"


@dataclasses.dataclass(frozen=True)
class Known:
    people: People
    administrator: User
    client: Client
    row: Opportunity
    sent: Envio
    pending: Envio
    upload: RecipientImport


@pytest.fixture
def known(db: None, settings: object, tmp_path: object) -> Known:
    settings.MEDIA_ROOT = tmp_path  # type: ignore[attr-defined]
    Funnel()
    people = peoples.build()
    now = timezone.now()
    row = one_of(people.owner, now=now)
    client = row.client
    Client.objects.filter(pk=client.pk).update(name=NAME, tax_id="QUIE800101", source="captacion", external_id=PHONE)
    contact = client.contacts.get()
    type(contact).objects.filter(pk=contact.pk).update(normalised=PHONE, raw="(351) 555-0199", is_valid=True)
    moves.note(row.pk, by=people.owner.user, text=f"{NAME} pide que la llamen al 351 555-0199", now=now)
    press = contacting.Press(channel=ContactChannel.CALL, key="llamada", phone=PHONE)
    result = contacting.Result(outcome=ContactOutcome.CALL_BACK, note=f"{NAME} atiende en el 351 555-0199")
    contacting.tell(row.pk, press, result, by=people.owner.user, now=now, remind_at=now + dt.timedelta(days=1))
    administrator = UserFactory.create(role=Role.ADMINISTRATOR)
    campaign = CampaignFactory.create(owner=people.owner.user, team=people.owner.desk.team, state=CampaignState.RUNNING)
    mine = {"campaign": campaign, "phone": PHONE, "name": NAME, "text": f"Hola {NAME}", "variables": {"tel": PHONE}}
    sent = EnvioFactory.create(
        **mine, state=EnvioState.SENT, ack=Ack.NONE, message_id=f"true_549{DIGITS}@c.us_AB12", session=campaign.session
    )
    day = SessionDayFactory.create(session=campaign.session, day=now.date(), used=1)
    AttemptFactory.create(
        envio=sent,
        outcome=AttemptOutcome.SENT,
        message_id=sent.message_id,
        detail=f"ok {PHONE}",
        session_day=day,
        schedule_day=ScheduleDayFactory.create(schedule__campaign=campaign, day=now.date(), used=1),
    )
    EnvioEventFactory.create(envio=sent, by=administrator, reason=f"{NAME} lo confirmó")
    other = CampaignFactory.create(owner=people.owner.user, team=people.owner.desk.team, session=campaign.session)
    pending = EnvioFactory.create(**{**mine, "campaign": other}, session=campaign.session)
    upload = RecipientImport(campaign=campaign, file_name="gente.csv", state=RecipientImport.State.DONE, started_at=now)
    upload.file.save("gente.csv", ContentFile(f"{NAME},{PHONE}".encode()), save=False)
    upload.report.save("informe.csv", ContentFile(PHONE.encode()), save=False)
    upload.save()
    said = Reply.objects.create(
        session=campaign.session, phone=PHONE, lid=LID, text=f"Soy {NAME}", at=now, message_id=f"x{DIGITS}"
    )
    Conversation.objects.create(
        session=campaign.session,
        phone=PHONE,
        lid=LID,
        state=ConversationState.WAITING,
        waiting_since=now,
        due_at=now,
        last_at=now,
        last_reply=said,
    )
    SavedFilter.objects.create(user=people.owner.user, name="La de siempre", search="351 555-0199", created_at=now)
    PersonRest.objects.create(phone=PHONE, campaign=campaign, written_at=now)
    RefusedEvent.objects.create(
        session=campaign.session, fingerprint="f", reason="?", content=f'{{"from": "549{DIGITS}"}}', received_at=now
    )
    Suppression.objects.create(phone=PHONE, source=Suppression.Source.REPLY, reason="BAJA", created_at=now)
    SuppressionLift.objects.create(
        phone=PHONE,
        source=Suppression.Source.REPLY,
        suppressed_at=now,
        lifted_by=administrator,
        reason=f"{NAME} volvió",
        lifted_at=now,
    )
    Alert.objects.create(
        key="k", open_key="k", severity="info", title="Aviso", body=f"De {PHONE}", opened_at=now, last_seen_at=now
    )
    IdempotentRequest.objects.create(
        user=people.owner.user,
        key="k",
        fingerprint="f",
        token="00000000-0000-0000-0000-000000000001",
        lease_until=now,
        started_at=now,
        answered_at=now,
        status=201,
        answer=f'{{"name": "{NAME}", "phone": "{PHONE}"}}',
        expires_at=now,
    )
    Repair.objects.create(
        at=now, kind="directory.phone", subject=1, what=f"«351 555 0199» de {PHONE}", evidence={"said": PHONE}, done="x"
    )
    LogEntry.objects.create(
        user_id=administrator.pk,
        content_type=ContentType.objects.get_for_model(Client),
        object_id=str(client.pk),
        object_repr=NAME,
        action_flag=CHANGE,
        change_message=PHONE,
    )
    client.refresh_from_db()
    row.refresh_from_db()
    return Known(people, administrator, client, row, sent, pending, upload)
