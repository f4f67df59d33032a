"""Export of a session: code, tables, pictures and notebooks."""
