"""Roaming connections, operators, tariffs and CDRs over HTTP."""

from sandbox.api.operations import Operations

OPERATIONS: Operations = {}
