"""The ways without a screen: a printed run, and the laboratory in words."""
