"""The way in which long work reports its progress."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with the amount done so far and the total, in a unit that the work names.

The total may change during the work, and the last call need not come at its end.
"""


def no_progress(done: int, total: int) -> None:
    """Ignore a report: a `Progress` for callers that show none."""
