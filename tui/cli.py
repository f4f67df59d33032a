"""The command line of gdlab."""


def main() -> int:
    """Run gdlab."""
    return 0
