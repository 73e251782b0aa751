"""Which branch of a stream wins after a replica was copied, and how the other one gives way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from crdtnotes.changes.change import Change, Rank
from crdtnotes.changes.limits import MAX_GROUP_BYTES
from crdtnotes.changes.messages import Heads
from crdtnotes.errors import Fork, NotSigned
from crdtnotes.store import causality
from crdtnotes.store.committed import Origin
from crdtnotes.store.core import ReplicaCore

if TYPE_CHECKING:
    from crdtnotes.store.forks.split import Division, Logged


class Forks:
    """The forks that a replica knows; each call is a transaction or a read of its own."""

    def __init__(self, core: ReplicaCore, stored: Callable[[Sequence[Logged]], Iterator[Logged]]) -> None:
        """`stored` returns moved changes as they are stored: without what was erased from them."""
        self._core = core
        self._stored = stored
        self._winners = core.winners

    def is_fork(self, actor: int, seq: int) -> bool:
        """Tell whether two versions of a change are known to have existed."""
        return (actor, seq) in self._winners

    def hash_at(self, actor: int, seq: int) -> bytes | None:
        """Return the hash of an actor's stream at a seq, or of the winner there; None if neither is known."""
        with self._core.reading():
            found = self._core.log.hash_at(actor, seq)
            winner = self._winners.rank(actor, seq) if found is None else None
            return found if winner is None else winner[1]

    def rank(self, actor: int, seq: int) -> Rank | None:
        """Return the rank of the branch that begins with this change; None if it is not known here."""
        from crdtnotes.store.forks.split import rank

        with self._core.reading():
            return rank(self._core.log, actor, seq) or self._winners.rank(actor, seq)

    def check(self, change: Change, data: bytes) -> None:
        """Raise Fork if this replica has another change, or another winner, under this change's number."""
        log = self._core.log
        found = log.chain(log.hash_at(change.actor, change.seq - 1) or b"", change, data)
        if found != self.hash_at(change.actor, change.seq):
            raise Fork(
                f"There are two different versions of {causality.label(change)}: "
                "a device was copied or restored from a backup.",
                change.actor,
                change.seq,
            )

    def missing_winners(self) -> list[tuple[int, int, bytes]]:
        """Return `(actor, seq, hash)` of the winners that come next in a stream here and are not here.

        In a paired vault, only those whose proof this replica can show to others.
        """
        with self._core.reading():
            return self._winners.missing_winners(proven=self._core.members.founded)

    def proof(self, actor: int, first: int) -> list[bytes | Heads]:
        """Return the proof of the winner at a place; empty if the winner is not here (yet)."""
        with self._core.steady():
            return self._core.signer.proof(actor, first) or self._winners.proof(actor, first)

    def give_way(self, actor: int, first: int, winner: Rank, proof: Sequence[bytes | Heads] = ()) -> str:
        """Let this replica's branch of a stream, from `first` on, give way to the branch of rank `winner`.

        The changes of our branch move to other streams, so no text is lost; the other branch is still to
        come. In a paired vault `proof` must show that the stream's device has signed the other branch.
        Returns a sentence for the user. Raises NotSigned if the proof does not show that, and Fork if nobody
        can sign the moved changes.
        """
        from crdtnotes.store.forks.split import divide, unpaired_name

        core = self._core
        with core.transaction():
            founded = core.members.founded
            if founded and core.signer.proven_rank(actor, first, proof) != winner:
                raise NotSigned(f"A peer proved another change {first} of {actor:016x} than it announced.")
            if core.log.head(actor).seq >= first:
                division = divide(core.log, actor, first, core.signer.move if founded else unpaired_name)
                winners = {**division.vacant, **division.conflicts}
                proofs = {place: self.proof(*place) for place in winners} if founded else {}
                self._rewrite(division)
                for place, winning in winners.items():
                    self._winners.put(place, winning, proofs.get(place, ()))
                self._sign_rewritten(actor, first)
            self._winners.put((actor, first), winner, proof)
        self.follow_resigned(core.log.heads)
        sentence = (
            f"A device was copied or restored from a backup: from change {first} of {actor:016x} on there "
            "were two versions. One was kept, the changes of the other were moved, and nothing is lost."
        )
        with core.reading():
            if core.signer.checkpoints.unsigned_streams():
                sentence += " Moved changes of other devices are sent on once these devices have signed them."
        import logging  # takes longer to load than a vault takes to open

        logging.getLogger("crdtnotes.store").warning(sentence)
        return sentence

    def resign(self, silent: Collection[bytes] = ()) -> int:
        """Carry changes that their devices cannot or do not sign as changes of this device.

        These are unsigned changes of devices that may not write any more, and of the devices with the signing
        keys in `silent`. Until they are signed, nothing here can be sent to peers that lack them. Returns how
        many changes are signed by this. Raises NotPermitted if this device may only read, NotPaired if it
        does not belong to the vault, and Fork if they are too many.
        """
        core = self._core
        with core.transaction():
            if not core.members.founded:
                return 0
            core.members.check_writer(core.signer.identity)
            lost = core.signer.lost(silent)
            if not lost:
                return 0
            count = sum(core.log.head(actor).seq - first + 1 for actor, first in lost.items())
            self._carry(lost, core.signer.identity.keys.signing)
        return count

    def follow_resigned(self, streams: Container[int]) -> None:
        """Let unsigned changes give way to the same changes as another device has signed and sent them.

        Their names say where they are: `streams` are those among which to look.
        """
        from crdtnotes.store.forks.split import first_content

        core = self._core
        with core.reading():
            waiting = core.members.founded and core.signer.checkpoints.is_waiting
            carriers = core.members.writing_keys() if waiting else []
            lost = core.signer.lost(carriers)
        for actor, first in lost.items():
            with core.reading():
                if core.signer.lost(carriers).get(actor) != first:
                    continue  # it has moved along with one of the others
                try:
                    content = first_content(core.log, actor, first)
                except Fork:
                    continue  # text was erased in it, so it cannot move
                author = core.signer.checkpoints.key_of(actor)
            for carrier in carriers:
                if carrier != author and core.signer.carried_name(carrier, content).actor in streams:
                    with core.transaction(Origin.PEER):
                        self._carry({actor: first}, carrier)
                    break

    def _carry(self, lost: Mapping[int, int], carrier: bytes) -> None:
        """Move these streams, from a seq on each, to streams of the device with the key `carrier`.

        What depends on them moves, too, to streams of the devices that wrote it.
        """
        from crdtnotes.store.forks.split import divide_all

        core = self._core
        division = divide_all(core.log, lost.items(), core.signer.naming(lost, carrier))
        winners = {**division.vacant, **division.conflicts}
        proofs = {place: self.proof(*place) for place in winners}
        self._rewrite(division)
        for place, winning in winners.items():
            if lost.get(place[0]) != place[1]:
                self._winners.put(place, winning, proofs[place])
        self._sign_rewritten(*next(iter(lost.items())))

    def _sign_rewritten(self, actor: int, first: int) -> None:
        """Sign a log that was rewritten; raises Fork if a group has become too large to be sent."""
        self._core.log.grown.clear()
        if self._core.members.founded and self._core.signer.mend_signatures() > MAX_GROUP_BYTES:
            raise Fork(
                f"From change {first} of {actor:016x} on there are two versions, and too many changes depend "
                "on them to move them: export the notes of this device (crdtnotes export), join with a "
                "new replica, and import them there.",
                actor,
                first,
            )

    def _rewrite(self, division: Division) -> None:
        """Rewrite the log and all data derived from it."""
        core, derived = self._core, self._core.derived
        moved = self._stored(division.moved)
        core.log.clear()
        derived.clear()
        core.begin_epoch()
        core.enter_anew(chain(division.stay, moved))
        if core.stream.actor in division.cut:
            core.stream.begin()
        self._winners.forget_beyond()
