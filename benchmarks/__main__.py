"""Run the benchmarks: `python -m benchmarks`, or `python -m benchmarks stepping` for one of them."""

from __future__ import annotations

from argparse import ArgumentParser
from importlib import import_module

NAMES = ("terminal", "stepping", "chance", "loading")


def main() -> None:
    """Run the benchmarks that the command line names, or all of them."""
    parser = ArgumentParser(prog="python -m benchmarks", description="Measure what gdlab costs.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"which to run: {', '.join(NAMES)} (default: all)")
    names = parser.parse_args().names or NAMES
    for name in names:
        if name not in NAMES:
            parser.error(f"there is no benchmark {name!r}; choose from {', '.join(NAMES)}")
    for name in names:
        import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
