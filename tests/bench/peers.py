"""The same number of messages through the engine, Celery with Redis, and django-post_office's own sender."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from django.db import connection
from django.db.models import Max, Min
from post_office import mail
from post_office.models import STATUS, Email

from tests.bench import database, servers, stage
from tests.bench.figures import say, scaled, spread
from tests.bench.outbox.models import Message
from tests.bench.path import send_all

TEXT = "Hola María, tu consulta del lunes ya tiene respuesta. Contesta este mensaje y te la contamos."
LANES = 10


def run() -> None:
    messages, rounds = scaled("PEER_MESSAGES", 1500), scaled("ROUNDS", 3)
    speeds: dict[str, list[float]] = {"engine": [], "celery": [], "post_office": []}
    with servers.redis() as url:
        contenders: dict[str, Callable[[int], float]] = {
            "engine": _engine,
            "celery": lambda count: _celery(count, url),
            "post_office": _post_office,
        }
        for _ in range(rounds):
            for name, contender in contenders.items():
                speeds[name].append(contender(messages))
    say(f"  {messages:,} messages, gateway answering at once, one worker process each, messages/s")
    say(
        f"    engine, {LANES} lanes     {spread(speeds['engine'])}   never twice: doubt is kept for evidence or a person"
    )
    say(f"    Celery 1 child      {spread(speeds['celery'])}   at least once or at most once, see `kills`")
    say(
        f"    post_office         {spread(speeds['post_office'])}   states written once per 100: a crash sends them again"
    )
    for name in ("celery", "post_office"):
        ratios = [ours / theirs for ours, theirs in zip(speeds["engine"], speeds[name], strict=True)]
        say(f"    engine / {name:<12} {spread(ratios, 2)}  (median {statistics.median(ratios):.2f})")


def _engine(messages: int) -> float:
    name = urlsplit(os.environ["DATABASE_URL"]).path.strip("/")
    database.copy_rows(database.TEMPLATE, name, stage.EVERYTHING)
    stage.fill(stage.open_lines(LANES), each=messages // LANES)
    return messages / send_all(messages)


def _celery(messages: int, url: str) -> float:
    """From the first settled message to the last: neither queueing nor the worker's start is counted."""
    fill_outbox(messages)
    servers.enqueue(url)
    with servers.celery_worker(url, processes=1) as worker:
        while Message.objects.exclude(state="enviado").exists():
            assert worker.poll() is None, "the Celery worker ended by itself"
            time.sleep(0.2)
    times = Message.objects.aggregate(first=Min("sent_at"), last=Max("sent_at"))
    seconds: float = (times["last"] - times["first"]).total_seconds()
    return (messages - 1) / seconds


def _post_office(messages: int) -> float:
    fill_mailbox(messages)
    started = time.perf_counter()
    mail.send_queued_mail_until_done()
    seconds = time.perf_counter() - started
    assert Email.objects.filter(status=STATUS.sent).count() == messages
    return messages / seconds


def fill_outbox(messages: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE TABLE outbox_message")
    Message.objects.bulk_create(Message(phone=f"+549351{n:07}", text=TEXT) for n in range(messages))


def fill_mailbox(messages: int, *, backend: str = "default") -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET foreign_key_checks=0")
        for table in ("post_office_log", "post_office_email"):
            cursor.execute(f"TRUNCATE TABLE {table}")
        cursor.execute("SET foreign_key_checks=1")
    for start in range(0, messages, 500):
        mail.send_many(
            {
                "sender": "campaign@example.com",
                "recipients": [f"{n}@example.com"],
                "subject": "Consulta",
                "message": TEXT,
                "backend": backend,
            }
            for n in range(start, min(start + 500, messages))
        )
