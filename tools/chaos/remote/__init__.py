"""People have chargers told something while everything fails; at the end each was told once."""
