"""Browsers that may be told something, and what they were told."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import leadmaster.lib.fields


class Migration(migrations.Migration):
    dependencies = [
        ("ops", "0006_rolled_days"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PushSubscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("endpoint", models.TextField(verbose_name="dirección")),
                ("digest", leadmaster.lib.fields.IdentifierField(max_length=64, unique=True)),
                ("p256dh", models.CharField(max_length=120)),
                ("auth", models.CharField(max_length=40)),
                ("language", models.CharField(max_length=10, verbose_name="idioma")),
                ("created_at", models.DateTimeField(verbose_name="desde")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="push_subscriptions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="persona",
                    ),
                ),
            ],
            options={
                "verbose_name": "dispositivo con avisos",
                "verbose_name_plural": "dispositivos con avisos",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="PushNotice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", leadmaster.lib.fields.IdentifierField(max_length=120, verbose_name="qué")),
                ("told_at", models.DateTimeField(verbose_name="cuándo")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="persona",
                    ),
                ),
            ],
            options={
                "verbose_name": "aviso en un dispositivo",
                "verbose_name_plural": "avisos en dispositivos",
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["told_at"], name="push_notice_age")],
                "constraints": [models.UniqueConstraint(fields=("user", "key"), name="push_notice_once")],
            },
        ),
    ]
