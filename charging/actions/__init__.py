"""What people do with sessions, cost centres and budgets."""
