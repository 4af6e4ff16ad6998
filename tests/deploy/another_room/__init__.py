"""A room of the portal that a test alone has: its migrations are still to come."""
