"""Edits that jump about, as programs and unusual people make them: none of it stands in the recordings."""

from collections.abc import Callable, Iterator
from random import Random

from tests.benchmarks.traces import Patch, Trace, Txn

_BEGIN = "字" * 1000
# What they begin from.

_REPLACED = 17
# Characters between one replacement and the next.


def _anywhere(random: Random, text: list[str]) -> Iterator[Patch]:
    """One character comes or goes at any place."""
    while True:
        if random.random() < 0.6:
            yield random.randrange(len(text) + 1), 0, "字"
        else:
            yield random.randrange(len(text)), 1, ""


def _two_places(_: Random, text: list[str]) -> Iterator[Patch]:
    """Characters come at two places in turn, far from each other."""
    while True:
        yield len(text) // 3, 0, "a"
        yield len(text), 0, "文"


def _replacing(random: Random, text: list[str]) -> Iterator[Patch]:
    """Here a few characters are replaced, there some come, from the beginning to the end, again and again."""
    place = 0
    while True:
        place = place + _REPLACED if place + 2 * _REPLACED < len(text) else 0
        if random.random() < 0.5:
            yield place, 3, ""
        yield place, 0, "some"


def _stretches(random: Random, text: list[str]) -> Iterator[Patch]:
    """Up to 300 characters come or go at any place."""
    while True:
        yield random.randrange(len(text)), 0, "文" * random.randint(1, 300)
        size = min(random.randint(1, 300), len(text) - 1)
        yield random.randrange(len(text) - size), size, ""


_KINDS: dict[str, Callable[[Random, list[str]], Iterator[Patch]]] = {
    "anywhere": _anywhere,
    "two-places": _two_places,
    "replacing": _replacing,
    "stretches": _stretches,
}


def jumps(edits: int) -> Iterator[Trace]:
    """Make one recording of each kind, with so many patches."""
    for kind, make in _KINDS.items():
        text = list(_BEGIN)
        txns: list[Txn] = []
        for patch in make(Random(9), text):
            start, deleted, inserted = patch
            text[start : start + deleted] = inserted
            txns.append(Txn((patch,)))
            if len(txns) == edits:
                break
        yield Trace(f"{kind}-{edits}", _BEGIN, "".join(text), tuple(txns))
