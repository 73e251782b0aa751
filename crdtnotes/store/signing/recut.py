"""Rebuilding the checkpoints of a log after signatures were lost or came late.

Rules
    - Whatever a change depends on must belong to the change's checkpoint or to an earlier one. Where a change
      depends on something that only a later checkpoint includes, all checkpoints from the one to the other
      are merged.
    - Unsigned changes belong to the last checkpoint, which waits for their signatures.
"""

from bisect import bisect_left
from collections.abc import Sequence

from crdtnotes.store.log.log import Log
from crdtnotes.store.signing.checkpoints import Checkpoint, Checkpoints, Signed


class _Layout:
    """The signatures by stream: finds the first checkpoint that includes a change."""

    def __init__(self, signed: Sequence[tuple[int, Signed]]) -> None:
        ids = sorted({checkpoint for checkpoint, _ in signed})
        places = {id: place for place, id in enumerate(ids)}
        self.last = max(0, len(ids) - 1)
        self.signed: list[tuple[int, Signed]] = []
        """`(place of its checkpoint, signature)` of each signature that reaches further than earlier ones."""
        self._seqs: dict[int, list[int]] = {}
        self._at: dict[int, list[int]] = {}
        for checkpoint, one in sorted(signed, key=lambda one: (one[0], one[1][1])):
            actor, seq, _ = one
            if not self.is_signed(actor, seq):
                self.signed.append((places[checkpoint], one))
                self._seqs.setdefault(actor, []).append(seq)
                self._at.setdefault(actor, []).append(places[checkpoint])

    def place(self, actor: int, seq: int) -> int:
        """Return the place of the checkpoint to which a change belongs."""
        seqs = self._seqs.get(actor, [])
        index = bisect_left(seqs, seq)
        return self._at[actor][index] if index < len(seqs) else self.last

    def is_signed(self, actor: int, seq: int) -> bool:
        """Whether a change lies at or before a signed head of its stream."""
        seqs = self._seqs.get(actor)
        return seqs is not None and seqs[-1] >= seq


def recut(log: Log, checkpoints: Checkpoints, signed: Sequence[tuple[int, Signed]] | None = None) -> int:
    """Rebuild the checkpoints from `(checkpoint, signature)` pairs, by default from the stored ones.

    Returns the bytes of the largest checkpoint that was merged from several, 0 if there is none. Raises
    Damaged.
    """
    layout = _Layout(checkpoints.all_signed() if signed is None else signed)
    reach = list(range(layout.last + 1))
    sizes = [0] * len(reach)
    for change, data in log.opened({}):
        place = layout.place(change.actor, change.seq)
        sizes[place] += len(data)
        for actor, seq in change.deps:
            reach[place] = max(reach[place], layout.place(actor, seq))
    merged: list[int] = []
    # For each old place, the place of the new checkpoint.
    end = -1
    for place, upto in enumerate(reach):
        merged.append(merged[-1] if place <= end else (merged[-1] + 1 if merged else 0))
        end = max(end, upto)
    ends: list[dict[int, Signed]] = [{} for _ in range(merged[-1] + 1)]
    for place, one in layout.signed:
        ends[merged[place]][one[0]] = one
    bytes_ = [0] * len(ends)
    for place, size in enumerate(sizes):
        bytes_[merged[place]] += size
    waits = not all(layout.is_signed(actor, seq) for actor, seq in log.version().items())
    checkpoints.rewrite(
        [Checkpoint(size, list(one.values())) for size, one in zip(bytes_, ends, strict=True)], waits=waits
    )
    return max((size for number, size in enumerate(bytes_) if merged.count(number) > 1), default=0)


def is_closed(log: Log, signed: Sequence[tuple[int, Signed]]) -> bool:
    """Whether all dependencies of a checkpoint's changes lie in it or in earlier ones; raises Damaged."""
    layout = _Layout(signed)
    return all(
        layout.place(actor, seq) <= layout.place(change.actor, change.seq)
        for change, _ in log.opened({})
        for actor, seq in change.deps
    )
