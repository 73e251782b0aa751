"""Strings that every graph format and every terminal can handle."""

import re
from collections.abc import Iterable

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# Characters that do not belong in a line of text: control characters (C0, DEL, C1), the line separators,
# halves of surrogate pairs, and two more code points that XML 1.0 does not allow (its production 2, Char).
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """`text` on one line: any white space becomes a space, unprintable characters become U+FFFD."""
    return _UNPRINTABLE.sub(_replacement, text)


def encodable(text: str) -> str:
    """`text` with U+FFFD for halves of surrogate pairs, which UTF-8 cannot encode."""
    return _SURROGATE.sub(REPLACEMENT, text)


def printable_ids(names: Iterable[str]) -> dict[str, str]:
    """Map each of `names` to a printable form; the forms are unique.

    A printable name stays as it is; the others get numbers where needed, in the order given.
    """
    distinct = list(dict.fromkeys(names))
    ids = {name: name for name in distinct if printable(name) == name}
    taken = set(ids)
    for name in distinct:
        if name not in ids:
            ids[name] = _unused(printable(name), taken)
            taken.add(ids[name])
    return ids


def _unused(label: str, taken: set[str]) -> str:
    candidate, number = label, 2
    while candidate in taken:
        candidate = f"{label} ({number})"
        number += 1
    return candidate


def _replacement(match: re.Match[str]) -> str:
    return " " if match.group().isspace() else REPLACEMENT
