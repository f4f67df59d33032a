"""The commands without a screen: printed runs, checks, export and the plain mode."""
