from django.db import migrations

from mirror.migration_operations import DropForeignKeyIndexWhileServing, RemoveIndexWhileServing


class Migration(migrations.Migration):
    # Indexes are dropped while people write.
    atomic = False

    dependencies = [("bookings", "0010_add_smaller_indexes")]

    operations = [
        RemoveIndexWhileServing("booking", "booking_by_driver"),
        RemoveIndexWhileServing("booking", "booking_by_end"),
        RemoveIndexWhileServing("booking", "booking_by_reference"),
        RemoveIndexWhileServing("booking", "booking_by_status"),
        DropForeignKeyIndexWhileServing("booking", "driver"),
        DropForeignKeyIndexWhileServing("booking", "fleet"),
        DropForeignKeyIndexWhileServing("booking", "location"),
        DropForeignKeyIndexWhileServing("bookingevent", "booking"),
        DropForeignKeyIndexWhileServing("bookingevent", "user"),
        DropForeignKeyIndexWhileServing("bookingrequest", "created_by"),
        DropForeignKeyIndexWhileServing("bookingrequest", "evse"),
        DropForeignKeyIndexWhileServing("bookingrequest", "location"),
        DropForeignKeyIndexWhileServing("bookingrequestevent", "request"),
        DropForeignKeyIndexWhileServing("bookingrequestevent", "user"),
    ]
