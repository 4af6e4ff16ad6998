"""When each sweep last did its work; in the database, since the cache may be emptied."""

from django.db import models


class Sweep(models.Model):
    """A task that beat starts again and again."""

    name = models.CharField(max_length=100, primary_key=True)
    succeeded_at = models.DateTimeField(null=True)
    took_seconds = models.FloatField(null=True)
    failed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
