"""Numbered lists to which people added items apart: the offer to number them again.

An item that two people inserted in one place has one number twice, or an item that was inserted beside one
that was deleted leaves a gap. The edits depend on the text alone, so it does not matter how many people
accept them.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from crdtnotes.results import Choice
from crdtnotes.review.assignments import line_at
from crdtnotes.review.found import Found, Plan, Version, patched, typed
from crdtnotes.review.past import Met, Past

MAX_OFFERED = 20
"""The most lists of a note for which an offer is made."""

_ITEM = re.compile(r"^([ \t]*)([0-9]{1,9})([.)])[ \t].*\n?", re.MULTILINE)


class _Item(NamedTuple):
    """An item of one line: where its line and its number begin, and where its line ends."""

    start: int
    at: int
    number: str
    style: tuple[str, str]
    end: int


def numberings(past: Past) -> Iterator[Found]:
    """Yield the offers to number a list again in which two items that were written apart meet."""
    text = str(past.state.text)
    offered = 0
    for items in _lists(text):
        first = int(items[0].number)
        wanted = [str(number) for number in range(first, first + len(items))]
        if [item.number for item in items] == wanted or len({item.number for item in items}) == 1:
            continue
        met = _met(past, items)
        if met is None:
            continue
        one, other, identity = met
        edits = tuple(
            typed(item.at, len(item.number), number)
            for item, number in zip(reversed(items), reversed(wanted), strict=True)
            if item.number != number
        )
        begin, end = items[0].start, items[-1].end
        patches = [edit.patch._replace(start=edit.patch.start - begin) for edit in edits]
        place = edits[-1].patch.start
        yield Found(
            "numbering",
            identity,
            place,
            line_at(text, place),
            Version(text[begin:end], past.changes[one]),
            Version(patched(text[begin:end], patches), past.changes[other]),
            {Choice.OTHER: Plan(edits)},
        )
        offered += 1
        if offered == MAX_OFFERED:
            return


def _lists(text: str) -> Iterator[list[_Item]]:
    """Yield the lists of a text whose items have one line each, below one another."""
    items: list[_Item] = []
    for match in _ITEM.finditer(text):
        item = _Item(match.start(), match.start(2), match[2], (match[1], match[3]), match.end())
        if items and (items[-1].end != item.start or items[-1].style != item.style):
            yield items
            items = []
        items.append(item)
    if items:
        yield items


def _met(past: Past, items: list[_Item]) -> Met | None:
    """Return two changes that are apart, of neighbouring items whose numbers do not follow each other."""
    for upper, lower in pairwise(items):
        if int(lower.number) == int(upper.number) + 1:
            continue
        met = past.met(upper.at, lower.at)
        if met is not None:
            return met
    return None
