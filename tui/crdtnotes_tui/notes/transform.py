"""Transforms concurrent edits of two sides (operational transformation, Ellis & Gibbs 1989).

The screen is ahead of the replica by the edits that are not stored yet, and the replica is ahead of the
screen by the edits of others. `rebase` takes both lists of edits, each to be applied in order to the same
text. It returns them so that each list can be applied after the other, with the same result.

If both sides insert at the same position, the local text comes first. The replica's RGA does the same: the
local insert reaches it later and names the character before it, so it is placed right after that character.
"""

from collections.abc import Sequence

from crdtnotes.crdt import Patch
from crdtnotes.editing import Grouped


def rebase(theirs: Sequence[Patch], mine: Sequence[Grouped]) -> tuple[list[Patch], list[Grouped]]:
    """Return `theirs` as applied after `mine`, and `mine` as applied after `theirs`.

    Edits keep their groups and what they say of themselves.
    """
    remote = [half for patch in theirs for half in _halves(patch)]
    local: list[Grouped] = []
    for grouped in mine:
        remote, moved = _past(remote, _halves(grouped.edit))
        local += [grouped._replace(edit=one) for one in moved]
    return remote, local


def follow(index: int, patch: Patch, *, behind: bool) -> int:
    """Return a position as it is after a patch.

    Text inserted exactly there comes after the position, or before it if `behind` is False: then the position
    stays with the character that follows it.
    """
    start, removed, inserted = patch
    if index < start or (index == start and behind):
        return index
    if index >= start + removed:
        return index - removed + len(inserted)
    return start


def follow_range(low: int, high: int, patch: Patch) -> tuple[int, int]:
    """Return a selection as it is after a patch: it contains those of its characters that are left."""
    start, removed, inserted = patch
    if high <= start:
        return low, high
    if low >= start + removed:
        return low - removed + len(inserted), high - removed + len(inserted)
    if start < low:
        # A replacement that starts before the selection is not part of it.
        low = start + len(inserted)
        return low, max(low, high - removed + len(inserted))
    if high <= start + removed:
        return (low, start) if low < start else (start + len(inserted), start + len(inserted))
    if low == start:
        low += len(inserted)
    return low, high - removed + len(inserted)


def _halves(patch: Patch) -> list[Patch]:
    """Split a patch into its deletion and its insertion."""
    halves = []
    if patch.removed:
        halves.append(Patch(patch.start, patch.removed, ""))
    if patch.inserted:
        halves.append(Patch(patch.start, 0, patch.inserted))
    return halves


def _past(theirs: list[Patch], mine: list[Patch]) -> tuple[list[Patch], list[Patch]]:
    """Rebase halves over halves; a deletion may be split in two, so each side is a list."""
    if not theirs or not mine:
        return theirs, mine
    if len(theirs) == 1 and len(mine) == 1:
        return _pair(theirs[0], mine[0])
    result: list[Patch] = []
    for patch in theirs:
        now, moved = [patch], []
        for edit in mine:
            now, after = _past(now, [edit])
            moved += after
        result += now
        mine = moved
    return result, mine


def _pair(patch: Patch, edit: Patch) -> tuple[list[Patch], list[Patch]]:
    if patch.inserted and edit.inserted:
        if patch.start < edit.start:
            return [patch], [edit._replace(start=edit.start + len(patch.inserted))]
        return [patch._replace(start=patch.start + len(edit.inserted))], [edit]
    if patch.inserted:
        if edit.start < patch.start < edit.start + edit.removed:
            before = patch.start - edit.start
            rest = edit._replace(start=edit.start + len(patch.inserted), removed=edit.removed - before)
            return [patch._replace(start=edit.start)], [edit._replace(removed=before), rest]
        if patch.start <= edit.start:
            return [patch], [edit._replace(start=edit.start + len(patch.inserted))]
        return [patch._replace(start=patch.start - edit.removed)], [edit]
    if edit.inserted:
        if patch.start < edit.start < patch.start + patch.removed:
            before = edit.start - patch.start
            after = Patch(patch.start + len(edit.inserted), patch.removed - before, "")
            return [patch._replace(removed=before), after], [edit._replace(start=patch.start)]
        if edit.start <= patch.start:
            return [patch._replace(start=patch.start + len(edit.inserted))], [edit]
        return [patch], [edit._replace(start=edit.start - patch.removed)]
    start, removed = _without(patch.start, patch.removed, edit.start, edit.removed)
    own_start, own_removed = _without(edit.start, edit.removed, patch.start, patch.removed)
    return (
        [Patch(start, removed, "")] if removed else [],
        [edit._replace(start=own_start, removed=own_removed)] if own_removed else [],
    )


def _without(start: int, length: int, gone: int, count: int) -> tuple[int, int]:
    """Return the start and length of a range after `count` characters from `gone` on are deleted."""
    overlap = max(0, min(start + length, gone + count) - max(start, gone))
    before = max(0, min(start, gone + count) - gone)
    return start - before, length - overlap
