"""Downtime, status logs, error codes and firmware over HTTP."""

from sandbox.api.operations import Operations

OPERATIONS: Operations = {}
CREATES: set[tuple[str, str]] = set()
