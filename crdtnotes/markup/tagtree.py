"""Nested tags as a tree: `#a/b` is below `#a`; upper and lower case are the same."""

from collections.abc import Iterable
from typing import NamedTuple

from crdtnotes.markup.names import name_key


class Branch(NamedTuple):
    """A tag, its nesting depth, and the number of notes that have it or a tag below it."""

    tag: str
    depth: int
    notes: int


def tag_tree(uses: Iterable[tuple[str, int]]) -> list[Branch]:
    """Return every tag and every level above a tag, in depth-first order.

    `uses` are pairs of a tag and the number of a note that has it. Of several spellings the first is shown.
    """
    shown: dict[tuple[str, ...], str] = {}
    holders: dict[tuple[str, ...], set[int]] = {}
    levels: dict[str, list[set[int]]] = {}  # for each tag: the notes with it, and with each level above it
    for tag, note in uses:
        if tag not in levels:
            parts = tag.split("/")
            keys = tuple(map(name_key, parts))
            paths = [keys[:depth] for depth in range(1, len(parts) + 1)]
            for path in paths:
                shown.setdefault(path, "/".join(parts[: len(path)]))
            levels[tag] = [holders.setdefault(path, set()) for path in paths]
        for level in levels[tag]:
            level.add(note)
    return [Branch(shown[path], len(path) - 1, len(holders[path])) for path in sorted(shown)]


def is_within(tag: str, other: str) -> bool:
    """Whether a tag is the same as the other or below it."""
    return f"{name_key(tag)}/".startswith(f"{name_key(other)}/")
