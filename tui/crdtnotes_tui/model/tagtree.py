"""Nested tags as a tree: `#a/b` is below `#a`, whatever the case."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from crdtnotes.markup.names import name_key


class Branch(NamedTuple):
    """A tag, how deep it is nested, and the notes that bear it or one below it, by name."""

    tag: str
    depth: int
    notes: tuple[str, ...]


def tag_tree(tags_by_note: Mapping[str, Sequence[str]]) -> list[Branch]:
    """Return every tag, and every level above one, in the order of a tree that is read downwards."""
    shown: dict[tuple[str, ...], str] = {}
    bearers: dict[tuple[str, ...], dict[str, None]] = {}
    for note, tags in tags_by_note.items():
        for tag in tags:
            parts = tag.split("/")
            for depth in range(1, len(parts) + 1):
                path = tuple(map(name_key, parts[:depth]))
                shown.setdefault(path, "/".join(parts[:depth]))
                bearers.setdefault(path, {})[note] = None
    return [Branch(shown[path], len(path) - 1, tuple(sorted(bearers[path]))) for path in sorted(shown)]
