"""The monthly mail with a fleet's figures."""
