"""How long work reports how far it is."""

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with how much is done so far and how much there is in all, in a unit that the work names.

What there is in all may change while the work goes on, and the last call need not be at its end.
"""


def no_progress(done: int, total: int) -> None:
    """Ignore a report: a `Progress` for callers that show none."""
