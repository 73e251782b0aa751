"""Finding and replacing text in a note, whatever its case and the Unicode form of its accents."""

import re
import unicodedata

from crdtnotes.crdt.ops import Patch


def matches(text: str, wanted: str) -> list[tuple[int, int]]:
    """Return the matches as `(start, end)`; case matters only if `wanted` has capitals."""
    if not wanted:
        return []
    spellings = dict.fromkeys(
        [wanted, unicodedata.normalize("NFC", wanted), unicodedata.normalize("NFD", wanted)]
    )
    pattern = "|".join(map(re.escape, sorted(spellings, key=len, reverse=True)))
    return [match.span() for match in re.finditer(pattern, text, _flags(wanted))]


def pick(found: list[tuple[int, int]], position: int, step: int) -> int | None:
    """Return the number of a match: at or after a position (0), the next (1), the previous one (-1)."""
    if not found:
        return None
    starts = [start for start, _ in found]
    if step < 0:
        before = [number for number, start in enumerate(starts) if start < position]
        return before[-1] if before else len(found) - 1
    after = [
        number for number, start in enumerate(starts) if (start > position if step else start >= position)
    ]
    return after[0] if after else 0


def replaced(text: str, wanted: str, replacement: str) -> list[Patch]:
    """Return the replacements of all matches, in ascending order.

    If case does not matter, a replacement in small letters takes the case of each match: `Paxos` and `PAXOS`
    become `Raft` and `RAFT`.
    """
    follows = wanted == wanted.lower() and replacement == replacement.lower()
    return [
        Patch(start, end - start, _like(text[start:end], replacement) if follows else replacement)
        for start, end in matches(text, wanted)
    ]


def _like(old: str, new: str) -> str:
    if old == old.lower():
        return new
    if len(old) > 1 and old == old.upper():
        return new.upper()
    return new[:1].upper() + new[1:] if old[:1] != old[:1].lower() else new


def _flags(wanted: str) -> re.RegexFlag:
    return re.IGNORECASE if wanted == wanted.lower() else re.NOFLAG
