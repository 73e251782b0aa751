"""Actors, counters and operation ids. Only this logical time decides anything (Lamport 1978)."""

from typing import NamedTuple

MAX_COUNTER = 2**53 - 1
"""The largest counter, seq or time: every language can hold it in a double."""

BIRTH = 2**63
"""Actors from this number on are derived: hashes of what their elements are. Smaller actors name streams."""

WIDE = 2**127
"""Derived actors of 16 bytes begin here. Births of format 1 have actors of 8 bytes, below."""


Id = tuple[int, int]
"""`(counter, actor)`: names an operation or a character; ordered by counter, then actor."""


class OpId(NamedTuple):
    """An `Id` whose parts have names.

    Code that runs for every keystroke makes plain `Id`s, which takes a tenth of the time.
    """

    counter: int
    actor: int


ROOT = OpId(0, 0)
"""Means "before the first character"; smaller than every id."""


class LamportClock:
    """Gives each new operation a larger counter than every counter seen before."""

    __slots__ = ("last",)

    def __init__(self, last: int = 0) -> None:
        self.last = last

    def take(self, count: int) -> int:
        """Reserve `count` consecutive counters and return the first."""
        start = self.last + 1
        self.last += count
        return start

    def witness(self, counter: int) -> None:
        """Advance the clock to at least a counter that was seen."""
        self.last = max(self.last, counter)
