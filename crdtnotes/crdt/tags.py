"""Sets of tags (operation ids), kept as runs of consecutive counters.

A birth gives a link as many tags as its text has occurrences, so a few bytes can name millions of tags. Here
they are two numbers, and so are tags that were removed together.

Invariant: the runs of an actor are not empty, ascending, and neither overlap nor touch.
"""

from bisect import bisect_left
from collections.abc import Iterator

from crdtnotes.crdt.ids import OpId

Run = tuple[int, int, int]
"""`(actor, first, length)`: tags with consecutive counters of one actor."""


class Tags:
    """A set of tags."""

    __slots__ = ("_runs",)

    def __init__(self) -> None:
        self._runs: dict[int, list[tuple[int, int]]] = {}
        # For each actor `(first counter, counter after the last)`.

    def __bool__(self) -> bool:
        return bool(self._runs)

    def __len__(self) -> int:
        return sum(end - first for runs in self._runs.values() for first, end in runs)

    def __iter__(self) -> Iterator[OpId]:
        """Iterate over the tags, by actor."""
        for actor, first, length in self.runs():
            for counter in range(first, first + length):
                yield OpId(counter, actor)

    def runs(self) -> list[Run]:
        """Return the runs, by actor and counter."""
        return [
            (actor, first, end - first) for actor in sorted(self._runs) for first, end in self._runs[actor]
        ]

    def add(self, actor: int, first: int, end: int) -> None:
        """Add the tags of an actor from the counter `first` up to `end`, which is not included."""
        runs = self._runs.setdefault(actor, [])
        at = bisect_left(runs, (first, 0))
        if at and runs[at - 1][1] >= first:
            at -= 1
        until = at
        while until < len(runs) and runs[until][0] <= end:
            first, end = min(first, runs[until][0]), max(end, runs[until][1])
            until += 1
        runs[at:until] = [(first, end)]

    def discard(self, actor: int, first: int, end: int) -> None:
        """Remove those of the tags that are here."""
        runs = self._runs.get(actor)
        if runs is None:
            return
        at = bisect_left(runs, (first, 0))
        if at and runs[at - 1][1] > first:
            at -= 1
        left: list[tuple[int, int]] = []
        until = at
        while until < len(runs) and runs[until][0] < end:
            begin, stop = runs[until]
            if begin < first:
                left.append((begin, first))
            if stop > end:
                left.append((end, stop))
            until += 1
        runs[at:until] = left
        if not runs:
            del self._runs[actor]

    def missing(self, actor: int, first: int, end: int) -> list[tuple[int, int]]:
        """Return the runs `(first, end)` of those of the tags that are not here."""
        runs = self._runs.get(actor, [])
        at = bisect_left(runs, (first, 0))
        if at and runs[at - 1][1] > first:
            at -= 1
        result: list[tuple[int, int]] = []
        while at < len(runs) and runs[at][0] < end:
            begin, stop = runs[at]
            if first < begin:
                result.append((first, begin))
            first = max(first, stop)
            at += 1
        if first < end:
            result.append((first, end))
        return result
