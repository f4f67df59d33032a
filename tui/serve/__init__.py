"""gdlab for visitors with a browser."""
