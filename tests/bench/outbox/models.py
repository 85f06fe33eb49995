"""One row per message, with the two states that the peers move it through."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Message(models.Model):
    phone = models.CharField(max_length=20)
    text = models.TextField()
    state = models.CharField(max_length=16, default="pendiente")
    attempts = models.PositiveSmallIntegerField(default=0)
    message_id = models.CharField(max_length=160, blank=True)
    sent_at = models.DateTimeField(null=True)

    # Said aloud because the product's settings, which types are checked with, don't know this app.
    objects: ClassVar[models.Manager[Message]] = models.Manager()

    class Meta:
        app_label = "outbox"
        indexes = [models.Index(fields=["state", "id"], name="bench_message_state")]

    def __str__(self) -> str:
        return f"#{self.pk}"
