"""Transactions, receipts, invoices, subscriptions and what a session drew over HTTP."""

from sandbox.api.operations import Operations

OPERATIONS: Operations = {}
