"""Edits of a text that has moved on: made for one text, wanted on another that came from it."""

from collections.abc import Iterator, Sequence

from crdtnotes.crdt.ops import Patch


def rebase(patches: Sequence[Patch], meanwhile: Sequence[Patch]) -> list[Patch]:
    """Return patches for the text that `meanwhile` leads to, which do there what `patches` do to the old one.

    Both are for the same old text, each with all its positions in that text. What both delete is deleted
    once, what either inserts stays; where both insert at one place, what came meanwhile comes first. The
    positions returned are all of the text after `meanwhile`, before any of the returned patches.
    """
    theirs = sorted(meanwhile, key=lambda patch: patch.start)
    result: list[Patch] = []
    for patch in patches:
        result.append(Patch(_place(patch.start, theirs), 0, patch.inserted))
        for start, end in _untouched(patch.start, patch.start + patch.removed, theirs):
            result.append(Patch(_place(start, theirs), end - start, ""))
    return result


def _place(position: int, theirs: Sequence[Patch]) -> int:
    """Return where a position of the old text is after `theirs`: past what they insert there."""
    shift = 0
    for patch in theirs:
        end = patch.start + patch.removed
        if patch.start > position or (patch.start == position and patch.removed):
            break
        if end > position:
            return patch.start + shift + len(patch.inserted)
        shift += len(patch.inserted) - patch.removed
    return position + shift


def _untouched(start: int, end: int, theirs: Sequence[Patch]) -> Iterator[tuple[int, int]]:
    """Yield the parts of a range of the old text that `theirs` neither delete nor insert into."""
    for patch in theirs:
        if patch.start + patch.removed <= start:
            continue
        if patch.start >= end:
            break
        if patch.start > start:
            yield start, patch.start
        start = patch.start + patch.removed
    if start < end:
        yield start, end
