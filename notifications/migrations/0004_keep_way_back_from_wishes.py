from django.db import migrations


def forget_wishes(apps, _schema_editor):
    """Delete what tells of wishes: without a booking it cannot be told of before this version."""
    apps.get_model("notifications", "Notification").objects.filter(booking=None).delete()


class Migration(migrations.Migration):
    dependencies = [("notifications", "0003_tell_of_wishes")]

    operations = [migrations.RunPython(migrations.RunPython.noop, forget_wishes)]
