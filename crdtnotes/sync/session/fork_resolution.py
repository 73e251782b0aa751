"""Resolving a fork with a peer: which of two versions of a stream wins, and which side gives way.

Rules (docs/protocol.md, "Forks")
    - From the first Branch on, sent or received, no changes except proofs are exchanged in this conversation.
    - Branches are sent back and forth until both sides know where the streams diverge; there the branch of
      the larger rank gives way. Each side may have found a different fork first, so Branches about two
      streams may cross.
    - In a paired vault a side gives way only to a branch that the other has proven, with its changes and
      their signatures. Showing our own branch asks for the proof, once for each stream.
    - The side that gives way ends the conversation with a Fork, and so does a side that cannot prove the
      winner (yet). When they reconnect, that fork is resolved, or one step closer to it.
    - A winner that is not in the log any more (or not yet) is announced to the peer once.
"""

from collections.abc import Sequence

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Branch, Changes, Heads, Message, Winner
from crdtnotes.errors import Fork, ProtocolError
from crdtnotes.sync.session.branches import MAX_BRANCHES, branch, compare, gives_way, rank_of
from crdtnotes.sync.session.groups import Groups
from crdtnotes.sync.session.held import Holding
from crdtnotes.sync.session.ports import SyncStore


class Settling:
    """The forks of one conversation. The caller must send all messages that the methods return."""

    def __init__(self, replica: SyncStore, holding: Holding | None = None) -> None:
        self._replica = replica
        self._groups = Groups(replica, holding)
        self._asked: dict[int, tuple[Branch, int]] = {}
        self._forks = 0
        self._standing_said = False
        self._beyond: dict[int, tuple[int, bytes]] = {}
        """What the peer named and was not here yet: the seq and the hash, by actor."""
        self.forked = False
        """Whether a fork was found."""
        self.dispute = ""
        """A sentence about the peer's version of a change, if our version wins; else empty."""

    # -- finding one

    def found_in_heads(
        self, named: Sequence[tuple[int, int, bytes]], heads: dict[int, tuple[int, bytes]]
    ) -> Branch | None:
        """Return the Branch to send if a stream that the peer names differs from ours; `heads` are ours."""
        for actor, seq, digest in named:
            own_seq, own_digest = heads.get(actor, (0, b""))
            known = own_digest if own_seq == seq else self._replica.forks.hash_at(actor, seq)
            if known is None:
                self._beyond[actor] = seq, digest
            elif known != digest:
                return self._show(actor, 0, seq)
        return None

    def found_meanwhile(self) -> Branch | None:
        """Return the Branch to send if a stream that the peer named goes on differently here by now.

        What depends on our version must not be sent to a peer that would take it for its own version's.
        """
        if not self._beyond:
            return None
        here = self._replica.version()
        for actor in [actor for actor, (seq, _) in self._beyond.items() if here.get(actor, 0) >= seq]:
            seq, digest = self._beyond.pop(actor)
            if self._replica.forks.hash_at(actor, seq) not in (None, digest):
                return self._show(actor, 0, seq)
        return None

    def found_in_changes(self, fork: Fork) -> Branch:
        """Return what to show the peer of a fork in changes that it sent; raises it if we have neither."""
        if not fork.actor or self._replica.forks.hash_at(fork.actor, fork.seq) is None:
            raise fork  # both versions came from this peer, and neither is kept
        return self._show(fork.actor, fork.seq - 1, fork.seq)

    def winners_to_announce(self) -> list[Winner]:
        """Return, once, the winners that are known here but not in the log."""
        if self._standing_said or self.forked:
            return []
        self._standing_said = True
        absent = self._replica.forks.missing_winners()
        return [
            Winner(tuple(absent[begin : begin + messages.MAX_WINNERS]))
            for begin in range(0, len(absent), messages.MAX_WINNERS)
        ]

    def found_in_winner(self, message: Winner) -> Branch | None:
        """Return the Branch to send if our version of a change differs from a winner of the peer."""
        for actor, seq, digest in message.places:
            if not self.forked and self._replica.forks.hash_at(actor, seq) not in (None, digest):
                return self._show(actor, seq - 1, seq)
        return None

    # -- resolving it

    def answer(self, message: Branch) -> list[Message]:
        """Return the answer to a Branch; raises Fork if this ends the conversation, or ProtocolError."""
        self._forks += 1
        if self._forks > MAX_BRANCHES:
            raise ProtocolError("A peer cannot say where two versions of a stream diverge.")
        self.forked = True
        place = compare(self._replica, message)
        if place is None:
            # Another conversation has resolved it already.
            raise Fork("Two versions of a stream were found and resolved; reconnect to go on.")
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
        """Give way once the peer has proven its branch, which raises Fork; ignore other messages.

        Raises NotSigned for an invalid proof.
        """
        if not self._asked:
            return
        proof = self._groups.add(message)
        # The heads in the proof tell which of the forks it is about.
        proven = [actor for actor, _, _ in message.heads] if isinstance(message, Heads) else []
        for actor in proven:
            if actor in self._asked:
                self._give_way(*self._asked[actor], proof)

    def clear(self) -> None:
        """Forget a proof that is not complete."""
        self._groups.clear()

    def _show(self, actor: int, agree: int, differ: int) -> Branch:
        """Return the Branch that describes our stream between two seqs; this ends the exchange of changes."""
        self.forked = True
        return branch(self._replica, actor, agree, differ)

    def _stand(self, actor: int, agree: int, differ: int) -> list[Message]:
        """Return the winning branch and, in a paired vault, its author's signed changes as proof."""
        self.dispute = (
            f"It has another version of change {differ} of {actor:016x}, which loses: a device was "
            "copied or restored from a backup, or the change is forged."
        )
        shown = self._show(actor, agree, differ)
        if not self._replica.signatures.required:
            return [shown]
        proof = self._replica.forks.proof(actor, differ)
        if not proof:
            raise Fork("The winning version has not arrived yet; reconnect.")
        return [shown, *(item if isinstance(item, Heads) else messages.pack(item) for item in proof)]

    def _give_way(self, message: Branch, seq: int, proof: list[bytes | Heads]) -> None:
        sentence = self._replica.forks.give_way(message.actor, seq, rank_of(message), proof)
        raise Fork(sentence, message.actor, seq)
