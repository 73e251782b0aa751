"""Rows of figures, and timing two things in turn."""

import gc
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

SECONDS = "s"
BYTES = "B"
PER_SECOND = "/s"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: ours, the peer's, and the ratio ours : peer; what is None was not measured.

    `unit` is SECONDS, BYTES or PER_SECOND. `target` says in words what to reach, `reached` whether it is.
    `details` are further figures, in the units that their names end with.
    """

    benchmark: str
    case: str
    unit: str
    ours: float
    peer: float | None = None
    ratio: float | None = None
    against: str = ""
    target: str = ""
    reached: bool | None = None
    details: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """Medians over the rounds; `ratio` is the median of the rounds' own ratios."""

    ours: float
    peer: float | None
    ratio: float | None


Timed = Callable[[], float]
"""Does a thing once and returns the seconds that count of it."""


def timed(action: Callable[[], Any]) -> float:
    """Run an action and return how many seconds it took; what it returns is let go afterwards."""
    gc.collect()
    begin = time.perf_counter()
    result = action()
    seconds = time.perf_counter() - begin
    del result
    return seconds


def in_turn(ours: Timed, peer: Timed | None, runs: int, *, warm_up: bool = True) -> Pair:
    """Measure both in turn, ours first, after one round that does not count.

    What else the machine does falls on both alike, so that a round's ratio is worth more than its times.
    """
    mine: list[float] = []
    theirs: list[float] = []
    for number in range(-1 if warm_up else 0, runs):
        here = ours()
        there = peer() if peer is not None else None
        if number >= 0:
            mine.append(here)
            if there is not None:
                theirs.append(there)
    if not theirs:
        return Pair(median(mine), None, None)
    ratio = median(here / there if there else math.inf for here, there in zip(mine, theirs, strict=True))
    return Pair(median(mine), median(theirs), ratio)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    rank = math.ceil(len(ordered) * percent / 100)
    return ordered[max(0, rank - 1)]
