"""Which branch of a stream stands where a replica was copied, and how the other one gives way."""

import logging
from collections.abc import Sequence

from crdtnotes.changes.change import Change, Rank, chain
from crdtnotes.changes.limits import MAX_GROUP_BYTES
from crdtnotes.changes.messages import Heads
from crdtnotes.errors import Fork, NotSigned
from crdtnotes.store import causality
from crdtnotes.store.core import ReplicaCore
from crdtnotes.store.forks.split import Division, divide, rank, unpaired_name

logger = logging.getLogger("crdtnotes.store")

DERIVE_EVERY = 500
"""Changes of a log that is written anew, after which what is derived follows: so memory stays bounded."""


class Forks:
    """The forks that a replica knows, each call a transaction or a look of its own."""

    def __init__(self, core: ReplicaCore) -> None:
        self._core = core
        self._winners = core.winners

    def is_fork(self, actor: int, seq: int) -> bool:
        """Tell whether it is known that there were two versions of a change."""
        return (actor, seq) in self._winners

    def hash_at(self, actor: int, seq: int) -> bytes | None:
        """Return the hash of an actor's stream at a seq, as it stands; None if that is not known here."""
        with self._core.reading():
            found = self._core.log.hash_at(actor, seq)
            winner = self._winners.rank(actor, seq) if found is None else None
            return found if winner is None else winner[1]

    def rank(self, actor: int, seq: int) -> Rank | None:
        """Return the rank of the branch that begins with this change; None if it is not known here."""
        with self._core.reading():
            return rank(self._core.log, actor, seq) or self._winners.rank(actor, seq)

    def check(self, change: Change, data: bytes) -> None:
        """Refuse a change under whose number another one stands here; raises Fork."""
        found = chain(self._core.log.hash_at(change.actor, change.seq - 1) or b"", data)
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
        with self._core.reading():
            return self._winners.missing_winners(proven=self._core.members.founded)

    def proof(self, actor: int, first: int) -> list[bytes | Heads]:
        """Return what proves the version that stands at a place; nothing if it is not here (yet)."""
        with self._core.steady():
            return self._core.signer.proof(actor, first) or self._winners.proof(actor, first)

    def give_way(self, actor: int, first: int, standing: Rank, proof: Sequence[bytes | Heads] = ()) -> str:
        """Let this replica's branch of a stream, from `first` on, give way to one of the rank `standing`.

        What it holds is written again in other streams, so no text is lost; the other branch is still to
        come. In a paired vault `proof` must show that the stream's device has signed that one. Returns a
        sentence for a person. Raises NotCovered where it does not, and Fork where nobody can sign what would
        be written again.
        """
        core = self._core
        with core.transaction():
            founded = core.members.founded
            if founded and core.signer.proven_rank(actor, first, proof) != standing:
                raise NotSigned(f"A peer showed another change {first} of {actor:016x} than it had said.")
            if core.log.head(actor).seq >= first:
                division = divide(core.log, actor, first, core.signer.move if founded else unpaired_name)
                settled = {**division.vacant, **division.settled}
                proofs = {place: self.proof(*place) for place in settled} if founded else {}
                self._rewrite(division)
                for place, stands in settled.items():
                    self._winners.put(place, stands, proofs.get(place, ()))
                self._cover_rewritten(actor, first)
            self._winners.put((actor, first), standing, proof)
        sentence = (
            f"A device was copied or restored from a backup: from change {first} of {actor:016x} on there "
            "were two versions. One stands; what the other holds was written again, and nothing is lost."
        )
        with core.reading():
            if core.signer.checkpoints.unsigned_streams():
                sentence += " What other devices wrote there reaches others once these have signed it again."
        logger.warning(sentence)
        return sentence

    def _cover_rewritten(self, actor: int, first: int) -> None:
        """See to what covers a log that was written anew; raises Fork where that cannot be sent to others."""
        self._core.log.grown.clear()
        if self._core.members.founded and self._core.signer.mend() > MAX_GROUP_BYTES:
            raise Fork(
                f"From change {first} of {actor:016x} on there are two versions, and too much was built on "
                "them to be written again. Export the notes of this device (crdtnotes export), join with a "
                "new replica, and import them there.",
                actor,
                first,
            )

    def _rewrite(self, division: Division) -> None:
        """Write the log anew, and all that is derived from it."""
        core, derived = self._core, self._core.derived
        core.log.clear()
        derived.clear()
        core.begin_epoch()
        for number, (change, data) in enumerate(division.stay + division.moved, 1):
            core.log.write(change, data, derived.enter(change, data, derived.documents.open(change.note)))
            if number % DERIVE_EVERY == 0:
                derived.derive()
                derived.documents.trim()
        if core.stream.actor in division.cut:
            core.stream.begin()
        self._winners.forget_beyond()
