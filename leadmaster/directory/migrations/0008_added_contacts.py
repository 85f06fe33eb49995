"""Who of ours wrote a phone or a mail down: the source did not, and its synchronisation leaves it."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("directory", "0007_results_days"),
    ]

    operations = [
        migrations.AddField(
            model_name="contactpoint",
            name="added_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="agregado por",
            ),
        ),
    ]
