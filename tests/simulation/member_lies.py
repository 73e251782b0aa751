"""What a device with valid signatures may send to harm others: the thief of a machine, and a lying member.

The thief sends records. The liar also sends changes in streams of its own, two versions of some, signatures
of heads that it never sent, and erasures. Some of it must be refused; the rest counts, and honest devices
must agree on it and go on. Neither of them throws out the anchor (see roled.py).
"""

from collections.abc import Sequence
from random import Random

from crdtnotes.changes import messages
from crdtnotes.changes.batch import batches, changes_in
from crdtnotes.changes.change import NO_HASH, Change, chain, note_id
from crdtnotes.changes.codec import decode, encode
from crdtnotes.changes.derived import birth_actor, to_wire
from crdtnotes.crdt.ops import Create, runs_of
from crdtnotes.store.replica import Replica
from crdtnotes.trust.actors import ActorRecord, new_actor
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.membership import Member
from crdtnotes.trust.records import Add, Body, Erase, Grant, Keep, Revoke, sign_record
from crdtnotes.trust.roles import Role
from crdtnotes.trust.signatures import sign_head
from tests.simulation.disk import VAULT
from tests.simulation.identities import STRANGER, identity

_FORGED = 1000
# Names of notes of the liar: with these numbers.


def _said(replica: Replica, *more: messages.Message) -> list[bytes]:
    hello = messages.hello(VAULT, "a friend", replica.heads(), replica.devices.records_digest())
    return [messages.encode(message) for message in (hello, messages.ack(0, {}), *more, messages.Records(()))]


def records_of_a_thief(replica: Replica, thief: Identity, anchor: Identity, random: Random) -> list[bytes]:
    """The frames of a conversation in which the thief of a device sends one or two records."""
    records = [_record(replica, thief, anchor, random) for _ in range(random.randint(1, 2))]
    return _said(replica, messages.Records(tuple(sorted(records))))


def _record(replica: Replica, thief: Identity, anchor: Identity, random: Random) -> bytes:
    members = replica.members.membership().members
    own = members.get(thief.id)
    by_epoch = 1 if own is None else random.randint(1, own.epoch)
    friend = identity(STRANGER)
    targets = [one for id, one in sorted(members.items()) if id not in (anchor.id, thief.id)]
    kind = random.choice(("friend", "again", "revoke", "revoke", "limit", "promote", "keep"))
    if kind == "friend" or not targets:
        return sign_record(Add(VAULT, friend.certificate, "a friend", 1, thief.id, by_epoch), thief).data
    epoch = replica.members.membership().next_epoch(thief.id)
    if kind == "again":
        # Its friend, whom it has added, adds it again.
        again = Add(VAULT, thief.certificate, "again", epoch, friend.id, 1)
        return sign_record(again, friend).data
    target = random.choice(targets)
    return sign_record(_about(replica, kind, target, thief, by_epoch, random), thief).data


def _about(
    replica: Replica, kind: str, target: Member, thief: Identity, by_epoch: int, random: Random
) -> Body:
    membership = replica.members.membership()
    signed = tuple(membership.signed_by(target.id))
    # Without what the founder has signed nobody would be left, the anchor neither.
    founder = replica.members.root in signed or target.added_by == target.id
    kept = signed if founder or random.random() < 0.5 else ()
    heads = tuple(
        (actor, seq, tip)
        for actor, (seq, tip) in sorted(replica.heads().items())
        if replica.signer.checkpoints.key_of(actor) == target.keys.signing
    )
    if kind == "revoke":
        heads = heads if random.random() < 0.5 else ()
        return Revoke(VAULT, target.id, target.epoch, thief.id, by_epoch, heads, kept)
    if kind == "keep":
        heads = tuple((actor, seq + 1, random.randbytes(16)) for actor, seq, _ in heads) or (
            (_FORGED, 1, bytes(16)),
        )
        return Keep(VAULT, target.id, thief.id, by_epoch, heads)
    role = Role.OWNER if kind == "promote" else random.choice((Role.READER, Role.WRITER))
    epoch = membership.next_epoch(target.id)
    return Grant(VAULT, target.certificate, "limited", epoch, role, thief.id, by_epoch, heads, kept)


class LyingMember:
    """A liar's streams: what it has sent to one machine, it does not send to all."""

    def __init__(self, by: Identity) -> None:
        self._by = by
        self._streams: list[ActorRecord] = []
        self.forked = False

    def frames(self, replica: Replica, others: Sequence[Replica], random: Random) -> list[bytes]:
        """The frames of a conversation; `others` are replicas whose changes it knows, too."""
        kind = random.choice(("change", "change", "version", "head", "erase", "erase"))
        if kind == "erase":
            return _said(replica, self._erasure(replica, others, random))
        return _said(replica, *self._change(replica, kind, random))

    def _change(self, replica: Replica, kind: str, random: Random) -> list[messages.Message]:
        """A change of its own; perhaps another version of one that is there, or a head further on."""
        if not self._streams or random.random() < 0.2:
            self._streams.append(new_actor(self._by.keys.signing, random.randbytes))
        stream = random.choice(self._streams)
        head = replica.log.heads.get(stream.actor)
        seq, last, tip = (0, 0, NO_HASH) if head is None else (head.seq, head.last, head.hash)
        if seq and kind == "version":
            seq, tip = seq - 1, replica.log.hash_at(stream.actor, seq - 1) or NO_HASH
            self.forked = True
        name = f"lie {random.randrange(_FORGED)}"
        uid = note_id(VAULT, name)
        text = random.choice(("lies\n", "谎\n", "another\n"))
        create = Create(birth_actor(uid, text), name, text, ())
        change = Change(stream.actor, seq + 1, last + 1, (), random.randint(0, 10**9), uid, (create,))
        data = encode(change)
        digest = chain(tip, data)
        end = seq + 1
        if kind == "head":
            end, digest = seq + random.randint(2, 9), random.randbytes(16)
        signature = sign_head(self._by, VAULT, stream.actor, end, digest)
        heads = messages.Heads(((stream.signing_key, stream.nonce),), ((stream.actor, end, signature),))
        return [*(messages.pack(batch) for batch in batches([data])), heads]

    def _erasure(self, replica: Replica, others: Sequence[Replica], random: Random) -> messages.Records:
        """An Erase of what is not there, or with another form of a change than the erased one."""
        note, original = random.randbytes(16), random.randbytes(16)
        span: tuple[int | bytes, int, int] = (_FORGED, 1, 1)
        texts = list(_texts(random.choice((replica, *others))))
        if texts and random.random() < 0.7:
            note, span, original = random.choice(texts)
        if random.random() < 0.2:
            original = random.randbytes(16)
        body = Erase(VAULT, self._by.id, 1, 7, note, (span,), ((random.randbytes(16), original),))
        return messages.Records((sign_record(body, self._by).data,))


def _texts(replica: Replica) -> list[tuple[bytes, tuple[int | bytes, int, int], bytes]]:
    """The note, the ids, and the hash of the stream, of each text in the log."""
    found = []
    tips: dict[int, bytes] = {}
    for item in replica.changes_since({}):
        if isinstance(item, messages.Heads):
            continue
        for data in changes_in(item):
            change = decode(data)
            tip = tips[change.actor] = replica.log.chain(tips.get(change.actor, NO_HASH), change, data)
            for op in change.ops:
                for actor, first, text in runs_of(op):
                    if text:
                        found.append((change.note, (to_wire(actor), first, len(text)), tip))
    return found
