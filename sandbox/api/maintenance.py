"""Downtime, status logs, error codes and firmware over HTTP."""

from sandbox.api import downtime
from sandbox.api.operations import Operations

OPERATIONS: Operations = {**downtime.OPERATIONS}
CREATES: set[tuple[str, str]] = {*downtime.CREATES}
