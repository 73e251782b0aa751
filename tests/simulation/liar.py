"""A peer that lies: forged numbers, wrong deps, two changes with one number, changes in others' names.

It sends these one by one and in blocks; in a conversation it also lies about branches and devices.
"""

from random import Random

from msgspec.structs import replace

from crdtnotes.changes import block, messages
from crdtnotes.changes.batch import Form, Packed, Piece, batches, changes_in
from crdtnotes.changes.change import Change, chain, note_id
from crdtnotes.changes.codec import decode, encode
from crdtnotes.changes.compression import compress
from crdtnotes.changes.derived import birth_actor
from crdtnotes.crdt.ids import ROOT, OpId
from crdtnotes.crdt.ops import Create, Insert, Op, Remove
from crdtnotes.errors import CrdtnotesError, DecodeError
from crdtnotes.store.replica import Replica
from crdtnotes.trust.actors import ActorRecord
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.membership import Membership
from crdtnotes.trust.records import MAX_EPOCH, Add, Body, Found, Name, Remark, Revoke, sign_record
from crdtnotes.trust.signatures import sign_head
from tests.simulation.disk import VAULT
from tests.simulation.identities import STRANGER, TWIN, certificate, identity
from tests.simulation.machine import Machine

ACTOR = 77
VERSIONS = {ACTOR: 1, 5: 2**53 - 1, 2**63 - 1: 7}


class Liar:
    """The lies and their receivers; a liar never has a replica."""

    def victims(self, one: Machine, other: Machine, random: Random) -> list[Machine]:
        """The receivers: often two, which get different lies."""
        return [one, other] if random.random() < 0.6 else [one]

    def batches(self, replica: Replica, random: Random) -> list[bytes]:
        """The batches that it sends."""
        sent = [item for item in replica.changes_since({}) if isinstance(item, bytes)]
        changes = [decode(data) for batch in sent for data in changes_in(batch)]
        luck = random.random()
        if luck < 0.4:
            made = self._own(replica, changes, random)
        elif luck < 0.7:
            made = self._twisted(changes, random)
        else:
            made = self._run(changes, random)
        pieces: list[Piece] = []
        try:
            if made and random.random() < 0.4 and all(map(block.packable, made)):
                data = block.pack(made)
                pieces = [Packed(Form.BLOCK, len(data), compress(data))]
            else:
                pieces = [encode(change) for change in made]
        except CrdtnotesError:
            # Even a liar cannot encode this.
            return []
        result = list(batches(pieces))
        if result and random.random() < 0.2:
            spoilt = bytearray(result[0])
            del spoilt[random.randrange(len(spoilt)) :]
            return [bytes(spoilt)]
        return result

    def frames(self, replica: Replica, random: Random) -> list[bytes]:
        """The frames of a conversation, from its Hello on."""
        heads = {actor: head for actor, head in replica.heads().items() if random.random() < 0.7}
        if heads and random.random() < 0.3:
            actor = random.choice(list(heads))
            heads[actor] = (random.randint(1, heads[actor][0] + 1), random.randbytes(16))
        said: list[messages.Message] = [messages.hello(VAULT, "a friend", heads), messages.ack(0, {})]
        for _ in range(random.randint(1, 4)):
            [kind] = random.choices(("changes", "branch", "records", "ack"), (4, 4, 1, 1))
            if kind == "changes":
                said += [messages.pack(batch) for batch in self.batches(replica, random)]
            elif kind == "branch":
                said.append(self._branch(replica, random))
            elif kind == "records":
                said.append(
                    messages.Records(tuple(random.randbytes(40) for _ in range(random.randint(0, 2))))
                )
            else:
                said.append(
                    messages.ack(random.randint(0, 2), dict(random.sample(list(VERSIONS.items()), 2)))
                )
        return [messages.encode(message) for message in said]

    def signed_frames(self, replica: Replica, random: Random, by: Identity) -> list[bytes]:
        """The frames of a conversation as a device, with signatures: its own, and signatures of others for
        other data than they were made for.
        """
        said: list[messages.Message] = [
            messages.hello(VAULT, "a friend", replica.heads(), replica.devices.records_digest()),
            messages.ack(0, {}),
        ]
        for _ in range(random.randint(1, 3)):
            luck = random.random()
            if luck < 0.2:
                said.append(self._branch(replica, random))
            elif luck < 0.3:
                said.append(messages.Records((self._record(replica, random, by),)))
            batches = self.batches(replica, random)
            said += [messages.pack(batch) for batch in batches]
            said.append(self._heads(replica, batches, random, by))
        return [messages.encode(message) for message in said]

    def _record(self, replica: Replica, random: Random, by: Identity) -> bytes:
        """A record that must not be kept, although a member may have signed it."""
        friend, vault = identity(STRANGER), VAULT
        rooted = list(replica.members.membership().rooted.values())
        others = [
            one.body for one in rooted if isinstance(one.body, Add | Found) and one.body.device != by.id
        ]
        foreign = [one.digest for one in rooted if one.body.by != by.id]
        body: Body = Add(vault, friend.certificate, "no friend", random.randint(1, 3), by.id, 1)
        signer = by
        kind = random.choice(("signer", "vault", "key", "certificate", "jump", "name", "remark"))
        if kind == "signer":
            signer = friend
        elif kind == "vault" or not others:
            body = Add(bytes(16), friend.certificate, "no friend", 1, by.id, 1)
        elif kind == "key":
            weak = friend.keys._replace(**{random.choice(("signing", "sealing")): bytes(32)})
            body = Add(vault, certificate(STRANGER, weak), "weak", 1, by.id, 1)
        elif kind == "certificate":
            spoilt = friend.certificate.replace(b"700101", b"710101")
            body = Add(vault, spoilt, "unloadable", 1, by.id, 1)
        else:
            other = random.choice(others)
            jump = random.choice((65535, MAX_EPOCH))
            heads = ((ACTOR, 1, bytes(16)),)
            choices: dict[str, list[Body]] = {
                "jump": [
                    Revoke(vault, other.device, jump, by.id, 1, (), ()),
                    Add(vault, other.certificate, "later", jump, by.id, 1),
                ],
                "name": [Name(vault, other.device, other.epoch, 2**40, 0, "liar's")],
                "remark": [Remark(vault, random.choice(foreign), by.id, 1, 0, heads, ())],
            }
            body = random.choice(choices[kind])
        return sign_record(body, signer).data

    def odd_frames(self, replica: Replica, random: Random, by: Identity) -> list[bytes]:
        """The frames of a conversation with records that a member may sign, and that must change nothing for
        the devices that are there: twins of devices, with their signing keys, and other names for them.
        """
        numbers = [number for number in range(12) if random.random() < 0.5]
        adds = [
            Add(VAULT, certificate(TWIN + number, identity(number).keys), "twin", 1, by.id, 1)
            for number in numbers
        ]
        membership = replica.members.membership()
        adds += [
            Add(VAULT, membership.members[id].certificate, " renamed", 1, by.id, 1)
            for id in named_themselves(membership) & membership.members.keys() - {by.id}
        ]
        records = tuple(sign_record(add, by).data for add in adds)
        said = (
            messages.hello(VAULT, "a friend", replica.heads(), bytes(16)),
            messages.ack(0, {}),
            messages.Records(records),
            messages.Records(()),
        )
        return [messages.encode(message) for message in said]

    def _heads(self, replica: Replica, sent: list[bytes], random: Random, by: Identity) -> messages.Heads:
        """Heads for the batches: signatures that do not cover them, with proofs of others' streams."""
        ends: dict[int, int] = {}
        tips: dict[int, bytes] = {}
        for data in (data for batch in sent for data in _whole(batch)):
            change = decode(data)
            before = (
                tips.get(change.actor) or replica.forks.hash_at(change.actor, change.seq - 1) or bytes(16)
            )
            tips[change.actor] = chain(before, data)
            ends[change.actor] = change.seq
        ends = ends or {ACTOR: 1}
        genuine = [one for _, one in replica.signer.checkpoints.all_signed()]
        proofs = {author.actor: author for author in replica.signer.checkpoints.authors()}
        heads = []
        for actor, seq in sorted(ends.items()):
            luck = random.random()
            signature = sign_head(by, VAULT, actor, seq, tips.get(actor, bytes(16)))
            if luck < 0.2:
                signature = random.randbytes(64)
            elif luck < 0.4 and genuine:
                signature = random.choice(genuine)[2]
            heads.append((actor, seq, signature))
        shown = [proofs[actor] for actor in ends if actor in proofs and random.random() < 0.7]
        shown += [ActorRecord(ACTOR, by.keys.signing, random.randbytes(16))] if random.random() < 0.5 else []
        return messages.Heads(tuple((one.signing_key, one.nonce) for one in shown), tuple(heads))

    def _branch(self, replica: Replica, random: Random) -> messages.Branch:
        """A fork that does not exist, of a known or an unknown stream."""
        actor, (last, _) = random.choice([*replica.heads().items(), (ACTOR, (3, b""))])
        if random.random() < 0.3:
            seqs = sorted(random.sample(range(1, last + 3), min(3, last + 2)))
        else:
            # At the place where one side has to give way, if it believes the liar.
            differ = random.randint(1, last)
            seqs = [seq for seq in (differ - 1, differ) if seq]
        points = [(seq, replica.forks.hash_at(actor, seq) or random.randbytes(16)) for seq in seqs]
        points[-1] = (points[-1][0], random.randbytes(16))
        return messages.Branch(actor, random.choice((0, 0, 2_000_000_000_000)), tuple(points))

    def _run(self, changes: list[Change], random: Random) -> list[Change]:
        """Some consecutive changes of another author; one may be replaced, and one may be added."""
        if not changes:
            return []
        actor = random.choice(changes).actor
        stream = [change for change in changes if change.actor == actor]
        at = random.randrange(len(stream))
        run = stream[at : at + random.randint(1, 6)]
        if random.random() < 0.5:
            at = random.randrange(len(run))
            run[at] = replace(run[at], time=run[at].time + 1)
        end = run[-1]
        if random.random() < 0.5:
            insert = Insert(OpId(end.last + 1, actor), ROOT, random.choice(("more", "更多")))
            run.append(Change(actor, end.seq + 1, end.last + 1, (), end.time, end.note, (insert,)))
        return run

    def _own(self, replica: Replica, changes: list[Change], random: Random) -> list[Change]:
        """Changes of its own stream, in order, but different ones each time."""
        head = replica.heads().get(ACTOR, (0, b""))[0]
        fork = head > 0 and random.random() < 0.5
        seq = random.randint(1, head) if fork else head + 1
        past = [change for change in changes if change.actor == ACTOR and change.seq < seq]
        start = past[-1].last + 1 if past else 1
        text = random.choice(("lies", "谎", "another"))
        uid = note_id(VAULT, f"lie {random.randint(0, 1)}")
        create = Create(birth_actor(uid, text), f"lie {uid[0]}", text, ())
        ops: tuple[Op, ...] = (create, Insert(OpId(max(start, len(text)) + 1, ACTOR), (1, create.birth), "!"))
        return [Change(ACTOR, seq, start, (), random.randint(0, 10**9), uid, ops)]

    def _twisted(self, changes: list[Change], random: Random) -> list[Change]:
        """A change of another author with one thing wrong in it."""
        if not changes:
            return []
        change = random.choice(changes)
        actor, seq, start, deps, ops = change.actor, change.seq, change.start, change.deps, change.ops
        kind = random.choice(("actor", "seq", "start", "deps", "cover"))
        if kind == "actor":
            actor = random.choice((ACTOR, 5, random.choice(changes).actor))
        elif kind == "seq":
            seq = random.choice((seq + 1000, 2**53 - 1, seq + 1))
        elif kind == "start":
            start = random.choice((1, start + 1, 2**52))
        elif kind == "deps":
            deps = ((random.randint(1, 2**63 - 1), random.randint(1, 2**53 - 1)),)
        else:
            ops = (Remove(((random.choice(changes).actor, 2**53 - 1),)),)
        return [Change(actor, seq, start, deps, change.time, change.note, ops)]


def named_themselves(membership: Membership) -> set[bytes]:
    """The devices that have said what they are called, by id."""
    return {one.body.by for one in membership.rooted.values() if isinstance(one.body, Name)}


def _whole(batch: bytes) -> list[bytes]:
    """The changes of a batch; none if the batch is damaged."""
    try:
        return list(changes_in(batch))
    except DecodeError:
        return []
