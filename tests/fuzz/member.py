"""A member with valid keys sends hostile content: its signatures are right, and what they cover is not.

Each round begins with two honest owners in sync and a member, by turns a writer and an owner. The member
sends changes of any content in streams of its own, records about devices, and all other messages, in sessions
that begin anew whenever they are ended. These invariants must hold:

- nothing but an error of the one family ends a session, and it has a sentence
- afterwards the two honest devices sync without an error, hold the same, and pass `check`
- a writer's records change neither the members nor their roles
- the process grows by a bounded amount of memory
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from msgspec.structs import replace

from crdtnotes.changes import messages
from crdtnotes.changes.batch import unbatch
from crdtnotes.changes.change import NO_HASH, Change, chain
from crdtnotes.changes.codec import encode
from crdtnotes.changes.messages import Branch, Heads, Presence, Records, Streams, Total, Unsigned, Winner
from crdtnotes.crdt.ids import ROOT
from crdtnotes.errors import CrdtnotesError, InvalidName, NotAMember, NoteExists
from crdtnotes.store import Replica
from crdtnotes.sync.session.session import Session
from crdtnotes.trust.actors import ActorRecord, new_actor
from crdtnotes.trust.identity import Identity, own_identity
from crdtnotes.trust.records import (
    Add,
    Body,
    Grant,
    Keep,
    Name,
    Record,
    Remark,
    Revoke,
    printable_name,
    sign_record,
)
from crdtnotes.trust.roles import Role
from crdtnotes.trust.signatures import sign_head
from crdtnotes.vault import Vault
from tests.fuzz.corpus import Corpus
from tests.fuzz.loop import MEMORY_MB, memory
from tests.fuzz.mutator import INTEGERS, Mutator
from tests.fuzz.target import LINKS_OF_ITS_AUTHOR
from tests.store.convergence import ACTIONS, Person
from tests.sync.wire import Wire, settle
from tests.vaults import fast

ROUND = 250
"""Messages in a round."""

CHECKED = 4
"""One in this many rounds ends with a complete check of both replicas."""


@dataclass
class Sent:
    """The messages that a member sent, by kind, and how its sessions ended."""

    kinds: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    """Changes of the member that the replica took in."""
    records: int = 0
    """Records of the member that the replica kept."""
    grown_mb: float = 0.0

    @property
    def messages(self) -> int:
        return self.kinds.total()

    def __str__(self) -> str:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.kinds.most_common())
        ends = ", ".join(f"{count:,} {end}" for end, count in self.ends.most_common())
        return (
            f"{self.messages:,} messages of a member ({kinds}); sessions ended by {ends}; {self.accepted:,} "
            f"changes and {self.records:,} records were taken in, and honest devices went on; "
            f"{self.grown_mb:.0f} MB more memory"
        )


class Hostility:
    """The folder of two honest devices and a member, and the rounds between them."""

    def __init__(self, folder: Path, seed: int, corpus: Corpus) -> None:
        self._random = Random(f"{seed} member")
        self._mutator = Mutator(self._random, corpus)
        self._folder = folder
        self._here = own_identity(folder / "here")
        self._friend = own_identity(folder / "friend")
        self.member = own_identity(folder / "member")
        self._helper = own_identity(folder / "helper")
        self._corpus: list[Change] = []
        self._role = Role.OWNER
        self._signed: list[Record] = []
        self._streams: list[ActorRecord] = []
        self.sent = Sent()
        self._vaults: list[Vault] = []

    # -- rounds

    def run(self, number: int) -> None:
        """Play one round."""
        self._role = Role.WRITER if number % 2 else Role.OWNER
        folder = self._folder / "round"
        folder.mkdir()
        try:
            here, friend = self._begin(folder)
            session = self._session(here)
            for _ in range(ROUND):
                if session.closed or session.forked:
                    self._ended(session)
                    if isinstance(session.error, NotAMember):
                        break  # an owner has revoked itself
                    session = self._session(here)
                kind = self._random.choice(("change",) * 6 + ("records", "records", "other", "nearly"))
                self.sent.kinds[kind] += 1
                session.receive(getattr(self, f"_{kind}")(here))
                session.data_to_send()
            else:
                self._ended(session)
            self._check(here, friend, fully=number % CHECKED == 0)
        finally:
            while self._vaults:
                self._vaults.pop().close()
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()

    def _open(self, path: Path, identity: Identity) -> Vault:
        vault = fast(Vault.open(path, identity=identity))
        self._vaults.append(vault)
        return vault

    def _begin(self, folder: Path) -> tuple[Vault, Vault]:
        Replica.create(folder / "here.db", "here").close()
        here = self._open(folder / "here.db", self._here)
        devices = here.replica.devices
        devices.admit(self._friend.certificate, "friend")
        devices.admit(self.member.certificate, "member", self._role)
        vault, root = here.replica.vault_id, here.replica.members.root or b""
        opened = []
        for name, identity in (("friend", self._friend), ("member", self.member)):
            Replica.create(folder / f"{name}.db", name, vault).close()
            opened.append(self._open(folder / f"{name}.db", identity))
            opened[-1].replica.devices.adopt(root, devices.records())
        friend, member = opened
        person = Person(self._random)
        for one in (here, member, friend, here):
            for _ in range(4):
                with suppress(NoteExists, InvalidName):
                    person.act(one, self._random.choice(ACTIONS))
            for other in (friend, member):
                settle(Wire(here.replica, other.replica))
        self._corpus = [
            change
            for item in member.replica.changes_since({})
            if not isinstance(item, Heads)
            for piece in unbatch(item)
            for change, _ in piece.changes
        ]
        self._streams = [new_actor(self.member.keys.signing, self._random.randbytes) for _ in range(3)]
        self._signed = []
        return here, friend

    def _session(self, here: Vault) -> Session:
        session = Session(here.replica, device=self.member.id)
        session.start()
        session.data_to_send()
        heads = here.replica.heads() if self._random.random() < 0.7 else {}
        digest = here.replica.devices.records_digest() if self._random.random() < 0.5 else bytes(16)
        for message in (
            messages.hello(here.replica.vault_id, "member", heads, digest),
            messages.ack(0, {}),
            Records(()),
        ):
            session.receive([messages.encode(message)])
            session.data_to_send()
        return session

    def _ended(self, session: Session) -> None:
        error = session.error
        assert error is None or (isinstance(error, CrdtnotesError) and str(error)), error
        self.sent.ends["a fork" if session.forked and error is None else type(error).__name__] += 1
        self.sent.accepted += session.received
        self.sent.records += session.learned

    def _check(self, here: Vault, friend: Vault, *, fully: bool) -> None:
        here.create_note(f"honest {self._random.random()}", "after all of it")
        for _ in range(4):
            wire = Wire(here.replica, friend.replica)
            settle(wire)
        assert wire.a.session.error is None, wire.a.session.error
        assert wire.a.session.in_sync
        assert here.replica.heads() == friend.replica.heads()
        assert here.replica.devices.records_digest() == friend.replica.devices.records_digest()
        members = here.replica.members.membership().active
        for honest in (self._here, self._friend):
            own = members.get(honest.id)
            assert own is not None
            assert own.owns
        if self._role is Role.WRITER:
            assert members.keys() == {self._here.id, self._friend.id, self.member.id}
            assert members[self.member.id].role is Role.WRITER
        if fully:
            assert here.digest == friend.digest
            for vault in (here, friend):
                assert [one for one in vault.check() if LINKS_OF_ITS_AUTHOR not in one] == []
        # It can be thrown out, and then it is out.
        here.replica.devices.revoke(self.member.id, keep_added=False)
        settle(Wire(here.replica, friend.replica))
        assert not friend.replica.devices.is_member(self.member.id)
        assert not friend.replica.devices.is_member(self._helper.id)

    # -- what it sends: each returns frames

    def _change(self, here: Vault) -> list[bytes]:
        """Return a change in a stream of its own, with the signature of its head."""
        random, log = self._random, here.replica.log
        if random.random() < 0.05:
            self._streams.append(new_actor(self.member.keys.signing, random.randbytes))
        stream = random.choice(self._streams[-4:])
        head = log.heads.get(stream.actor)
        seq, tip = (1, NO_HASH) if head is None else (head.seq + 1, head.hash)
        model, other = random.choice(self._corpus), random.choice(self._corpus)
        version = log.version()
        version.pop(stream.actor, None)
        seen = random.sample(sorted(version.items()), random.randint(0, len(version)))
        deps = tuple(sorted(seen)) if random.random() < 0.5 else model.deps
        last = max((log.heads[actor].last for actor, _ in deps if actor in log.heads), default=0)
        start = max(last, 0 if head is None else head.last) + 1
        change = replace(model, actor=stream.actor, seq=seq, start=start, deps=deps)
        luck = random.random()
        if luck < 0.25:
            change = replace(change, ops=other.ops)
        elif luck < 0.4:
            change = replace(change, ops=(*model.ops, *other.ops))
        elif luck < 0.5:
            change = replace(change, note=random.choice((other.note, random.randbytes(16))))
        elif luck < 0.6:
            value = random.choice(INTEGERS)
            change = random.choice(
                (replace(change, start=value), replace(change, seq=value), replace(change, time=value))
            )
        try:
            data = encode(change)
        except (CrdtnotesError, ValueError, OverflowError, TypeError):
            data = encode(replace(model, actor=stream.actor))
        if random.random() < 0.5:
            data = self._mutator.change_like(data)
        vault = here.replica.vault_id
        signature = sign_head(self.member, vault, stream.actor, seq, chain(tip, data))
        heads = Heads(((stream.signing_key, stream.nonce),), ((stream.actor, seq, signature),))
        return [self._mutator._pack([data]), messages.encode(heads)]

    def _records(self, here: Vault) -> list[bytes]:
        """Return records that are valid in form, signed by the member or by a device that it adds."""
        random = self._random
        made = []
        for _ in range(random.randint(1, 4)):
            with suppress(CrdtnotesError):
                made.append(self._record(here.replica.vault_id))
        return [messages.encode(Records(tuple(record.data for record in made)))]

    def _record(self, vault: bytes) -> Record:
        random = self._random
        by = random.choice((self.member, self.member, self._helper))
        # An owner can revoke and demote honest devices; that is its right, and what roles are for.
        honest = (self._here, self._friend) if self._role is Role.WRITER else ()
        about = random.choice((self._helper, self._helper, *honest))
        if random.random() < 0.02:
            about = self.member
        epoch, by_epoch = random.choice((1, 1, 2, 3, 2**31 - 1)), random.choice((1, 1, 2))
        name = random.choice(("laptop", "\u200bghost", "x" * 64, "电脑"))
        kept = tuple(one.digest for one in random.sample(self._signed, min(3, len(self._signed))))
        actor = random.choice(self._streams).actor
        heads = ((actor, random.randint(1, 9), random.randbytes(16)),)
        bodies: list[Callable[[], Body]] = [
            lambda: Add(vault, about.certificate, name, epoch, by.id, by_epoch),
            lambda: Grant(
                vault, about.certificate, name, epoch, random.choice(list(Role)), by.id, by_epoch, heads, kept
            ),
            lambda: Revoke(vault, about.id, epoch, by.id, by_epoch, heads, kept),
            lambda: Keep(vault, about.id, by.id, by_epoch, heads),
            lambda: Name(vault, by.id, by_epoch, random.randint(1, 2**53 - 1), 5, printable_name(name)),
            lambda: Remark(
                vault,
                random.choice(kept or (bytes(32),)),
                by.id,
                by_epoch,
                random.randint(0, 99),
                heads,
                kept,
            ),
        ]
        record = sign_record(random.choice(bodies)(), by)
        self._signed.append(record)
        return record

    def _other(self, here: Vault) -> list[bytes]:
        """Return a well-formed message of another kind, about streams that exist."""
        random = self._random
        heads = here.replica.heads()
        actor = random.choice(list(heads))
        seq, digest = heads[actor]
        digest = random.choice((digest, random.randbytes(16)))
        seq = random.choice((seq, 1, seq + 1, 2**53 - 1))
        message = random.choice(
            (
                Unsigned((actor,)),
                Branch(actor, random.randint(0, 2**40), ((seq, digest),)),
                Winner(((actor, seq, digest),)),
                Total(digest),
                Streams(((actor, seq, digest),), random.random() < 0.5),
                messages.ack(random.randint(0, 3), {actor: seq}),
                Presence(random.randint(1, 9), 1, 0, "member", actor, b"", ROOT, ROOT),
                Heads((), ((actor, seq, random.randbytes(64)),)),
                messages.bye(messages.Reason.TROUBLE, "No."),
            )
        )
        return [messages.encode(message)]

    def _nearly(self, here: Vault) -> list[bytes]:
        """Return one of the other messages with one value altered."""
        source = self._random.choice((self._change, self._records, self._other))
        return [self._mutator.values(frame) for frame in source(here)]


def run(seed: int, messages_: int, folder: Path, corpus: Corpus, show: Callable[[int], None]) -> Sent:
    """Send this many messages, rounded up to whole rounds; a failure notes how to replay it."""
    home = folder / "member"
    home.mkdir()
    hostility = Hostility(home, seed, corpus)
    number = 0
    before = memory()
    while hostility.sent.messages < messages_:
        try:
            hostility.run(number)
        except BaseException as error:
            sent = hostility.sent.messages + ROUND
            error.add_note(f"replay: python -m tests.fuzz --seed {seed} --frames 1 --messages {sent}")
            raise
        number += 1
        show(hostility.sent.messages)
    hostility.sent.grown_mb = memory() - before
    assert hostility.sent.grown_mb < MEMORY_MB, f"the process grew by {hostility.sent.grown_mb:.0f} MB"
    return hostility.sent
