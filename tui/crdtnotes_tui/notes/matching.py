"""Fuzzy ranking: a few letters find a name."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from heapq import nsmallest
from operator import itemgetter
from typing import Protocol, TypeVar

from crdtnotes.markup.names import name_key
from crdtnotes.markup.pinyin import pinyin_ranks


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
    whole = _rank_whole(word, key, title)
    return _rank_scattered(word, key) if whole is None else whole


def _rank_whole(word: str, key: str, title: str) -> float | None:
    at = key.find(word)
    if at < 0:
        return None
    if title.startswith(word):
        return (0 if title == word else 1) + len(title) / 1000
    length = len(key) / 1000
    return (2 if at == 0 or not key[at - 1].isalnum() else 3) + length


def _rank_scattered(word: str, key: str) -> float | None:
    found = _scattered(word).search(key)
    if found is None:
        return None
    return 4 + (found.end() - found.start() - len(word)) / 10 + len(key) / 1000


def best(query: str, candidates: Iterable[C], limit: int) -> list[C]:
    """Return the best matches for a query; all of its words must match."""
    words = sorted(name_key(query).split(), key=len, reverse=True)  # long words leave fewer candidates
    if not words:
        return sorted(candidates, key=lambda one: -one.weight)[:limit]
    every = [(0.0, one) for one in candidates]
    spelled = pinyin_ranks(words[0], ((one.key, one.title) for _, one in every))
    found = _all_match(words, every, spelled, scattered=False)
    if len(found) < limit:
        # Matching scattered letters is slow, so it is done only if whole words give too few matches.
        found = _all_match(words, every, spelled, scattered=True)
    ranked = ((total, -one.weight, one.key, one) for total, one in found)
    return [entry[3] for entry in nsmallest(limit, ranked, key=itemgetter(0, 1, 2))]


def _all_match(
    words: Sequence[str], found: list[tuple[float, C]], spelled: Mapping[str, float], *, scattered: bool
) -> list[tuple[float, C]]:
    """Return those that all words match, with their ranks added; `spelled` is for the first word."""
    for word in words:
        if word is not words[0]:
            spelled = pinyin_ranks(word, ((one.key, one.title) for _, one in found))
        narrowed: list[tuple[float, C]] = []
        for total, one in found:
            this = _rank_whole(word, one.key, one.title) if word in one.key else None
            other = spelled.get(one.key)
            if other is not None and (this is None or other < this):
                this = other
            elif this is None and scattered:
                this = _rank_scattered(word, one.key)
            if this is not None:
                narrowed.append((total + this, one))
        found = narrowed
    return found
