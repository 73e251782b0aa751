"""Which changes an author had seen at each of its changes: the past of a change, all of it.

The *horizon* that receivers check a change against (`causality.py`) leaves out what an author knows only by
way of others. Here the deps of all changes are joined (Fidge 1988, Mattern 1989), but only for streams that
somebody asks about, and as steps: for two streams A and B, the seqs of A at which A had seen more of B.

The deps come from an index (`log/dep_index.py`), so nothing of the log is decoded, except once for a file
that was written before there was that index.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from crdtnotes.errors import Damaged
from crdtnotes.progress import Progress, no_progress
from crdtnotes.store.core import ReplicaCore
from crdtnotes.store.log.dep_index import Row

Steps = tuple[list[int], list[int]]
"""Seqs of one stream, ascending, and how much of another one was seen from each of them on."""

Stretch = tuple[int, int]
"""The first and the last seq of consecutive changes of one stream."""

_FILL_AT_ONCE = 1000


class Horizons:
    """Answers for the streams `targets`: how much of each one the author of any change had seen."""

    def __init__(self, rows: Iterable[Row], actors: dict[int, int], targets: Collection[int]) -> None:
        """`rows` are in the order of the log; `actors` maps the row ids in them to actors."""
        self._known: dict[int, dict[int, Steps]] = {}
        for _, author, at, actor, seq in rows:
            self._join(actors[author], at, actors[actor], seq, targets)

    def _join(self, author: int, at: int, actor: int, seq: int, targets: Collection[int]) -> None:
        known = self._known.setdefault(author, {})
        if actor in targets:
            _rise(known, actor, at, seq)
        for target, (seqs, amounts) in self._known.get(actor, {}).items():
            if target != author:
                number = bisect_right(seqs, seq)
                if number:
                    _rise(known, target, at, amounts[number - 1])

    def seen(self, author: int, at: int, target: int) -> int:
        """Return the last seq of a target that an author had seen at its change `at`; 0 for none."""
        if author == target:
            return at
        seqs, amounts = self._known.get(author, {}).get(target, ((), ()))
        number = bisect_right(seqs, at)
        return amounts[number - 1] if number else 0

    def concurrent(
        self, author: int, stretch: Stretch, other: int, stretches: Sequence[Stretch]
    ) -> tuple[int, int]:
        """Return which of another author's stretches may be concurrent with one of this author's.

        `stretches` ascend; the result is a slice of them. For stretches of one change each it is exact.
        """
        first, last = stretch
        seen = self.seen(author, first, other)
        begin = bisect_right(stretches, seen, key=lambda one: one[1])
        end = bisect_left(stretches, last, key=lambda one: self.seen(other, one[0], author))
        return begin, max(begin, end)


def _rise(known: dict[int, Steps], target: int, at: int, seq: int) -> None:
    seqs, amounts = known.setdefault(target, ([], []))
    if amounts and amounts[-1] >= seq:
        return
    if seqs and seqs[-1] == at:
        amounts[-1] = seq
    else:
        seqs.append(at)
        amounts.append(seq)


def horizons(core: ReplicaCore, targets: Collection[int], progress: Progress = no_progress) -> Horizons:
    """Return the horizons of these streams; call it within `steady`, after `fill`."""
    actors = {core.log.row_of(actor): actor for actor in core.log.heads}
    index = core.log.dep_index
    rows: Iterable[Row] = index.rows(0)
    upto = index.missing_upto
    if upto:
        # The file can only be read, so what is missing is computed each time.
        rows = sorted({*rows, *_older(core, upto, progress)})
    return Horizons(rows, actors, targets)


def fill(core: ReplicaCore, progress: Progress = no_progress) -> None:
    """Index the changes of a file that is older than the index, if it can be written; raises Damaged."""
    with core.reading():
        upto = core.log.dep_index.missing_upto
    if upto and not core.read_only:
        with core.transaction():
            core.log.dep_index.record(_older(core, upto, progress))
            core.log.dep_index.completed()


def _older(core: ReplicaCore, upto: int, progress: Progress) -> Iterator[Row]:
    """Yield the rows of the changes up to a log id, decoding all of them."""

    def refuse(problem: str) -> None:
        raise Damaged(f"{problem} Run `crdtnotes repair`.")

    log = core.log
    for id, change, *_ in log.entries(refuse):
        if id > upto:
            return
        if id % _FILL_AT_ONCE == 0:
            progress(id, upto)
        author = log.row_of(change.actor)
        for actor, seq in change.deps:
            yield id, author, change.seq, log.row_of(actor), seq


def stretches(core: ReplicaCore) -> dict[int, dict[int, list[Stretch]]]:
    """Return, for each note that several streams edit, the stretches of each stream that edit it.

    Notes are row ids. Changes that are packed in blocks are not decoded: a block is one stretch, though some
    of its changes may edit other notes.
    """
    actors = {core.log.row_of(actor): actor for actor in core.log.heads}
    if len(actors) < 2:
        return {}
    found: dict[int, dict[int, list[Stretch]]] = {}
    for query in (
        "SELECT note, actor, seq, seq FROM log",
        "SELECT note, actor, seq, until FROM block_notes JOIN blocks ON blocks.id = block",
    ):
        for note, actor, first, last in core.conn.execute(query):
            found.setdefault(note, {}).setdefault(actors[actor], []).append((first, last))
    for of_note in found.values():
        for some in of_note.values():
            some.sort()
    return {note: of_note for note, of_note in found.items() if len(of_note) > 1}


def maybe_concurrent(core: ReplicaCore, progress: Progress = no_progress) -> list[int]:
    """Return the rows of the notes of which some changes may be concurrent; nothing is decoded for that."""
    found = stretches(core)
    if not found:
        return []
    known = horizons(core, {actor for of_note in found.values() for actor in of_note}, progress)
    return [note for note, of_note in found.items() if _any_concurrent(of_note, known.concurrent)]


def _any_concurrent(
    of_note: dict[int, list[Stretch]],
    concurrent: Callable[[int, Stretch, int, Sequence[Stretch]], tuple[int, int]],
) -> bool:
    actors = sorted(of_note)
    for number, author in enumerate(actors):
        for other in actors[number + 1 :]:
            for stretch in of_note[author]:
                begin, end = concurrent(author, stretch, other, of_note[other])
                if begin < end:
                    return True
    return False
