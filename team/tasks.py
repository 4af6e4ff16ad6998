"""What the workers do for teams."""

from datetime import timedelta

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from team.models import Invitation

KEPT = timedelta(days=30)


@shared_task
def forget_invitations() -> None:
    before = timezone.now() - KEPT
    Invitation.objects.filter(
        Q(settled_at__lt=before) | Q(state=Invitation.State.OPEN, expires_at__lt=before)
    ).delete()
