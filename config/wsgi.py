"""The WSGI application that a web server runs: `gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

import ampcontrol.connection
import ampeco.connection
from config.env import plain_start_up_errors

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

with plain_start_up_errors():
    application = get_wsgi_application()

ampeco.connection.serve_pages()
ampcontrol.connection.serve_pages()
