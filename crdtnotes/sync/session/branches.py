"""Finding where two copies of one stream part, and which of them gives way (docs/protocol.md, "Forks").

Each side sends hashes of its stream at some seqs; the other answers with hashes between the last one that
agrees and the first that does not, until these are neighbours. No I/O but the replica's.
"""

from crdtnotes.changes.messages import MAX_POINTS, Branch
from crdtnotes.sync.session.ports import SyncStore

MAX_BRANCHES = 64
"""Branch messages that one conversation takes; any fork is found in fewer."""


def branch(replica: SyncStore, actor: int, agree: int, differ: int) -> Branch:
    """Return the message that shows this replica's stream between two seqs."""
    first = max(1, agree)
    count = min(differ - first + 1, MAX_POINTS)
    steps = max(1, count - 1)
    seqs = sorted({first + (differ - first) * step // steps for step in range(count)} | {differ})
    points = [(seq, digest) for seq in seqs if (digest := replica.forks.hash_at(actor, seq)) is not None]
    last = replica.forks.rank(actor, points[-1][0]) if points else None
    return Branch(actor, 0 if last is None else last[0], tuple(points))


def compare(replica: SyncStore, message: Branch) -> tuple[int, int] | None:
    """Return the last seq where both agree and the first where they differ; None if that is nowhere."""
    agree = 0
    for seq, digest in message.points:
        own = replica.forks.hash_at(message.actor, seq)
        if own is None:
            return None
        if own != digest:
            return agree, seq
        agree = seq
    return None


def rank_of(message: Branch) -> tuple[int, bytes]:
    """Return the rank of the sender's branch, if it begins at the message's last point."""
    return message.time, message.points[-1][1]


def gives_way(replica: SyncStore, message: Branch, seq: int) -> bool:
    """Whether this replica's branch from `seq` on gives way to the other's, whose last point it is."""
    own = replica.forks.rank(message.actor, seq)
    return own is not None and rank_of(message) < own
