"""Studies of a landscape and an optimizer: which rates are stable, and where many runs end."""
