"""Finding Chinese names by pinyin: initials, whole syllables, and both mixed with Latin letters.

Each Chinese character counts with all of its readings, without tones; ü is written v or u.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import NamedTuple
from unicodedata import normalize

_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class _Spelled(NamedTuple):
    """What can be typed for each character of a name, and where one or two letters can begin."""

    prefixes: Sequence[frozenset[str]]
    starts: Mapping[str, Sequence[int]]


def is_chinese(text: str) -> bool:
    """Return whether a text contains Chinese characters."""
    return not text.isascii() and _HAN.search(text) is not None


def pinyin_ranks(word: str, names: Iterable[tuple[str, str]]) -> dict[str, float]:
    """Return how well a word with Latin letters spells a part of each Chinese key; 0 is best.

    `names` are keys and their titles. A whole title is 0.5, the beginning of a title 1.5, that of a word 2.5,
    anything else 3.5, and short keys come first. Keys that the word does not spell are left out.
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


def load_readings() -> None:
    """Load the dictionary, so that the first search need not."""
    _dictionary()


def spell(keys: Iterable[str]) -> None:
    """Find out how keys are spelled, so that later searches need not."""
    for key in keys:
        _spelled(key)


def _rank(word: str, key: str, title: str, spelled: _Spelled) -> float | None:
    best: float | None = None
    title_at = len(key) - len(title)
    for start in spelled.starts[word[:2]]:
        if best is not None and best <= 2.5 and start > title_at:
            break  # inside the title there is nothing better
        end = start + 1 if len(word) == 1 else _reaches(word, spelled.prefixes, start)
        if end is None:
            continue
        if start == title_at:
            found = 0.5 if end == len(key) else 1.5
        else:
            found = 2.5 if start == 0 or not key[start - 1].isalnum() else 3.5
        best = found if best is None else min(best, found)
    return None if best is None else best + len(key) / 1000


def _reaches(word: str, prefixes: Sequence[frozenset[str]], start: int) -> int | None:
    """Return the end of the characters from `start` that a word spells, None if it does not spell them."""
    size, reached = len(word), {0}
    for at in range(start, len(prefixes)):
        typed = prefixes[at]
        further = set()
        for done in reached:
            end = done + 1
            while word[done:end] in typed:
                if end == size:
                    return at + 1
                further.add(end)
                end += 1
        if not further:
            return None
        reached = further
    return None


@lru_cache(maxsize=1 << 16)
def _spelled(key: str) -> _Spelled | None:
    """Return how a key is spelled, None if nothing in it is Chinese."""
    if not is_chinese(key):
        return None
    sounds = [_sound(character) for character in key]
    starts: dict[str, list[int]] = {}
    for at, sound in enumerate(sounds):
        begins = sound.begins
        if at + 1 < len(sounds):
            begins = begins | {one + two for one in sound.first for two in sounds[at + 1].first}
        for letters in begins:
            starts.setdefault(letters, []).append(at)
    return _Spelled([sound.prefixes for sound in sounds], starts)


class _Sound(NamedTuple):
    """What can be typed for a character: its readings or their first letters, the first, the first two."""

    prefixes: frozenset[str]
    first: frozenset[str]
    begins: frozenset[str]


@cache
def _sound(character: str) -> _Sound:
    readings = _readings(character)
    prefixes = frozenset(reading[:end] for reading in readings for end in range(1, len(reading) + 1))
    first = frozenset(reading[0] for reading in readings)
    return _Sound(prefixes, first, frozenset(reading[:2] for reading in readings) | first)


def _readings(character: str) -> tuple[str, ...]:
    """Return what can be typed for a character: itself, and its readings."""
    known = _dictionary().get(ord(character), "")
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
