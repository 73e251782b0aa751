"""Finding Chinese names by pinyin: initials, whole syllables, and both mixed with Latin letters.

Each Chinese character counts with all of its readings, without tones; ü is written v or u.
"""

import os
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple
from unicodedata import normalize

_FIRST, _LAST = "\u3400", "\U0003ffff"


class _Spelled(NamedTuple):
    """What can be typed for each character of a name, and where one or two letters can begin."""

    readings: tuple[tuple[str, ...], ...]
    starts: Mapping[str, tuple[int, ...]]


def pinyin_ranks(word: str, names: Iterable[tuple[str, str]]) -> dict[str, float]:
    """Return how well a word with Latin letters spells a part of each Chinese key; 0 is best.

    `names` are keys and their titles. The ranks are those of `matching.rank`, each half a step later, so that
    names in Latin letters come first. Keys that the word does not spell are left out.
    """
    found: dict[str, float] = {}
    if not any("a" <= letter <= "z" for letter in word):
        return found
    first = word[:2]
    for key, title in names:
        spelled = None if key.isascii() else _spelled(key)
        if spelled is not None and first in spelled.starts:
            rank = _rank(word, key, title, spelled)
            if rank is not None:
                found[key] = rank
    return found


def _rank(word: str, key: str, title: str, spelled: _Spelled) -> float | None:
    best: float | None = None
    for start in spelled.starts[word[:2]]:
        end = _reaches(word, spelled.readings, start)
        if end is None:
            continue
        if start == len(key) - len(title):
            found = 0.5 if end == len(key) else 1.5
        else:
            found = 2.5 if start == 0 or not key[start - 1].isalnum() else 3.5
        best = found if best is None else min(best, found)
    return None if best is None else best + len(key) / 1000


def _reaches(word: str, readings: tuple[tuple[str, ...], ...], start: int) -> int | None:
    """Return the end of the characters from `start` that a word spells, None if it does not spell them."""
    size, reached = len(word), {0}
    for at in range(start, len(readings)):
        further = set()
        for done in reached:
            letter = word[done]
            for reading in readings[at]:
                if reading[0] == letter:
                    further.add(done + 1)
                    count = 1
                    while count < len(reading) and word.startswith(reading[count], done + count):
                        count += 1
                        further.add(done + count)
        if size in further:
            return at + 1
        if not further:
            return None
        reached = further
    return None


@lru_cache(maxsize=1 << 16)
def _spelled(key: str) -> _Spelled | None:
    """Return how a key is spelled, None if nothing in it is Chinese."""
    if not any(_FIRST <= character <= _LAST for character in key):
        return None
    readings = tuple(_readings(character) for character in key)
    starts: dict[str, list[int]] = {}
    for at, each in enumerate(readings):
        further = {reading[0] for reading in readings[at + 1]} if at + 1 < len(readings) else set()
        first = {reading[0] for reading in each}
        begins = first | {reading[:2] for reading in each} | {one + two for one in first for two in further}
        for letters in begins:
            starts.setdefault(letters, []).append(at)
    return _Spelled(readings, {letters: tuple(places) for letters, places in starts.items()})


@cache
def _readings(character: str) -> tuple[str, ...]:
    """Return what can be typed for a character: itself, and its readings."""
    known = _dictionary().get(ord(character), "") if character >= _FIRST else ""
    plain = [_without_tone(reading) for reading in known.split(",") if reading]
    umlauts = [reading.replace("v", "u") for reading in plain if "v" in reading]
    return tuple(dict.fromkeys([character, *plain, *umlauts]))


def _without_tone(reading: str) -> str:
    letters = normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(letter for letter in letters if "a" <= letter <= "z")


@cache
def _dictionary() -> Mapping[int, str]:
    """Return the readings of all characters; the dictionary of phrases, which is larger, is left out."""
    before = os.environ.get("PYPINYIN_NO_PHRASES")
    os.environ["PYPINYIN_NO_PHRASES"] = "true"
    try:
        from pypinyin.constants import PINYIN_DICT
    finally:
        if before is None:
            del os.environ["PYPINYIN_NO_PHRASES"]
        else:
            os.environ["PYPINYIN_NO_PHRASES"] = before
    readings: Mapping[int, str] = PINYIN_DICT
    return readings
