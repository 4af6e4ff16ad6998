"""Questions about sessions. Every read starts at the fleet."""
