"""Rebases edits: they were made for one text and must be applied to a later version of it."""

from collections.abc import Iterator, Sequence

from crdtnotes.crdt.ops import Patch


def rebase(patches: Sequence[Patch], meanwhile: Sequence[Patch]) -> list[Patch]:
    """Return patches that have the effect of `patches` on the text as it is after `meanwhile`.

    Both arguments apply to the same old text, and all their positions refer to it. Text that both delete
    is deleted once; every insert stays; where both insert at one place, the text from `meanwhile` comes
    first. All returned positions refer to the text after `meanwhile` and before any returned patch.
    """
    theirs = sorted(meanwhile, key=lambda patch: (patch.start, patch.removed))
    result: list[Patch] = []
    for patch in patches:
        result.append(Patch(_place(patch.start, theirs), 0, patch.inserted))
        for start, end in _untouched(patch.start, patch.start + patch.removed, theirs):
            result.append(Patch(_place(start, theirs), end - start, ""))
    return result


def _place(position: int, theirs: Sequence[Patch]) -> int:
    """Return where a position of the old text is after `theirs`: behind any text they insert there."""
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
