"""Pages about a fleet's months and years."""
