"""A simulated operator: a stateful AMPECO over HTTP for the demo, the tests and the benchmarks.

Nothing in here imports the portal, and only `apps.py` and the management command import Django.
"""
