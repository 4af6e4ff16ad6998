"""Settings of the web server: `gunicorn -c python:config.gunicorn config.wsgi`."""

from config import env

bind = env.text("WEB_BIND", "127.0.0.1:8000")
workers = env.number("WEB_CONCURRENCY", 2, least=1, most=64)
threads = env.number("WEB_THREADS", 4, least=1, most=64)
timeout = 30
graceful_timeout = 4
# A worker is replaced before a leak could matter, and not all at the same time.
max_requests = 10_000
max_requests_jitter = 1_000
# Else gunicorn opens a socket in the home folder.
control_socket_disable = True
