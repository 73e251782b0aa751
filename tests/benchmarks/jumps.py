"""Edits that jump about, as programs and unusual users make them; the recordings have no such edits."""

from collections.abc import Callable, Iterator
from random import Random

from tests.benchmarks.traces import Patch, Trace, Txn

_BEGIN = "字" * 1000
# The text that they start from.

_REPLACED = 17
# Characters between one replacement and the next.


def _anywhere(random: Random, text: list[str]) -> Iterator[Patch]:
    """Insert or delete one character at a random place."""
    while True:
        if random.random() < 0.6:
            yield random.randrange(len(text) + 1), 0, "字"
        else:
            yield random.randrange(len(text)), 1, ""


def _two_places(_: Random, text: list[str]) -> Iterator[Patch]:
    """Insert characters in turn at two places that are far apart."""
    while True:
        yield len(text) // 3, 0, "a"
        yield len(text), 0, "文"


def _replacing(random: Random, text: list[str]) -> Iterator[Patch]:
    """Replace a few characters or insert some, from the beginning to the end, again and again."""
    place = 0
    while True:
        place = place + _REPLACED if place + 2 * _REPLACED < len(text) else 0
        if random.random() < 0.5:
            yield place, 3, ""
        yield place, 0, "some"


def _stretches(random: Random, text: list[str]) -> Iterator[Patch]:
    """Insert or delete up to 300 characters at a random place."""
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
    """Generate one recording of each kind, with `edits` patches."""
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
