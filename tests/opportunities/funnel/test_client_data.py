"""A client's data put right by whoever works them: with a line of history, and never against what the source says."""

from __future__ import annotations

import pytest
from django.utils import timezone

from leadmaster.directory.models import Client, ContactPoint
from opportunities.enums import OpportunityState
from opportunities.errors import Incomplete, NotAllowed, WrongState
from opportunities.funnel.client_data import Correction, correct
from opportunities.models import Opportunity
from tests.factories.directory import ContactPointFactory, SuppressionFactory
from tests.opportunities.web.conftest import World


def wish(**told: object) -> Correction:
    return Correction(region="MX", **told)  # type: ignore[arg-type]


def do(world: World, row: Opportunity, **told: object) -> list[str]:
    return correct(row.pk, wish(**told), by=world.promoter.user, now=timezone.now())


def test_a_phone_and_a_mail_are_added_with_who_did_it_and_taken_away_again(world: World, row: Opportunity) -> None:
    before = set(row.client.contacts.values_list("pk", flat=True))

    done = do(world, row, phone="33 1234 5678", mail="Ana@Correo.MX")

    added = row.client.contacts.exclude(pk__in=before)
    assert {(point.normalised, point.added_by) for point in added} == {
        ("+523312345678", world.promoter.user),
        ("ana@correo.mx", world.promoter.user),
    }
    assert done == ["Teléfono agregado: +52 33 1234 5678.", "Correo agregado: ana@correo.mx."]
    lines = row.events.order_by("-id")[:2]
    assert [(line.by, line.reason) for line in lines] == [(world.promoter.user, text) for text in reversed(done)]
    assert do(world, row, phone="+52 33 1234 5678") == []
    mail = added.get(kind=ContactPoint.Kind.EMAIL)
    assert do(world, row, remove=mail.pk) == ["Dato quitado: ana@correo.mx."]
    assert do(world, row, remove=mail.pk) == []


def test_the_name_is_ours_only_where_no_source_brought_it(world: World, row: Opportunity) -> None:
    with pytest.raises(Incomplete, match="viene de la base"):
        do(world, row, name="Otra Persona", mail="ana@correo.mx")
    assert not row.client.contacts.filter(kind=ContactPoint.Kind.EMAIL).exists()
    Client.objects.filter(pk=row.client_id).update(source="captacion", name="Vale", last_names="")

    assert do(world, row, name="Valentina Sosa Paz") == ["Nombre corregido: antes “Vale”, ahora “Valentina Sosa Paz”."]

    row.client.refresh_from_db()
    assert (row.client.name, row.client.last_names) == ("Valentina", "Sosa Paz")
    with pytest.raises(Incomplete, match="único teléfono"):
        do(world, row, remove=row.client.contacts.get().pk)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"phone": "12"}, "12"),
        ({"phone": "+523311112222"}, "otra persona"),
        ({"phone": "+523311113333"}, "no recibir mensajes"),
        ({"mail": "nada"}, "no es un correo"),
    ],
)
def test_what_can_not_be_written_is_refused_and_nothing_is(
    world: World, row: Opportunity, told: dict[str, str], why: str
) -> None:
    ContactPointFactory.create(normalised="+523311112222")
    SuppressionFactory(phone="+523311113333")
    before = (list(row.client.contacts.values_list("normalised")), row.events.count())

    with pytest.raises(Incomplete, match=why):
        do(world, row, **told)

    assert (list(row.client.contacts.values_list("normalised")), row.events.count()) == before


def test_it_is_the_workers_and_their_supervisors(world: World, row: Opportunity) -> None:
    now = timezone.now()
    for other in (world.colleague.user, world.stranger.user, world.foreign_supervisor):
        with pytest.raises(NotAllowed):
            correct(row.pk, wish(mail="ana@correo.mx"), by=other, now=now)
    assert correct(row.pk, wish(mail="ana@correo.mx"), by=world.supervisor, now=now)
    source = row.client.contacts.get(kind=ContactPoint.Kind.PHONE)
    with pytest.raises(Incomplete, match="viene de la base"):
        do(world, row, remove=source.pk)
    Opportunity.objects.filter(pk=row.pk).update(state=OpportunityState.LOST, open_client=None, deadline=None)
    with pytest.raises(WrongState):
        do(world, row, mail="otra@correo.mx")


def test_the_page_keeps_what_was_typed_beside_the_sentence(world: World, row: Opportunity) -> None:
    browser = world.browser("promoter")
    answer = browser.post(f"/oportunidades/{row.pk}/datos/", {"phone": "12", "mail": "ana@correo.mx"})

    page = answer.content.decode()
    assert 'value="ana@correo.mx"' in page
    assert 'role="alert"' in page
    browser.post(f"/oportunidades/{row.pk}/datos/", {"mail": "ana@correo.mx"})
    assert "mailto:ana@correo.mx" in browser.get(f"/oportunidades/{row.pk}/").content.decode()
