"""Finds values in a text: what two people who change it apart mean as one (docs/crdt.md, "Values").

Values are the boxes of tasks, and the scalars of the front matter that stand on one line. The targets of
links are values only where a rename changes them.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from crdtnotes.crdt.ops import Patch
from crdtnotes.markup.frontmatter import front_matter_lines

_BOX = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+\[(?P<value>[^\[\]\n])\](?=[ \t]|$)")
_SCALAR = re.compile(r"[^\s:#\-\[\]{}\"'][^:\n]*:[ \t]+(?P<value>[^\s\[{|>&*!#][^\n]*?)[ \t]*(?=[ \t]#|$)")


class Edit(NamedTuple):
    """A patch, and whether it changes one whole value."""

    patch: Patch
    is_value: bool


def box_in(line: str) -> tuple[int, int] | None:
    """Return where in a line the value of a task's box stands."""
    found = _BOX.match(line)
    return None if found is None else found.span("value")


def with_values(text: str, patches: Sequence[Patch]) -> list[Edit]:
    """Return patches as edits: those that change a value become one edit of the whole value.

    The positions of all patches refer to `text`; they go from the last to the first, and so do the edits.
    """
    begin, end = front_matter_lines(text)
    edits: list[Edit] = []
    pending: list[Patch] = []
    of: tuple[int, int] | None = None
    for patch in patches:
        value = _value_around(text, patch, begin, end)
        if value != of:
            edits += _joined(text, of, pending)
            pending, of = [], value
        pending.append(patch)
    return edits + _joined(text, of, pending)


def _value_around(text: str, patch: Patch, begin: int, end: int) -> tuple[int, int] | None:
    """Return where the value stands that a patch changes; None if it changes something else."""
    start, until = patch.start, patch.start + patch.removed
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    line_end = len(text) if line_end < 0 else line_end
    if until > line_end or "\n" in patch.inserted:
        return None
    line = text[line_start:line_end]
    found = box_in(line)
    if found is None and begin <= line_start < end and not text.startswith((" ", "\t", "- "), line_end + 1):
        scalar = _SCALAR.match(line)
        found = None if scalar is None else scalar.span("value")
    if found is None:
        return None
    value = line_start + found[0], line_start + found[1]
    return value if value[0] <= start and until <= value[1] else None


def _joined(text: str, value: tuple[int, int] | None, patches: list[Patch]) -> list[Edit]:
    """Return the edits for patches, from the last to the first, that are inside one value or in none."""
    if value is None:
        return [Edit(patch, is_value=False) for patch in patches]
    start, end = value
    now = text[start:end]
    for patch in patches:
        at = patch.start - start
        now = now[:at] + patch.inserted + now[at + patch.removed :]
    if not now.strip() and len(now) != end - start:
        return [Edit(patch, is_value=False) for patch in patches]
    return [Edit(Patch(start, end - start, now), is_value=True)]
