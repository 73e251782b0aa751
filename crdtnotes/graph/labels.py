"""Strings that every graph format and every terminal can handle."""

import re
from collections.abc import Iterable

from crdtnotes.terminal.text import printable

__all__ = ["REPLACEMENT", "encodable", "printable", "printable_ids"]

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_SURROGATE = re.compile("[\ud800-\udfff]")


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
