"""Typed client of the AMPECO public API. Imports no Django app; only `connection` knows Django."""
