"""Adds the language in which somebody gets mails."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_create_users"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="language",
            field=models.CharField(
                blank=True,
                help_text="Empty: the portal's own.",
                max_length=16,
                verbose_name="language of mails",
            ),
        ),
    ]
