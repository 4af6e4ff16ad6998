"""Tariffs, their groups and snapshots over HTTP."""

from sandbox.api.operations import Operations

OPERATIONS: Operations = {}
