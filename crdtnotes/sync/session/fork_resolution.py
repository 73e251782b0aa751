"""Settling a fork with a peer: which of two versions of a stream stands, and who gives way.

Rules (docs/protocol.md, "Forks")
    - From the first Branch on, sent or received, no changes are exchanged on this conversation but proofs.
    - Branches go to and fro until it is known where the streams part; there the one of the larger rank gives
      way. Each side may have found another fork first, so Branches about two streams may cross.
    - In a paired vault a side gives way only to a branch that the other has proven: by its changes and what
      covers them. Showing it the own branch asks for that, once for each stream.
    - Whoever gives way ends the conversation with a Fork, and so does who cannot prove (yet) what stands.
      When they meet again that fork is settled, or a step nearer to it.
    - A version that stands here and has no place in the log any more (or yet) is said to the peer once.
"""

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Branch, Changes, Heads, Hello, Message, Winner
from crdtnotes.errors import Fork, ProtocolError
from crdtnotes.sync.session.branches import MAX_BRANCHES, branch, compare, gives_way, rank_of
from crdtnotes.sync.session.groups import Groups
from crdtnotes.sync.session.ports import SyncStore


class Settling:
    """The forks of one conversation. All that is returned is to be sent."""

    def __init__(self, replica: SyncStore) -> None:
        self._replica = replica
        self._groups = Groups(replica)
        self._asked: dict[int, tuple[Branch, int]] = {}
        self._forks = 0
        self._standing_said = False
        self.forked = False
        """Whether a fork was found."""
        self.dispute = ""
        """A sentence about the peer's version of a change, where the one here stands."""

    # -- finding one

    def found_in_hello(self, hello: Hello, heads: dict[int, tuple[int, bytes]]) -> Branch | None:
        """Return what to show the peer if a stream of its Hello is another than here; `heads` are ours."""
        for actor, seq, digest in hello.heads:
            own_seq, own_digest = heads.get(actor, (0, b""))
            known = own_digest if own_seq == seq else self._replica.forks.hash_at(actor, seq)
            if known is not None and known != digest:
                return self._show(actor, 0, seq)
        return None

    def found_in_changes(self, fork: Fork) -> Branch:
        """Return what to show the peer of a fork in changes that it sent; raises it if we have neither."""
        if not fork.actor or self._replica.forks.hash_at(fork.actor, fork.seq) is None:
            raise fork  # both versions came from this peer, and neither is kept
        return self._show(fork.actor, fork.seq - 1, fork.seq)

    def winners_to_announce(self) -> list[Winner]:
        """Return, once, the versions that stand here though they are not here."""
        if self._standing_said or self.forked:
            return []
        self._standing_said = True
        absent = self._replica.forks.missing_winners()
        return [
            Winner(tuple(absent[begin : begin + messages.MAX_WINNERS]))
            for begin in range(0, len(absent), messages.MAX_WINNERS)
        ]

    def found_in_winner(self, message: Winner) -> Branch | None:
        """Return what to show the peer if this replica has another version than one that stands there."""
        for actor, seq, digest in message.places:
            if not self.forked and self._replica.forks.hash_at(actor, seq) not in (None, digest):
                return self._show(actor, seq - 1, seq)
        return None

    # -- settling it

    def answer(self, message: Branch) -> list[Message]:
        """Return the answer to a Branch; raises Fork where this ends the conversation, or ProtocolError."""
        self._forks += 1
        if self._forks > MAX_BRANCHES:
            raise ProtocolError("A peer cannot say where two versions of a stream part.")
        self.forked = True
        place = compare(self._replica, message)
        if place is None:
            # Another conversation has settled it already.
            raise Fork("Two versions of a stream were found, and settled: meet again.")
        agree, differ = place
        if agree + 1 != differ or differ != message.points[-1][0]:
            return [self._show(message.actor, agree, differ)]
        if not gives_way(self._replica, message, differ):
            return self._stand(message.actor, agree, differ)
        if not self._replica.signatures.required:
            self._give_way(message, differ, [])
        if message.actor in self._asked:
            return []
        self._asked[message.actor] = message, differ
        return [self._show(message.actor, agree, differ)]

    def take_proof(self, message: Changes | Heads) -> None:
        """Give way, by raising Fork, once the peer has proven its branch; anything else is passed over.

        Raises NotCovered for what proves nothing.
        """
        if not self._asked:
            return
        proof = self._groups.add(message)
        # The proof says which of the forks it is about.
        proven = [actor for actor, _, _ in message.heads] if isinstance(message, Heads) else []
        for actor in proven:
            if actor in self._asked:
                self._give_way(*self._asked[actor], proof)

    def _show(self, actor: int, agree: int, differ: int) -> Branch:
        """Return how a stream goes here between two seqs; nothing else is exchanged any more."""
        self.forked = True
        return branch(self._replica, actor, agree, differ)

    def _stand(self, actor: int, agree: int, differ: int) -> list[Message]:
        """Return the branch that stands and, in a paired vault, what its author signed of it."""
        self.dispute = (
            f"It has another version of change {differ} of {actor:016x}, which does not stand: a device was "
            "copied or restored from a backup, or somebody forges."
        )
        shown = self._show(actor, agree, differ)
        if not self._replica.signatures.required:
            return [shown]
        proof = self._replica.forks.proof(actor, differ)
        if not proof:
            raise Fork("Which version of a stream stands is known, but it is yet to come: meet again.")
        return [shown, *(item if isinstance(item, Heads) else messages.pack(item) for item in proof)]

    def _give_way(self, message: Branch, seq: int, proof: list[bytes | Heads]) -> None:
        sentence = self._replica.forks.give_way(message.actor, seq, rank_of(message), proof)
        raise Fork(sentence, message.actor, seq)
