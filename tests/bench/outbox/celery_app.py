"""What a Celery project does for one message: claim, send, settle, in a task that is acknowledged late."""

from __future__ import annotations

import os

import django
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.bench.settings")
django.setup()

from django.db.models import F  # noqa: E402
from django.utils import timezone  # noqa: E402

from tests.bench.outbox.models import Message  # noqa: E402
from tests.bench.outbox.transport import deliver  # noqa: E402

app = Celery("bench", broker=os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"))
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
    # How long Redis waits for the acknowledgement of a worker that is gone; the default is an hour.
    broker_transport_options={"visibility_timeout": int(os.environ.get("VISIBILITY_TIMEOUT", "3600"))},
)
# A task that comes again finds its row `enviando`. It either goes on (at least once) or leaves it (at most once).
CLAIMABLE = {"again": ["pendiente", "enviando"], "once": ["pendiente"]}[os.environ.get("CELERY_CLAIM", "once")]


@app.task
def send(pk: int) -> None:
    rows = Message.objects.filter(pk=pk, state__in=CLAIMABLE)
    if not rows.update(state="enviando", attempts=F("attempts") + 1):
        return
    message_id = deliver(pk)
    Message.objects.filter(pk=pk, state="enviando").update(
        state="enviado", message_id=message_id, sent_at=timezone.now()
    )
