"""A peer that lies: forged numbers, wrong deps, two changes under one number, changes in others' names."""

from random import Random

from crdtnotes.changes.batch import batches, changes_in
from crdtnotes.changes.change import Change, birth_actor, note_id
from crdtnotes.changes.codec import decode, encode
from crdtnotes.crdt.ids import OpId
from crdtnotes.crdt.ops import Create, Insert, Op, Remove
from crdtnotes.errors import CrdtnotesError
from crdtnotes.store.replica import Replica
from tests.simulation.disk import VAULT
from tests.simulation.machine import Machine

ACTOR = 77


class Liar:
    """What it says to whom; it never has a replica."""

    def victims(self, one: Machine, other: Machine, random: Random) -> list[Machine]:
        """Whom it talks to: often to two, and not in the same words."""
        return [one, other] if random.random() < 0.6 else [one]

    def batches(self, replica: Replica, random: Random) -> list[bytes]:
        """What it sends."""
        changes = [decode(data) for batch in replica.changes_since({}) for data in changes_in(batch)]
        made = (
            self._own(replica, changes, random) if random.random() < 0.6 else self._twisted(changes, random)
        )
        datas = []
        for change in made:
            try:
                datas.append(encode(change))
            except CrdtnotesError:
                # Even a liar's program cannot say that.
                continue
        result = list(batches(datas))
        if result and random.random() < 0.2:
            spoilt = bytearray(result[0])
            del spoilt[random.randrange(len(spoilt)) :]
            return [bytes(spoilt)]
        return result

    def _own(self, replica: Replica, changes: list[Change], random: Random) -> list[Change]:
        """Changes of its own stream that are in order, each time others."""
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
        """Somebody's change with one thing wrong in it."""
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
