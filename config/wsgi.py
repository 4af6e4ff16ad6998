"""The WSGI application that a web server runs: `gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from ampcontrol.connection import PLATFORM as AMPCONTROL
from ampeco.connection import PLATFORM as OPERATOR
from config.env import plain_start_up_errors

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

with plain_start_up_errors():
    application = get_wsgi_application()

for platform in (OPERATOR, AMPCONTROL):
    platform.serve_pages()
