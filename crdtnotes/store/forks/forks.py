"""Which branch of a stream stands where a replica was copied, and how the other one gives way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from crdtnotes.changes.change import Change, Rank, chain
from crdtnotes.changes.limits import MAX_GROUP_BYTES
from crdtnotes.changes.messages import Heads
from crdtnotes.errors import Damaged, Fork, NotSigned
from crdtnotes.store import causality
from crdtnotes.store.core import ReplicaCore
from crdtnotes.store.forks.winners import ForkWinners
from crdtnotes.store.views.derived import Derived

if TYPE_CHECKING:
    from crdtnotes.store.forks.split import Division

DERIVE_EVERY = 500
"""Changes of a log that is written anew, after which what is derived follows: so memory stays bounded."""


class Forks:
    """The forks that a replica knows.

    `standing`: of each change of which there were two versions, the one that stands. `epoch`: how often the
    log was written anew.
    """

    def __init__(self, host: ReplicaCore, derived: Derived) -> None:
        self._host = host
        self._derived = derived
        self.winners = ForkWinners(host.conn, host.log)
        self.epoch = 0

    def look(self, meta: Mapping[str, object]) -> None:
        """Take in what the file says; raises Damaged."""
        self.winners.read(meta)
        epoch = meta.get("epoch", 0)
        if not isinstance(epoch, int):
            raise Damaged(f"{self._host.path} is damaged; `crdtnotes repair` mends it.")
        if epoch != self.epoch:
            # The log was written anew, or that was undone; what is in memory goes with the old one.
            self.epoch = epoch
            self._derived.documents.forget()

    def is_fork(self, actor: int, seq: int) -> bool:
        """Tell whether it is known that there were two versions of a change."""
        return (actor, seq) in self.winners

    def hash_at(self, actor: int, seq: int) -> bytes | None:
        """Return the hash of an actor's stream at a seq, as it stands; None if that is not known here."""
        found = self._host.log.hash_at(actor, seq)
        if found is None and (standing := self.winners.rank(actor, seq)) is not None:
            return standing[1]
        return found

    def rank(self, actor: int, seq: int) -> Rank | None:
        """Return the rank of the branch that begins with this change; None if it is not known here."""
        from crdtnotes.store.forks.split import rank

        return rank(self._host.log, actor, seq) or self.winners.rank(actor, seq)

    def check(self, change: Change, data: bytes) -> None:
        """Refuse a change under whose number another one stands here; raises Fork."""
        found = chain(self._host.log.hash_at(change.actor, change.seq - 1) or b"", data)
        if found != self.hash_at(change.actor, change.seq):
            raise Fork(
                f"There are two different versions of {causality.label(change)}: "
                "a device was copied or restored from a backup.",
                change.actor,
                change.seq,
            )

    def missing_winners(self) -> list[tuple[int, int, bytes]]:
        """Return `(actor, seq, hash)` of the versions that stand next in a stream here, and are not here.

        In a paired vault those that this replica can show to others.
        """
        return self.winners.missing_winners(proven=self._host.members.founded)

    def proof(self, actor: int, first: int) -> list[bytes | Heads]:
        """Return what proves the version that stands at a place; nothing if it is not here (yet)."""
        return self._host.signer.proof(actor, first) or self.winners.proof(actor, first)

    def give_way(self, actor: int, first: int, standing: Rank, proof: Sequence[bytes | Heads]) -> str:
        """Let this replica's branch of a stream, from `first` on, give way to one of the rank `standing`.

        What it holds is written again in other streams, so no text is lost; the other branch is still to
        come. In a paired vault `proof` must show that the stream's device has signed that one. Returns a
        sentence for a person. Raises NotCovered where it does not, and Fork where nobody can sign what would
        be written again.
        """
        from crdtnotes.store.forks.split import divide, unpaired_name

        host = self._host
        with host.transaction():
            founded = host.members.founded
            if founded and host.signer.proven_rank(actor, first, proof) != standing:
                raise NotSigned(f"A peer showed another change {first} of {actor:016x} than it had said.")
            if host.log.head(actor).seq >= first:
                division = divide(host.log, actor, first, host.signer.move if founded else unpaired_name)
                settled = {**division.vacant, **division.settled}
                proofs = {place: self.proof(*place) for place in settled} if founded else {}
                self._rewrite(division)
                for place, stands in settled.items():
                    self.winners.put(place, stands, proofs.get(place, ()))
                self._cover_rewritten(actor, first)
            self.winners.put((actor, first), standing, proof)
        sentence = (
            f"A device was copied or restored from a backup: from change {first} of {actor:016x} on there "
            "were two versions. One stands; what the other holds was written again, and nothing is lost."
        )
        with host.reading():
            if host.signer.checkpoints.unsigned_streams():
                sentence += " What other devices wrote there reaches others once these have signed it again."
        import logging  # takes longer to load than a vault takes to open

        logging.getLogger("crdtnotes.store").warning(sentence)
        return sentence

    def _cover_rewritten(self, actor: int, first: int) -> None:
        """See to what covers a log that was written anew; raises Fork where that cannot be sent to others."""
        self._host.log.grown.clear()
        if self._host.members.founded and self._host.signer.mend() > MAX_GROUP_BYTES:
            raise Fork(
                f"From change {first} of {actor:016x} on there are two versions, and too much was built on "
                "them to be written again. Export the notes of this device (crdtnotes export), join with a "
                "new replica, and import them there.",
                actor,
                first,
            )

    def _rewrite(self, division: Division) -> None:
        """Write the log anew, and all that is derived from it."""
        host, derived = self._host, self._derived
        host.log.clear()
        derived.clear()
        self.epoch += 1
        host.conn.execute("INSERT OR REPLACE INTO meta VALUES ('epoch', ?)", (self.epoch,))
        for number, (change, data) in enumerate(division.stay + division.moved, 1):
            host.log.write(change, data, derived.enter(change, data, derived.documents.open(change.note)))
            if number % DERIVE_EVERY == 0:
                derived.derive()
                derived.documents.trim()
        if host.stream.actor in division.cut:
            host.stream.begin()
        self.winners.forget_beyond()
