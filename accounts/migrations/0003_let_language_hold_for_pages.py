"""Says that the language of a person holds for pages as well as mails; no column changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_add_language_of_mails"),
    ]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="language",
            field=models.CharField(
                blank=True,
                help_text="Empty: pages as the browser asks for, mails in the portal's own.",
                max_length=16,
                verbose_name="language",
            ),
        ),
    ]
