"""The texts that a note had earlier, read from its log.

A past state of a note is named by its *version*, `{actor: seq}`: the last edit by each stream. An author's
version is a causal cut, so the changes in it can be replayed alone. Where a log was rewritten, a version may
name other changes, or none; so whoever asks for a text compares its hash.
"""

from __future__ import annotations

import re
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from crdtnotes.errors import CrdtnotesError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crdtnotes.store.core import ReplicaCore

_DIGEST = re.compile(r"([0-9a-f]{20})-([0-9]{1,9})")


def digest_of(text: str) -> str:
    """Return a short name for a text: a hash, and its number of characters, by which it is quickly found."""
    return f"{blake2b(text.encode(), digest_size=10).hexdigest()}-{len(text)}"


def find_digest(core: ReplicaCore, note: bytes, digest: str) -> str | None:
    """Return the text with this digest that a note shows or showed; None if there is none."""
    match = _DIGEST.fullmatch(digest)
    if match is None:
        return None
    found = find_past_text(core, note, int(match[2]), lambda text: digest_of(text) == digest)
    return None if found is None else found.text


def text_at(core: ReplicaCore, note: bytes, version: Mapping[int, int]) -> str | None:
    """Return a note's text at a version of it; None if its log does not lead there."""
    doc = core.documents.open(note)
    if doc is None:
        return None
    from crdtnotes.crdt.note import NoteState  # showing a text needs no data types

    state = NoteState()
    with suppress(CrdtnotesError):
        for _, change in core.log.of_note(doc.id, note, 0):
            if change.seq <= version.get(change.actor, 0):
                state.apply(change.actor, change.seq, change.start, change.ops)
        return str(state.text)
    return None


def had_text(core: ReplicaCore, note: bytes, text: str) -> bool:
    """Whether a note shows a text, or showed it here earlier."""
    with core.reading():
        return find_past_text(core, note, len(text), text.__eq__) is not None


class PastText(NamedTuple):
    """A text that a note showed, and the version that it had then."""

    text: str
    version: Mapping[int, int]


def find_past_text(
    core: ReplicaCore, note: bytes, characters: int, fits: Callable[[str], bool]
) -> PastText | None:
    """Return the latest text for which `fits` is true of those that the note showed here; None if none is.

    Only texts with this many characters are looked at: replaying a log is fast, and making a whole text for
    each of its changes is not.
    """
    doc = core.documents.open(note)
    if doc is None:
        return None
    from crdtnotes.crdt.note import NoteState  # showing a text needs no data types

    state = NoteState()
    found: PastText | None = None
    with suppress(CrdtnotesError):
        for _, change in core.log.of_note(doc.id, note, 0):
            patches = state.apply(change.actor, change.seq, change.start, change.ops)
            if (patches or found is None) and len(state.text) == characters and fits(text := str(state.text)):
                found = PastText(text, dict(state.writes))
    return found
