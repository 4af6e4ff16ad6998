"""A simulated operator: a stateful AMPECO over HTTP for the demo, the tests and the benchmarks.

Outside `management/`, which fills the demo's portal, nothing in here imports the portal, and only
`apps.py` imports Django.
"""
