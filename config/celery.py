"""The Celery application: `celery -A config worker`, `celery -A config beat`."""

import os
import sys
from pathlib import Path

from celery import Celery

from config.env import plain_start_up_errors

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("chargebook")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

if "celery" in Path(sys.argv[0]).parts[-2:]:
    # Celery reads its settings late and would answer a wrong one with a traceback.
    with plain_start_up_errors():
        app.conf.broker_url  # noqa: B018
