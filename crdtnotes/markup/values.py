"""Finds values in a text: what two people who change it apart mean as one (docs/crdt.md, "Values").

Values are the boxes of tasks, and the scalars of the front matter that stand on one line; a list on one line
is a value only where none of its items stays. The targets of links are values only where a rename changes
them.
"""

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

from crdtnotes.crdt.ops import Patch
from crdtnotes.crdt.rebase import rebase
from crdtnotes.markup.frontmatter import front_matter_lines

_BOX = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[(?P<value>[^\[\]\n])\](?=[ \t]|$)")
_SCALAR = re.compile(r"[^\s:#\-\[\]{}\"'][^:\n]*:[ \t]+(?P<value>[^\s\[{|>&*!#][^\n]*?)[ \t]*(?=[ \t]#|$)")


_FLOW = re.compile(r"[^\s:#\-\[\]{}\"'][^:\n]*:[ \t]+\[[ \t]*(?P<value>[^\[\]{}\"'#\n]*?)[ \t]*\][ \t]*$")
_QUOTED = re.compile(r"[\"']")
_COMMA = re.compile(r"[ \t]*,[ \t]*")
_SEPARATOR = re.compile(r"[ \t]*[,，、][ \t]*|[ \t]+")
_SPLIT_FIELDS = frozenset({"tag", "tags"})
"""Fields whose scalars are lists, as `tags: a, b`."""


class Edit(NamedTuple):
    """A patch, and whether it changes one whole value."""

    patch: Patch
    is_value: bool


def box_in(line: str) -> tuple[int, int] | None:
    """Return where in a line the value of a task's box stands."""
    found = _BOX.match(line)
    return None if found is None else found.span("value")


def list_items(line: str) -> list[tuple[int, int]]:
    """Return where the items of a list stand that is written on one line of the front matter."""
    found, separator = _field_in(line)
    if found is None or separator is None:
        return []
    start, end = found
    return [(start + begin, start + until) for begin, until in _items(line[start:end], separator)]


def with_values(text: str, patches: Sequence[Patch]) -> list[Edit]:
    """Return patches as edits: those that change a value become one edit of the whole value.

    In a list of the front matter, items are added and removed whole, with their commas. A new front matter
    is two edits: its delimiting lines, which two people then share, and the lines between.

    The positions of all patches refer to `text`; they go from the last to the first, and so do the edits.
    """
    edits = _whole_values(text, patches)
    return edits if not edits or front_matter_lines(text)[1] else edits[:-1] + _new_front_matter(edits[-1])


def rebase_values(text: str, patches: Sequence[Patch], meanwhile: Sequence[Patch]) -> list[Patch]:
    """Return patches that have the effect of `patches` on the text as it is after `meanwhile`.

    Like `rebase`, with the values that either one changes. Both go from the last to the first.
    """
    mine, theirs = _whole_values(text, patches), _whole_values(text, meanwhile)
    values = {patch for patch, is_value in (*mine, *theirs) if is_value}
    return rebase([patch for patch, _ in mine], [patch for patch, _ in theirs], values)


def _whole_values(text: str, patches: Sequence[Patch]) -> list[Edit]:
    """Return patches as edits: those that change a value become one edit of the whole value."""
    begin, end = front_matter_lines(text)
    edits: list[Edit] = []
    pending: list[Patch] = []
    of: _Place | None = None
    for patch in patches:
        value = _value_around(text, patch, begin, end)
        if value != of:
            edits += _joined(text, of, pending)
            pending, of = [], value
        pending.append(patch)
    return edits + _joined(text, of, pending)


def _new_front_matter(edit: Edit) -> list[Edit]:
    """Return the edits for the first patch of a text without front matter."""
    start, removed, inserted = edit.patch
    begin, end = front_matter_lines(inserted)
    if start or begin == end:
        return [edit]
    around = Edit(Patch(start, removed, inserted[:begin] + inserted[end:]), is_value=False)
    return [around, Edit(Patch(begin, 0, inserted[begin:end]), is_value=False)]


class _Place(NamedTuple):
    """Where a value stands; with `separator`, it is a list of items."""

    start: int
    end: int
    separator: re.Pattern[str] | None = None


def _value_around(text: str, patch: Patch, begin: int, end: int) -> _Place | None:
    """Return where the value stands that a patch changes; None if it changes something else."""
    start, until = patch.start, patch.start + patch.removed
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    if until > line_end or "\n" in patch.inserted:
        return None
    line = text[line_start:line_end]
    found = box_in(line)
    separator = None
    if found is None and begin <= line_start < end and not text.startswith((" ", "\t", "- "), line_end + 1):
        found, separator = _field_in(line)
    if found is None:
        return None
    value = _Place(line_start + found[0], line_start + found[1], separator)
    return value if value.start <= start and until <= value.end else None


def _field_in(line: str) -> tuple[tuple[int, int] | None, re.Pattern[str] | None]:
    """Return where the value of a field stands in its line, and what separates its items if it is a list."""
    scalar = _SCALAR.match(line)
    if scalar is not None:
        is_list = line.partition(":")[0].strip() in _SPLIT_FIELDS and not _QUOTED.search(scalar["value"])
        return scalar.span("value"), _SEPARATOR if is_list else None
    flow = _FLOW.match(line)
    return (None, None) if flow is None else (flow.span("value"), _COMMA)


def _joined(text: str, value: _Place | None, patches: list[Patch]) -> list[Edit]:
    """Return the edits for patches, from the last to the first, that are inside one value or in none."""
    plain = [Edit(patch, is_value=False) for patch in patches]
    if value is None:
        return plain
    start, end, separator = value
    old = now = text[start:end]
    for patch in patches:
        at = patch.start - start
        now = now[:at] + patch.inserted + now[at + patch.removed :]
    if separator is not None:
        changed = _items_changed(old, now, separator)
        if changed is not None:
            return [Edit(patch._replace(start=start + patch.start), is_value=False) for patch in changed]
    if not now.strip() and len(now) != end - start:
        return plain
    return [Edit(Patch(start, end - start, now), is_value=True)]


def _items_changed(old: str, new: str, separator: re.Pattern[str]) -> list[Patch] | None:
    """Return patches, from the last to the first, that add and remove items; None if no item stays."""
    before, after = _items(old, separator), _items(new, separator)
    matcher = SequenceMatcher(
        None,
        [old[start:end] for start, end in before],
        [new[start:end] for start, end in after],
        autojunk=False,
    )
    kept = [
        (before[i + at], after[j + at])
        for i, j, size in matcher.get_matching_blocks()
        for at in range(size)
        if before[i + at][0] < before[i + at][1]
    ]
    if not kept:
        return None
    patches: list[Patch] = []
    begin, new_begin = 0, 0
    for (start, end), (new_start, new_end) in [*kept, ((len(old), len(old)), (len(new), len(new)))]:
        gone, came = old[begin:start], new[new_begin:new_start]
        if gone != came:
            # The comma in front of the item that stays belongs to it.
            last = [found[0] for found in separator.finditer(came)][-1:] if begin and start < len(old) else []
            if last and gone.endswith(last[0]) and came.endswith(last[0]):
                gone, came = gone[: -len(last[0])], came[: -len(last[0])]
            patches.append(Patch(begin, len(gone), came))
        begin, new_begin = end, new_end
    return patches[::-1]


def _items(text: str, separator: re.Pattern[str]) -> list[tuple[int, int]]:
    """Return where the items of a list begin and end."""
    found: list[tuple[int, int]] = []
    at = 0
    for between in separator.finditer(text):
        found.append((at, between.start()))
        at = between.end()
    return [*found, (at, len(text))]
