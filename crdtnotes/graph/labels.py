"""Strings that every graph format and every terminal can take."""

import re
from collections.abc import Iterable

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# What has no place in a line of text: control characters (C0, DEL, C1), the line separators, halves of
# surrogate pairs, and the two code points XML 1.0 refuses besides (its production 2, Char).
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """`text` on one line: white space of all kinds as a space, what cannot be shown or written as U+FFFD."""
    return _UNPRINTABLE.sub(_replacement, text)


def encodable(text: str) -> str:
    """`text` with halves of surrogate pairs, which UTF-8 cannot hold, as U+FFFD."""
    return _SURROGATE.sub(REPLACEMENT, text)


def printable_ids(names: Iterable[str]) -> dict[str, str]:
    """Each of `names` with its printable form, made different where two would become one.

    A name that is printable keeps itself; among the others the order given decides who gets a number.
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
