from django.db import models


class Desk(models.Model):
    number = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["number"], name="desk_by_number")]
