"""A finding before it has names and times: two versions, and the edits that settle it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from crdtnotes.changes.change import Change
from crdtnotes.crdt.ops import Patch
from crdtnotes.markup.values import Edit
from crdtnotes.results import Choice


class Version(NamedTuple):
    """One of two versions: its text, "" where it deletes, and the change that it comes from."""

    text: str
    change: Change


@dataclass(frozen=True, slots=True)
class Plan:
    """What a choice does: edits of the note's text, from the last to the first, or more than the text.

    The positions of all edits refer to the text before them. Without any effect, a choice only marks the
    finding as seen.
    """

    edits: tuple[Edit, ...] = ()
    name: str | None = None
    """The new name of the note."""
    remove: bool = False
    """Whether the note is deleted."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a note; see `Finding` for most fields.

    `identity` tells it from all other findings of its kind in the note. It consists of numbers and strings
    that do not depend on the replica. `start` is the place in the note's text.
    """

    kind: str
    identity: tuple[object, ...]
    start: int | None
    context: str
    standing: Version
    other: Version
    plans: Mapping[Choice, Plan] = field(default_factory=dict)

    def key(self, note: bytes) -> str:
        """Return the key of the finding in the note with this id."""
        name = repr((self.kind, _plain(self.identity))).encode()
        return blake2b(name, digest_size=16, key=note).hexdigest()


def _plain(value: object) -> object:
    """Return tuples without names for their parts: an id is written in one way."""
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value


def patched(text: str, patches: Sequence[Patch]) -> str:
    """Return a text after patches, which go from the last to the first and refer to the text before them."""
    parts: list[str] = []
    end = len(text)
    for start, removed, inserted in patches:
        parts += text[start + removed : end], inserted
        end = start
    return "".join([text[:end], *reversed(parts)])


def typed(start: int, removed: int, inserted: str) -> Edit:
    """Return an edit of a text that is no value."""
    return Edit(Patch(start, removed, inserted), is_value=False)
