"""When each sweep last did its work; in the database, since the cache may be emptied."""

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone


class Sweep(models.Model):
    """A task that beat starts again and again."""

    name = models.CharField(max_length=100, primary_key=True)
    awaited_since = models.DateTimeField(default=timezone.now, db_default=Now())
    succeeded_at = models.DateTimeField(null=True)
    took_seconds = models.FloatField(null=True)
    failed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
