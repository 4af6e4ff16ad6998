"""Charges started and stopped from afar over HTTP."""

from sandbox.api.operations import Operations

OPERATIONS: Operations = {}
