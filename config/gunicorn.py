"""Settings of the web server: `gunicorn -c python:config.gunicorn config.wsgi`."""

from pathlib import Path

from config import env
from config.cores import cores
from telemetry.logs import FORMATS, logging_config

env.read_env_file(Path(__file__).resolve().parent.parent / ".env")

bind = env.text("WEB_BIND", "127.0.0.1:8000")
# One core makes one process's pages, and there is one process when another one is replaced. No more
# by themselves than one GiB of memory has room for.
workers = env.number("WEB_CONCURRENCY", max(2, min(cores(), 6)), least=1, most=64)
worker_class = "config.web_worker.Worker"
threads = env.number("WEB_THREADS", 4, least=1, most=64)
timeout = 30
graceful_timeout = 4
# A worker is replaced before a leak could matter, and not all at the same time.
max_requests = 10_000
max_requests_jitter = 1_000
# Else gunicorn opens a socket in the home folder.
control_socket_disable = True
# As the portal's own; what its processes log follows the settings.
logconfig_dict = logging_config(
    form=env.choice(
        "LOG_FORMAT", "lines" if env.boolean("DEBUG", default=False) else "json", of=FORMATS
    ),
    level=env.text("LOG_LEVEL", "INFO"),
)
