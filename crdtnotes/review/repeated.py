"""Lists of the front matter to which people added items apart: the offer to keep each item once.

Two people who add one tag each have both, and two who add the same tag have it once. But if one adds `b, c`
and the other `c, d`, the list has `c` twice. The edits depend on the text alone, so it does not matter how
many people accept them.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from crdtnotes.markup.frontmatter import front_matter_lines
from crdtnotes.markup.values import list_items
from crdtnotes.results import Choice
from crdtnotes.review.assignments import line_at
from crdtnotes.review.found import Found, Plan, Version, patched, typed
from crdtnotes.review.past import Met, Past

MAX_OFFERED = 20
"""The most lists of a note for which an offer is made."""

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_ENTRY = re.compile(r"(?P<indent>[ \t]*)- +(?P<item>[^\s:\-][^:\n]*?)[ \t]*\n?\Z")


class _Item(NamedTuple):
    """An item: its text, where it begins, and the part of the note, `cut` to `end`, that goes with it."""

    text: str
    start: int
    cut: int
    end: int


def repetitions(past: Past) -> Iterator[Found]:
    """Yield the offers to keep each item of a list once, where one was written twice, apart."""
    text = str(past.state.text)
    offered = 0
    for begin, end, items in _lists(text):
        met = _met(past, items)
        if met is None:
            continue
        one, other, identity = met
        kept: dict[str, _Item] = {}
        gone = [item for item in items if kept.setdefault(item.text, item) is not item]
        edits = tuple(typed(item.cut, item.end - item.cut, "") for item in reversed(gone))
        patches = [edit.patch._replace(start=edit.patch.start - begin) for edit in edits]
        yield Found(
            "repeated item",
            identity,
            gone[0].start,
            line_at(text, gone[0].start),
            Version(text[begin:end], past.changes[one]),
            Version(patched(text[begin:end], patches), past.changes[other]),
            {Choice.OTHER: Plan(edits)},
        )
        offered += 1
        if offered == MAX_OFFERED:
            return


def _lists(text: str) -> Iterator[tuple[int, int, list[_Item]]]:
    """Yield the lists of the front matter, on one line or with a line for each item, with their places."""
    begin, end = front_matter_lines(text)
    entries: list[_Item] = []
    indent = ""
    for line in _LINE.finditer(text, begin, end):
        entry = _ENTRY.fullmatch(line[0])
        if entry is not None and entry["indent"] == indent and entries:
            entries.append(_Item(entry["item"], line.start() + entry.start("item"), line.start(), line.end()))
            continue
        if entries and entry is None and line[0].startswith((" ", "\t", "-")):
            entries.pop()  # it goes on in this line, or what follows is no simple item
        if entries:
            yield entries[0].cut, entries[-1].end, entries
            entries = []
        if entry is not None:
            indent = entry["indent"]
            entries = [_Item(entry["item"], line.start() + entry.start("item"), line.start(), line.end())]
        places = [
            (line.start() + start, line.start() + until) for start, until in list_items(line[0].rstrip("\n"))
        ]
        if places:
            # An item goes with what separates it from the one before it.
            cuts = [places[0][0], *(until for _, until in places[:-1])]
            yield (
                line.start(),
                line.end(),
                [
                    _Item(text[start:until], start, cut, until)
                    for (start, until), cut in zip(places, cuts, strict=True)
                ],
            )
    if entries:
        yield entries[0].cut, entries[-1].end, entries


def _met(past: Past, items: list[_Item]) -> Met | None:
    """Return two changes that are apart, and wrote the same item."""
    first: dict[str, _Item] = {}
    for item in items:
        before = first.setdefault(item.text, item)
        if before is item or not item.text:
            continue
        met = past.met(before.start, item.start)
        if met is not None:
            return met
    return None
