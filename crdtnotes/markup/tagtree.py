"""Nested tags as a tree: `#a/b` is below `#a`, whatever the case."""

from collections.abc import Iterable
from typing import NamedTuple

from crdtnotes.markup.names import name_key


class TagBranch(NamedTuple):
    """A tag, how deep it is nested, and how many notes bear it or one below it."""

    tag: str
    depth: int
    notes: int


def tag_tree(borne: Iterable[tuple[str, int]]) -> list[TagBranch]:
    """Return every tag, and every level above one, in the order of a tree that is read downwards.

    `borne` are pairs of a tag and a number that stands for a note with it. Of several spellings the first is
    shown.
    """
    shown: dict[tuple[str, ...], str] = {}
    bearers: dict[tuple[str, ...], set[int]] = {}
    levels: dict[str, list[set[int]]] = {}  # of each tag: who bears it, and each level above it
    for tag, note in borne:
        if tag not in levels:
            parts = tag.split("/")
            keys = tuple(map(name_key, parts))
            paths = [keys[:depth] for depth in range(1, len(parts) + 1)]
            for path in paths:
                shown.setdefault(path, "/".join(parts[: len(path)]))
            levels[tag] = [bearers.setdefault(path, set()) for path in paths]
        for level in levels[tag]:
            level.add(note)
    return [TagBranch(shown[path], len(path) - 1, len(bearers[path])) for path in sorted(shown)]


def is_within(tag: str, other: str) -> bool:
    """Whether a tag is the other one or below it."""
    return f"{name_key(tag)}/".startswith(f"{name_key(other)}/")
