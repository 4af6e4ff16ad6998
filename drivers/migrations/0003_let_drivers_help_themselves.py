from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("drivers", "0002_keep_charging_cards"),
    ]

    operations = [
        migrations.AddField(
            model_name="fleet",
            name="drivers_may_change_end",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="On their own page, while the booking runs.",
                verbose_name="drivers may end early or extend",
            ),
        ),
        migrations.AddField(
            model_name="fleet",
            name="drivers_may_move",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="On their own page, once they have reported that theirs is blocked or broken.",
                verbose_name="drivers may take another charger",
            ),
        ),
    ]
