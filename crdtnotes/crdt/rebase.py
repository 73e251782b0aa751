"""Rebases edits: they were made for one text and must be applied to a later version of it."""

from collections.abc import Collection, Iterator, Sequence

from crdtnotes.crdt.ops import Patch


def rebase(
    patches: Sequence[Patch], meanwhile: Sequence[Patch], values: Collection[Patch] = ()
) -> list[Patch]:
    """Return patches that have the effect of `patches` on the text as it is after `meanwhile`.

    Both arguments apply to the same old text, and all their positions refer to it. Text that both delete
    is deleted once; every insert stays; where both insert at one place, the text from `meanwhile` comes
    first. All returned positions refer to the text after `meanwhile` and before any returned patch.

    `values` are those patches of both that set a whole value (docs/crdt.md, "Values"). Where both set one,
    that of `patches` takes the other's place. Where one sets it and the other deletes it together with the
    character in front of it, it is gone.
    """
    theirs = sorted(meanwhile, key=lambda patch: (patch.start, patch.removed))
    set_by_them = [each for each in theirs if each in values]
    result: list[Patch] = []
    for patch in patches:
        if patch in values:
            other = next((each for each in set_by_them if each[:2] == patch[:2]), None)
            if other is not None:
                if other != patch:
                    at = _place(patch.start, theirs) - (0 if other.removed else len(other.inserted))
                    result.append(Patch(at, len(other.inserted), patch.inserted))
                continue
            if any(_takes(each, patch) for each in theirs):
                continue
        result.append(Patch(_place(patch.start, theirs), 0, patch.inserted))
        leaving = [
            (_place(start, theirs), end - start)
            for start, end in _untouched(patch.start, patch.start + patch.removed, theirs)
        ]
        leaving += [
            (_place(each.start, theirs) - (0 if each.removed else len(each.inserted)), len(each.inserted))
            for each in set_by_them
            if _takes(patch, each)
        ]
        result += [Patch(start, length, "") for start, length in _joined(leaving)]
    return result


def _takes(patch: Patch, value: Patch) -> bool:
    """Whether a patch deletes what another one sets, and the character in front of it."""
    return patch.start < value.start and value.start + value.removed <= patch.start + patch.removed


def _joined(ranges: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield ranges `(start, length)` in order, those that touch as one."""
    begin, end = 0, 0
    for start, length in sorted(ranges):
        if start != end:
            if begin < end:
                yield begin, end - begin
            begin = start
        end = start + length
    if begin < end:
        yield begin, end - begin


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
