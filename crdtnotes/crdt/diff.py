"""A small edit that turns one text into another, split at lines and words as a person would.

Lines are compared first, then the words within lines that differ; a CJK character is a word. So if two
people each write a whole new version of a note, the versions merge line by line and word by word, and a
replacement never keeps stray letters of the word that it replaces.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from crdtnotes.crdt.ops import Patch

_WORD = re.compile(r"[^\W\u2e80-\U0003ffff]+|\s+|.", re.DOTALL)

MAX_PAIRS = 1_000_000
"""If the product of the two lengths is larger than this, a faster, less thorough comparison is used."""

MAX_WORDS = 4000
"""A block with more words than this on either side is replaced as a whole: comparing takes quadratic time."""


def edits(old: str, new: str) -> list[Patch]:
    """Return patches, from the last to the first, that turn `old` into `new`.

    Applied in this order, each patch finds its positions in `old` still valid, because all patches
    before it changed only later parts of the text.
    """
    start, old_end, new_end = _trim(old, new)
    old_lines = _lines(old[start:old_end])
    new_lines = _lines(new[start:new_end])
    patches: list[Patch] = []
    for before, after in _differing(old_lines, new_lines):
        at = start + sum(map(len, old_lines[: before.start]))
        patches += _within(at, "".join(old_lines[before]), "".join(new_lines[after]))
    patches.reverse()
    return patches


def _within(at: int, old: str, new: str) -> list[Patch]:
    """Return the patches inside one block of differing lines, in order."""
    old_words, new_words = _WORD.findall(old), _WORD.findall(new)
    if len(old_words) > MAX_WORDS or len(new_words) > MAX_WORDS:
        blocks: Iterator[tuple[slice, slice]] = iter([(slice(None), slice(None))])
    else:
        blocks = _differing(old_words, new_words)
    patches = []
    for before, after in blocks:
        place = at + sum(map(len, old_words[: before.start or 0]))
        removed, inserted = "".join(old_words[before]), "".join(new_words[after])
        start, old_end, new_end = _trim(removed, inserted)
        patches.append(Patch(place + start, old_end - start, inserted[start:new_end]))
    return patches


def _differing(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[slice, slice]]:
    """Yield the slices that differ between the two, in order."""
    # In long texts, lines that recur often (blank lines) are not used as anchors: comparing each of them
    # with every other takes quadratic time.
    often = len(old) * len(new) > MAX_PAIRS
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=often).get_opcodes():
        if tag != "equal":
            yield slice(i, j), slice(k, m)


def _lines(text: str) -> list[str]:
    """Split after each newline, and nowhere else."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _trim(old: str, new: str) -> tuple[int, int, int]:
    """Return where the texts begin to differ, and where their common suffix begins in each."""
    limit = min(len(old), len(new))
    start = _common(old, new, limit, lambda text, size: text[:size])
    rest = limit - start
    tail = _common(old, new, rest, lambda text, size: text[len(text) - size :])
    return start, len(old) - tail, len(new) - tail


def _common(old: str, new: str, limit: int, part: Callable[[str, int], str]) -> int:
    """Return the largest size up to `limit` at which both parts are equal, by bisection."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        if part(old, middle) == part(new, middle):
            low = middle
        else:
            high = middle - 1
    return low
