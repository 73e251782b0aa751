"""Actors, counters and operation ids: the only notion of time that decides anything (Lamport 1978)."""

from typing import NamedTuple

MAX_COUNTER = 2**53 - 1
"""No counter, seq or time is larger, so that every language can hold one in a double."""

BIRTH = 2**63
"""Actors from here up are births: hashes of a note's first text. Those below are streams of changes."""


Id = tuple[int, int]
"""`(counter, actor)`: names an operation or a character; ordered by counter, then actor."""


class OpId(NamedTuple):
    """An `Id` with names for its parts.

    What is made for every key that is typed is a plain `Id`: making one takes a tenth of the time.
    """

    counter: int
    actor: int


ROOT = OpId(0, 0)
"""Stands for "before the first character" and is smaller than every id."""


class LamportClock:
    """Counts so that whatever is written gets a larger counter than everything seen before."""

    __slots__ = ("last",)

    def __init__(self, last: int = 0) -> None:
        self.last = last

    def take(self, count: int) -> int:
        """Reserve `count` consecutive counters and return the first."""
        start = self.last + 1
        self.last += count
        return start

    def witness(self, counter: int) -> None:
        """Move past a counter that was seen."""
        self.last = max(self.last, counter)
