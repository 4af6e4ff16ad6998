"""Sums months of fleets, and keeps the sums."""
