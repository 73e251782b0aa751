"""Which edits are undone together."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from crdtnotes.crdt import Patch

PAUSE_SECONDS = 1.5
"""Edits that are further apart in time are undone separately."""

_CLOSING = r"[\"'”’」』）)\]】》]*"

_SENTENCE_END = re.compile(rf"(?:[。！？]{_CLOSING}\s*|[.!?]{_CLOSING}\s+)\Z")
"""The end of a sentence, with the space behind it. Only a space makes a full stop one: 3.14 is no end."""

_GOES_WITH_THE_END = re.compile(r"[\s.!?。！？\"'”’」』）)\]】》]")
"""Characters that belong to the sentence that has just ended."""

_TAIL_CHARACTERS = 8
"""How much of the typed text is remembered, which is enough to see the end of a sentence."""


class UndoGroups:
    """Numbers the groups of the person's edits.

    A group is a run of characters typed or deleted one after the other. It ends after a pause, a line break,
    a sentence, or when `end` is called. An edit of several characters, as a paste, is a group of its own.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` returns the time in seconds."""
        self._clock = clock
        self._group = 1
        self._joined = False
        self._last: Patch | None = None
        self._last_at = 0.0
        self._tail = ""

    def number(self, edit: Patch) -> int:
        """Return the number of the group of an edit that is made now."""
        now = self._clock()
        continues = now - self._last_at <= PAUSE_SECONDS and self._goes_on(edit)
        if not (continues or self._joined):
            self._group += 1
            self._tail = ""
        self._last, self._last_at = edit, now
        self._tail = (self._tail + edit.inserted)[-_TAIL_CHARACTERS:]
        return self._group

    def end(self) -> None:
        """Let the next edit begin a group."""
        self._last = None

    @contextmanager
    def joined(self) -> Iterator[None]:
        """Let all edits made inside be one group."""
        self._group += 1
        self._joined = True
        try:
            yield
        finally:
            self._joined = False
            self.end()

    def _goes_on(self, edit: Patch) -> bool:
        """Return whether an edit continues where the last one ended, as typing or deleting does."""
        last = self._last
        if last is None or max(len(last.inserted), last.removed, len(edit.inserted), edit.removed) > 1:
            return False
        if not edit.inserted:
            return not last.inserted and edit.start in (last.start - 1, last.start)
        if edit.removed or last.inserted in ("", "\n") or edit.start != last.start + len(last.inserted):
            return False
        return not _SENTENCE_END.search(self._tail) or bool(_GOES_WITH_THE_END.match(edit.inserted))
