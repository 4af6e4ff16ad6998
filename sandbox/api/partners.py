"""Contracts, revenues and expenses of partners over HTTP."""

from sandbox.api.operations import Operations

OPERATIONS: Operations = {}
