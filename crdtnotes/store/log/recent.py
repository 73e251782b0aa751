"""The last changes that this process stored, so that an open note can apply them without reading them back.

Invariant: the kept log ids are consecutive, and the last one belongs to the last change that this process
stored. If another process writes, or a transaction fails, all of them are dropped.
"""

from collections import deque
from itertools import islice

from crdtnotes.changes.change import Change

MAX_CHANGES = 64
"""The maximum number of changes that are kept."""

MAX_CHANGE_BYTES = 64 * 1024
"""A larger change is not kept: it is read from the log when it is needed."""


class RecentChanges:
    """Changes by log id, with the row ids of their notes."""

    def __init__(self) -> None:
        self._kept: deque[tuple[int, int, Change]] = deque(maxlen=MAX_CHANGES)

    def clear(self) -> None:
        """Drop all of them."""
        self._kept.clear()

    def add(self, id: int, note: int, change: Change, size: int) -> None:
        """Keep a change that was stored under a log id; `size` is its size in bytes."""
        if size > MAX_CHANGE_BYTES:
            self._kept.clear()
        else:
            self._kept.append((id, note, change))

    def of_note(self, note: int, after: int, tip: int) -> list[tuple[int, Change]] | None:
        """Return `(log id, change)` of a note's changes after a log id and up to `tip`, the log's last id.

        None if not all changes after that id are kept; then the log has to be read.
        """
        if after == tip:
            return []
        kept = self._kept
        if not kept or kept[-1][0] != tip or kept[0][0] > after + 1:
            return None
        newer = islice(kept, len(kept) - (tip - after), None)
        return [(id, change) for id, holder, change in newer if holder == note]
