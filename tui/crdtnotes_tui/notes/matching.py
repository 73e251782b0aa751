"""Fuzzy ranking: a few letters find a name."""

import re
from collections.abc import Iterable
from functools import lru_cache
from heapq import nsmallest
from operator import itemgetter
from typing import Protocol, TypeVar

from crdtnotes.markup.names import name_key
from crdtnotes_tui.notes.pinyin import pinyin_ranks


class Candidate(Protocol):
    """An item that a query can match."""

    @property
    def key(self) -> str:
        """The case-folded text that is compared."""
        ...

    @property
    def title(self) -> str:
        """The last part of the key."""
        ...

    @property
    def weight(self) -> float:
        """Orders equally good matches; the greater weight comes first."""
        ...


C = TypeVar("C", bound=Candidate)


@lru_cache(maxsize=64)
def _scattered(word: str) -> re.Pattern[str]:
    return re.compile(".*?".join(map(re.escape, word)))


def rank(word: str, key: str, title: str) -> float | None:
    """Return how well one word matches a key whose last part is `title`, None if it does not; 0 is best.

    Whole titles come first, then the beginning of a title, the beginning of a word, the inside of a word, and
    last keys that merely contain all letters in order.
    """
    at = key.find(word)
    if at >= 0:
        length = len(key) / 1000
        if title.startswith(word):
            return length if title == word else 1 + length
        if at == 0 or not key[at - 1].isalnum():
            return 2 + length
        return 3 + length
    found = _scattered(word).search(key)
    if found is None:
        return None
    return 4 + (found.end() - found.start() - len(word)) / 10 + len(key) / 1000


def best(query: str, candidates: Iterable[C], limit: int) -> list[C]:
    """Return the best matches for a query; all of its words must match."""
    words = name_key(query).split()
    if not words:
        return sorted(candidates, key=lambda one: -one.weight)[:limit]
    # Matching scattered letters is slow, so it is done only if whole words give too few matches.
    candidates = list(candidates)
    spelled = [(word, pinyin_ranks(word, ((one.key, one.title) for one in candidates))) for word in words]
    inside = candidates
    for word, ranks in spelled:
        inside = [one for one in inside if word in one.key or one.key in ranks]
    if len(inside) >= limit:
        candidates = inside
    found: list[tuple[float, float, str, C]] = []
    for one in candidates:
        total = 0.0
        for word, ranks in spelled:
            this = rank(word, one.key, one.title)
            other = ranks.get(one.key)
            if other is not None and (this is None or other < this):
                this = other
            if this is None:
                break
            total += this
        else:
            found.append((total, -one.weight, one.key, one))
    return [entry[3] for entry in nsmallest(limit, found, key=itemgetter(0, 1, 2))]
