"""Questions about sessions."""
