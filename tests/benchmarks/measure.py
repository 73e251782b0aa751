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
    """One figure: ours, the peer's, and the ratio ours : peer; None means not measured.

    `unit` is SECONDS, BYTES or PER_SECOND. `target` states the target in words, `reached` whether it is met.
    `details` are further figures; their names end with their units.
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
    """Medians over the rounds; `ratio` is the median of the ratios of the rounds."""

    ours: float
    peer: float | None
    ratio: float | None


Timed = Callable[[], float]
"""Runs something once and returns the seconds to count."""


def timed(action: Callable[[], Any]) -> float:
    """Run an action and return the seconds it took; its result is released afterwards."""
    gc.collect()
    begin = time.perf_counter()
    result = action()
    seconds = time.perf_counter() - begin
    del result
    return seconds


def in_turn(ours: Timed, peer: Timed | None, runs: int, *, warm_up: bool = True) -> Pair:
    """Measure both in turn, ours first, after one round that does not count.

    Other load on the machine affects both alike, so a round's ratio is more reliable than its times.
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
