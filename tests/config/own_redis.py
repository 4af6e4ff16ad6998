"""A pytest plugin: parallel test processes that share one Redis get databases of their own.

It has to be loaded before the settings are (`-p tests.config.own_redis`): they read the variables.
"""

import os

DATABASES_A_PROCESS = 2


def own_database(url: str, worker: str) -> str:
    """Return the Redis URL with the database number moved on for the xdist worker `gwN`."""
    server, _, number = url.rpartition("/")
    if not worker or not number.isdecimal():
        return url
    return f"{server}/{int(number) + DATABASES_A_PROCESS * int(worker.removeprefix('gw'))}"


for _name in ("CACHE_URL", "CELERY_BROKER_URL"):
    if _name in os.environ:
        os.environ[_name] = own_database(
            os.environ[_name], os.environ.get("PYTEST_XDIST_WORKER", "")
        )
