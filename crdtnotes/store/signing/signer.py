"""Signing local changes, and checking the signatures of changes from others.

All of it happens inside the replica's transactions. A vault that was never paired needs no signatures.
Stored signatures can be missing: those streams are unsigned (`checkpoints.py`) until others send them. That
is also so for changes that this device writes while a passphrase locks its keys: they wait for its own
signature (`sign_waiting`), and are not sent before.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from os import urandom

from crdtnotes.changes.batch import Batch, batches, unbatch
from crdtnotes.changes.change import Rank
from crdtnotes.changes.limits import GROUP_BYTES, GROUP_STREAMS, MAX_GROUP_BYTES
from crdtnotes.changes.messages import Heads
from crdtnotes.crdt.ids import MAX_COUNTER
from crdtnotes.errors import Fork, KeysLocked, LocalError, NotPermitted, NotSigned
from crdtnotes.store.log.log import Log
from crdtnotes.store.signing.checkpoints import Checkpoints, Signed
from crdtnotes.store.signing.members import MAY_ONLY_READ, Members
from crdtnotes.store.signing.recut import recut
from crdtnotes.trust.actors import ActorRecord, actor_of, moved_actor, new_actor
from crdtnotes.trust.certificate import read_certificate
from crdtnotes.trust.device_id import device_id
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.roles import Role
from crdtnotes.trust.signatures import sign_head

Name = Callable[[int, int, bytes], int]
"""As `crdtnotes.store.forks.split.Name`."""


class Signer:
    """The signatures of a log by the vault's members; `identity` returns this device's keys."""

    def __init__(
        self, conn: sqlite3.Connection, log: Log, members: Members, identity: Callable[[], Identity]
    ) -> None:
        self.checkpoints = Checkpoints(conn)
        self._log = log
        self._members = members
        self._make_identity = identity
        self._identity: Identity | None = None
        self._locked: tuple[bytes, bytes] | None = None
        self._own = 0
        self._none_waits = False
        # Whether it is known that no change of ours waits for our own signature.
        self.learned = False
        """Whether signatures of earlier changes have come since somebody reset it."""
        self._late: list[list[Signed]] = []
        # Signatures that came after the changes that they sign, group by group.

    @property
    def identity(self) -> Identity:
        """This device's keys, loaded when they are first needed; raises BadIdentity, or KeysLocked."""
        if self._identity is None:
            self._identity = self._make_identity()
        return self._identity

    @property
    def own_key(self) -> bytes | None:
        """This device's public signing key; None if it has no key, or the key cannot be read."""
        try:
            return self._public()[1]
        except LocalError:
            return None

    @property
    def own_id(self) -> bytes:
        """This device's id, also while its keys are locked; raises BadIdentity."""
        return self._public()[0]

    def _public(self) -> tuple[bytes, bytes]:
        """Return this device's id and public signing key, which can be read even if its keys are locked."""
        if self._locked is not None and self._identity is None:
            return self._locked
        try:
            return self.identity.id, self.identity.keys.signing
        except KeysLocked as locked:
            certificate = locked.certificate
            self._locked = device_id(certificate), read_certificate(certificate).signing
            return self._locked

    @property
    def can_sign(self) -> bool:
        """Whether this process has this device's keys; False if they are locked. Raises BadIdentity."""
        try:
            return bool(self.identity)
        except KeysLocked:
            return False

    def forget(self) -> None:
        """Re-check which device owns our stream, and drop late signatures that were not applied."""
        self._own = 0
        self._none_waits = False
        self._late.clear()

    def clear(self) -> None:
        """Delete all signatures of the log: the vault is a new one."""
        self.checkpoints.clear()
        self.forget()

    # -- local changes

    def own_stream(self, actor: int) -> int:
        """Return the stream to write to: this one if this device can sign for it, else a new one.

        A copied file can have the stream of another device, and a stream from before the pairing has no
        proven owner. Raises NotPermitted if this device is a reader.
        """
        if self._own != actor and self._members.founded:
            self.check_writes()
            key = self._public()[1]
            if self.checkpoints.key_of(actor) != key:
                author = new_actor(key, urandom)
                self.checkpoints.add_author(author)
                actor = author.actor
            self._own = actor
        return actor

    def check_writes(self) -> None:
        """Raise NotPermitted if this device may only read the vault: nobody would accept its changes."""
        if self.is_reader:
            raise NotPermitted(MAY_ONLY_READ)

    @property
    def is_reader(self) -> bool:
        """Whether this device may only read the vault; raises BadIdentity."""
        return self._members.uses_roles() and self._members.role(self._public()[0]) is Role.READER

    def sign_if_large(self, actor: int) -> None:
        """Sign our stream in the middle of a large transaction, so that groups stay small."""
        if self._log.grown.get(actor, 0) >= GROUP_BYTES:
            self.sign_own(actor)

    def sign_own(self, actor: int) -> None:
        """Sign the head of our stream if it has grown; raises NotSigned if another stream has grown.

        While this device's keys are locked, it stays unsigned.
        """
        grown = self._log.grown
        if grown and self._members.founded:
            if self._own != actor or grown.keys() != {actor}:
                self.check_signed()
            if not self.can_sign:
                self.checkpoints.extend_waiting(sum(grown.values()))
                self._none_waits = False
            elif not self._none_waits and self.waiting():
                self.sign_waiting()
            else:
                self._sign(sum(grown.values()), {actor: self._log.head(actor).seq})
                self._none_waits = True
        grown.clear()

    def waiting(self) -> dict[int, int]:
        """Return the streams of this device with changes that wait for its own signature.

        Each comes with the seq of its last signed change.
        """
        unsigned = self.checkpoints.unsigned_streams()
        own = self.own_key if unsigned else None
        if own is None:
            return {}
        return {actor: seq for actor, seq in unsigned.items() if self.checkpoints.key_of(actor) == own}

    def sign_waiting(self) -> None:
        """Sign the changes that this device wrote while its keys were locked; raises KeysLocked."""
        unsigned, mine = self.checkpoints.unsigned_streams(), self.waiting()
        if not mine:
            return
        pieces = list(self._pieces(unsigned, mine))
        if len(mine) == len(unsigned) and self.checkpoints.drop_waiting():
            for size, ends in pieces:
                self._sign(size, ends)
        else:
            # Changes of others came in between.
            signed = self.checkpoints.all_signed()
            last = max((checkpoint for checkpoint, _ in signed), default=0)
            for number, (_, ends) in enumerate(pieces, last + 1):
                signed += [(number, (actor, seq, self._signature(actor, seq))) for actor, seq in ends.items()]
            recut(self._log, self.checkpoints, signed)
        self.learned = True

    def _pieces(
        self, unsigned: Mapping[int, int], mine: Collection[int]
    ) -> Iterator[tuple[int, dict[int, int]]]:
        """Yield the unsigned changes in pieces of a group's size: the bytes, and where streams of ours end.

        (In one large group, nobody would accept them.)
        """
        known = {actor: unsigned.get(actor, seq) for actor, seq in self._log.version().items()}
        ends: dict[int, int] = {}
        size = 0
        for item in self._log.ordered(known):
            size += item.size
            if item.actor in mine:
                ends[item.actor] = item.seq
            if size >= GROUP_BYTES and ends:
                yield size, ends
                ends, size = {}, 0
        if ends:
            yield size, ends

    def sign_past(self) -> None:
        """Sign all changes that are here when the vault is first paired, at checkpoints of a group's size."""
        ends: dict[int, int] = {}
        size = 0
        for item in self._log.ordered({}):
            ends[item.actor] = item.seq
            size += item.size
            if size >= GROUP_BYTES or len(ends) >= GROUP_STREAMS:
                self._sign(size, ends)
                ends, size = {}, 0
        if ends:
            self._sign(size, ends)

    def _sign(self, size: int, ends: Mapping[int, int]) -> None:
        self.checkpoints.put(size, [(actor, seq, self._signature(actor, seq)) for actor, seq in ends.items()])

    def _signature(self, actor: int, seq: int) -> bytes:
        digest = self._log.hash_at(actor, seq) or b""
        return sign_head(self.identity, self._members.vault, actor, seq, digest)

    # -- changes from others

    def check_signed(self) -> None:
        """Check that no changes have come without their signatures; raises NotSigned."""
        if self._log.grown and self._members.founded:
            raise NotSigned("Changes came without the signatures of their authors.")

    def check_group(self, heads: Heads) -> None:
        """Check that the head of each stream that has grown is signed; raises NotSigned."""
        grown = self._log.grown
        if self._members.founded:
            if sum(grown.values()) > MAX_GROUP_BYTES:
                raise NotSigned("Too many changes came without the signatures of their authors.")
            proofs = {
                actor: ActorRecord(actor, key, nonce)
                for key, nonce in heads.proofs
                if (actor := actor_of(key, nonce))
            }
            signatures = {actor: (seq, signature) for actor, seq, signature in heads.heads}
            for actor in grown:
                if actor in proofs:
                    self.checkpoints.add_author(proofs[actor])
                seq = self._log.head(actor).seq
                end, signature = signatures.get(actor, (0, b""))
                if seq != end or not self._is_accepted(actor, seq, signature):
                    raise NotSigned(
                        f"No device that belongs to the vault has signed change {seq} of {actor:016x}."
                    )
            if grown:
                self.checkpoints.put(sum(grown.values()), [(actor, *signatures[actor]) for actor in grown])
            if self.checkpoints.is_waiting or not grown:
                self._keep_late(signatures, proofs)
        grown.clear()

    def _is_accepted(self, actor: int, seq: int, signature: bytes) -> bool:
        digest = self._log.hash_at(actor, seq)
        members = self._members.membership()
        key = self.checkpoints.key_of(actor)
        return digest is not None and members.covers(key, actor, seq, digest, signature)

    # -- unsigned changes

    def await_signatures(self) -> None:
        """Let all changes that are here wait for signatures: this replica joins a paired vault with them."""
        size = sum(item.size for item in self._log.ordered({}))
        if size:
            self.checkpoints.add_waiting(size)
            if not self.checkpoints.unsigned_streams():
                recut(self._log, self.checkpoints)

    def _keep_late(
        self, signatures: Mapping[int, tuple[int, bytes]], proofs: Mapping[int, ActorRecord]
    ) -> None:
        """Keep the signatures that sign unsigned changes or divide a large checkpoint; ignore the others."""
        unsigned = self.checkpoints.unsigned_streams()
        found: list[Signed] = []
        for actor, (seq, signature) in signatures.items():
            _, size, end = self.checkpoints.containing(actor, seq)
            wanted = seq > unsigned.get(actor, MAX_COUNTER) or (seq < end and size > 2 * GROUP_BYTES)
            if wanted and actor in self._log.heads:
                if actor in proofs:
                    self.checkpoints.add_author(proofs[actor])
                if self._is_accepted(actor, seq, signature):
                    found.append((actor, seq, signature))
        if found:
            self._late.append(found)

    def apply_late_signatures(self) -> bool:
        """Rebuild the checkpoints if signatures came that were missing; return whether any came."""
        late, self._late = self._late, []
        # Unsigned changes may also have been signed along with the changes that followed them.
        if not late and not (self.checkpoints.is_waiting and not self.checkpoints.unsigned_streams()):
            return False
        # Each goes right before the checkpoint that has had those changes so far.
        step = len(late) + 1
        signed = [(checkpoint * step, one) for checkpoint, one in self.checkpoints.all_signed()]
        for number, found in enumerate(late, 1):
            cut = min(self.checkpoints.containing(actor, seq)[0] for actor, seq, _ in found)
            signed += [((cut - 1) * step + number, one) for one in found]
        recut(self._log, self.checkpoints, signed)
        self.learned = True
        return True

    def mend_signatures(self) -> int:
        """Make the signatures match the log: drop invalid ones, and sign the changes of this device.

        Returns the bytes of the largest group that was merged from several by this, 0 if there is none. While
        this device's keys are locked, its changes stay unsigned.
        """
        for author in self.checkpoints.authors():
            if not author.proven:
                self.checkpoints.remove_author(author.actor)
        self._none_waits = False
        good = [
            (checkpoint, signed)
            for checkpoint, signed in self.checkpoints.all_signed()
            if self.is_signed(*signed)
        ]
        try:
            own = self.identity.keys.signing
        except LocalError:
            own = b""
        ends: dict[int, int] = {}
        for _, (actor, seq, _) in good:
            ends[actor] = max(seq, ends.get(actor, 0))
        last = max((checkpoint for checkpoint, _ in good), default=1)
        if own and self.is_reader:
            own = b""
        for actor, seq in self._log.version().items():
            if ends.get(actor, 0) < seq and self.checkpoints.key_of(actor) == own:
                good.append((last, (actor, seq, self._signature(actor, seq))))
        return recut(self._log, self.checkpoints, good)

    def match_role(self) -> None:
        """Make the signatures fit this device's role, which may have changed.

        A reader drops signatures that nobody accepts any more: of its own changes, and of those of other
        devices that may not write (any more) which no record keeps. Until somebody accepts them, they are
        unsigned, and not sent. Any other device signs its own changes which are unsigned since it was a
        reader.
        """
        if not self._members.uses_roles():
            return
        self._own = 0
        role = self._members.role(self._public()[0])
        if role is Role.READER:
            every = self.checkpoints.all_signed()
            good = [one for one in every if self._is_accepted(*one[1])]
            if len(good) < len(every):
                recut(self._log, self.checkpoints, good)
        elif role is not None and self.checkpoints.is_waiting and self.can_sign and self.waiting():
            self.mend_signatures()

    def is_signed(self, actor: int, seq: int, signature: bytes) -> bool:
        """Tell whether the log has what was signed, even if the signer no longer belongs to the vault."""
        if not (isinstance(seq, int) and isinstance(signature, bytes)):
            return False  # a damaged file can hold anything
        digest = self._log.hash_at(actor, seq)
        members = self._members.membership()
        key = self.checkpoints.key_of(actor)
        return bool(seq) and digest is not None and members.is_signed(key, actor, seq, digest, signature)

    # -- forks

    def move(self, actor: int, seq: int, content: bytes) -> int:
        """Return the stream of the same device to which a stream's changes from `seq` on move.

        `content` is the content of the first of them in that stream.

        Raises Fork if nobody can sign there: the stream is from before the pairing.
        """
        end, _ = self._members.membership().adopted.get(actor, (0, b""))
        key = self.checkpoints.key_of(actor)
        if seq <= end or key is None:
            raise Fork(
                f"Two replicas hold different changes under the number {seq} of {actor:016x}, from before "
                "the vault was paired: export the notes of one of them (crdtnotes export), join with a new "
                "replica, and import them there.",
                actor,
                seq,
            )
        author = moved_actor(key, content)
        self.checkpoints.add_author(author)
        return author.actor

    def lost(self, silent: Collection[bytes]) -> dict[int, int]:
        """Return the streams with unsigned changes whose devices cannot or do not sign, and where they begin.

        Those are the devices that may not write any more, and those with the signing keys in `silent`. The
        result is `{actor: seq of the first unsigned change}`.
        """
        gone = {key for _, key in self._members.membership().gone()} | set(silent)
        return {
            actor: seq + 1
            for actor, seq in self.checkpoints.unsigned_streams().items()
            if (key := self.checkpoints.key_of(actor)) in gone and key != self.own_key
        }

    def carried_name(self, carrier: bytes, content: bytes) -> ActorRecord:
        """Return the stream to which changes move so that the device with the key `carrier` signs them.

        `content` is the content of the first of them.
        """
        return moved_actor(carrier, content)

    def naming(self, lost: Mapping[int, int], carrier: bytes) -> Name:
        """Return the naming of streams for changes that move because `carrier` signs those in `lost`.

        Other changes move to streams of their own devices.
        """

        def name(actor: int, seq: int, content: bytes) -> int:
            if actor not in lost:
                return self.move(actor, seq, content)
            author = self.carried_name(carrier, content)
            self.checkpoints.add_author(author)
            return author.actor

        return name

    def proof(self, actor: int, first: int) -> list[bytes | Heads]:
        """Return the changes of a stream from `first` to the next signed head, then that head's signature.

        Empty if they are not here.
        """
        found = self.checkpoints.next_signed(actor, first)
        if found is None or self._log.head(actor).seq < found[0]:
            return []
        upto, heads = found
        return [*batches(self._log.missing({actor: first - 1}, {actor: upto})), heads]

    def proven_rank(self, actor: int, first: int, items: Sequence[bytes | Batch | Heads]) -> Rank:
        """Return the rank of another branch, from `first` on, of a stream that is here.

        `items` must prove that the stream's own device made that branch; raises NotSigned.
        """
        tip = self._log.hash_at(actor, first - 1)
        seq = first - 1
        rank: Rank | None = None
        for item in items:
            if isinstance(item, Heads):
                for _, end, signature in (signed for signed in item.heads if signed[0] == actor):
                    members = self._members.membership()
                    key = self.checkpoints.key_of(actor)
                    if (
                        rank is not None
                        and tip is not None
                        and end == seq
                        and members.covers(key, actor, seq, tip, signature)
                    ):
                        return rank
                continue
            for change, data in (one for piece in unbatch(item) for one in piece.changes):
                if (change.actor, change.seq) == (actor, seq + 1) and tip is not None:
                    tip = self._log.chain(tip, change, data)
                    seq = change.seq
                    rank = rank or (change.time, tip)
        raise NotSigned(f"No device that belongs to the vault has signed change {first} of {actor:016x}.")
