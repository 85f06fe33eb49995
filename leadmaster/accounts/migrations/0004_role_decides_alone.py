"""Nobody is a superuser beside the role."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_role_alone")]

    operations = [
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_superuser", False), ("role", "administrador"), _connector="OR"),
                name="user_role_decides_alone",
            ),
        ),
    ]
