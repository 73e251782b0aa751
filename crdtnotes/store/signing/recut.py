"""Cutting a log anew: which signatures stand at which cut, after some were lost or have come late.

Rules
    - A cut must have all that its changes depend on: itself, or one before it. Where a change depends on
      something that only a later cut covers, all cuts from the one to the other become one.
    - What no signature covers belongs to the last cut, which waits.
"""

from bisect import bisect_left
from collections.abc import Sequence

from crdtnotes.store.log.log import Log
from crdtnotes.store.signing.checkpoints import Checkpoints, Cut, Signed


class _Cuts:
    """The signatures by stream: which cut is the first that covers a change."""

    def __init__(self, signed: Sequence[tuple[int, Signed]]) -> None:
        ids = sorted({cut for cut, _ in signed})
        places = {id: place for place, id in enumerate(ids)}
        self.last = max(0, len(ids) - 1)
        self.signed: list[tuple[int, Signed]] = []
        """The place of its cut and the signature, of all that add something to those of earlier cuts."""
        self._seqs: dict[int, list[int]] = {}
        self._at: dict[int, list[int]] = {}
        for cut, one in sorted(signed, key=lambda one: (one[0], one[1][1])):
            actor, seq, _ = one
            if not self.is_covered(actor, seq):
                self.signed.append((places[cut], one))
                self._seqs.setdefault(actor, []).append(seq)
                self._at.setdefault(actor, []).append(places[cut])

    def place(self, actor: int, seq: int) -> int:
        """Return the place of the cut with which a change goes."""
        seqs = self._seqs.get(actor, [])
        index = bisect_left(seqs, seq)
        return self._at[actor][index] if index < len(seqs) else self.last

    def is_covered(self, actor: int, seq: int) -> bool:
        """Whether some signature covers a change."""
        seqs = self._seqs.get(actor)
        return seqs is not None and seqs[-1] >= seq


def recut(log: Log, checkpoints: Checkpoints, signed: Sequence[tuple[int, Signed]] | None = None) -> int:
    """Cut the log anew, by these signatures and the cuts where they stood, or by those that are stored.

    Returns the bytes of the largest cut that had to be made of several, 0 if none. Raises Damaged.
    """
    cuts = _Cuts(checkpoints.all_signed() if signed is None else signed)
    reach = list(range(cuts.last + 1))
    sizes = [0] * len(reach)
    for change, data in log.opened({}):
        place = cuts.place(change.actor, change.seq)
        sizes[place] += len(data)
        for actor, seq in change.deps:
            reach[place] = max(reach[place], cuts.place(actor, seq))
    merged: list[int] = []
    # For each place that of the new cut.
    end = -1
    for place, upto in enumerate(reach):
        merged.append(merged[-1] if place <= end else (merged[-1] + 1 if merged else 0))
        end = max(end, upto)
    ends: list[dict[int, Signed]] = [{} for _ in range(merged[-1] + 1)]
    for place, one in cuts.signed:
        ends[merged[place]][one[0]] = one
    bytes_ = [0] * len(ends)
    for place, size in enumerate(sizes):
        bytes_[merged[place]] += size
    waits = not all(cuts.is_covered(actor, seq) for actor, seq in log.version().items())
    checkpoints.rewrite(
        [Cut(size, list(one.values())) for size, one in zip(bytes_, ends, strict=True)], waits=waits
    )
    return max((size for number, size in enumerate(bytes_) if merged.count(number) > 1), default=0)


def is_closed(log: Log, signed: Sequence[tuple[int, Signed]]) -> bool:
    """Whether each cut has all that its changes depend on, in it or before it; raises Damaged."""
    cuts = _Cuts(signed)
    return all(
        cuts.place(actor, seq) <= cuts.place(change.actor, change.seq)
        for change, _ in log.opened({})
        for actor, seq in change.deps
    )
