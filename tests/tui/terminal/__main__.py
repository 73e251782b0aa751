"""Play rounds of random bytes until the time is over; on a failure, shrink it and show the steps."""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.tui.terminal.play import Step, Tally, play, shrink, steps_of

SHRINK_SECONDS = 900.0


def fails(steps: list[Step]) -> str:
    """Play a round; return what failed, "" if nothing did."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            play(steps, Path(folder) / "round")
        except AssertionError as error:
            return str(error) or "failed"
    return ""


def _within(seconds: float) -> Callable[[list[Step]], bool]:
    """Return a `fails` that stops trying after some seconds."""
    end = time.monotonic() + seconds
    return lambda steps: time.monotonic() < end and bool(fails(steps))


def main() -> int:
    """Run the program and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.tui.terminal", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--steps", type=int, default=400, help="of a round")
    options = parser.parse_args()
    end = time.monotonic() + options.minutes * 60
    tally, seed = Tally(), options.seed
    while time.monotonic() < end:
        steps = steps_of(seed, options.steps)
        with tempfile.TemporaryDirectory() as folder:
            try:
                play(steps, Path(folder) / "round", tally)
            except AssertionError as error:
                print(f"seed {seed} failed: {error}\nshrinking …", flush=True)
                fewer = shrink(steps, _within(SHRINK_SECONDS))
                print(f"{len(fewer)} of {len(steps)} steps:", *fewer, fails(fewer), sep="\n")
                return 1
        seed += 1
        print(f"seed {seed - 1}: {tally}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
