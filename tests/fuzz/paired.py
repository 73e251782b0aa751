"""A replica of a paired vault gets nearly valid groups from a member: it must not accept unsigned changes."""

from contextlib import suppress
from pathlib import Path
from random import Random

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Heads, Unsigned
from crdtnotes.errors import CrdtnotesError, Fork, InvalidName, NoteExists
from crdtnotes.store import Replica
from crdtnotes.sync.session.branches import branch
from crdtnotes.sync.session.session import Session
from crdtnotes.trust.identity import Identity, own_identity
from crdtnotes.vault import Vault
from tests.fuzz.mutator import Mutator
from tests.fuzz.target import Target
from tests.store.convergence import ACTIONS, Person
from tests.vaults import fast

CHECKED = 20
"""One in this many replicas that accepted something is checked completely."""

Outcome = str | None
"""The name of the error, or None if the input was valid."""


class PairedHost(Target):
    """The replica, the groups that a member sends to it, and the hashes of the member's real changes."""

    def __init__(self, folder: Path, random: Random) -> None:
        self._random = random
        self._true: dict[tuple[int, int], bytes] = {}
        path, identity = folder / "paired.db", own_identity(folder / "here")
        self._build(folder, path, identity)
        super().__init__(path, CHECKED, identity)

    def _build(self, folder: Path, here_at: Path, identity: Identity) -> None:
        person = Person(self._random)
        other = own_identity(folder / "member")
        Replica.create(here_at, "here").close()
        with Vault.open(here_at, identity=identity) as here:
            fast(here).replica.devices.admit(other.certificate, "member")
            path = folder / "member.db"
            Replica.create(path, "member", here.replica.vault_id).close()
            with Vault.open(path, identity=other) as member:
                fast(member).replica.devices.adopt(
                    here.replica.members.root or b"", here.replica.devices.records()
                )
                for vault in (here, member, here):
                    self._act(person, vault, 8)
                    for one, two in ((here, member), (member, here)):
                        two.replica.receive(list(one.replica.changes_since(two.replica.version())))
                items = []
                known = here.replica.version()
                for _ in range(4):
                    self._act(person, member, 6)
                    items.append(list(member.replica.changes_since(known)))
                    known = member.replica.version()
                self._tell(here, member, items)

    def _act(self, person: Person, vault: Vault, times: int) -> None:
        for _ in range(times):
            with suppress(NoteExists, InvalidName):
                person.act(vault, self._random.choice(ACTIONS))

    def _tell(self, here: Vault, member: Vault, items: list[list[bytes | Heads]]) -> None:
        replica = member.replica
        self._greeting = (
            messages.encode(
                messages.hello(replica.vault_id, "member", replica.heads(), replica.devices.records_digest())
            ),
            messages.encode(messages.ack(0, {})),
        )
        self._groups = [
            [messages.encode(item if isinstance(item, Heads) else messages.pack(item)) for item in group]
            for group in items
        ]
        actor = here.replica.actor
        self._notes = [
            messages.encode(Unsigned(tuple(sorted(replica.version())))),
            messages.encode(messages.Records(tuple(replica.devices.records()))),
            messages.encode(branch(replica, actor, 0, replica.version()[actor])),
            messages.encode(branch(replica, replica.actor, 0, 1)),
            *[messages.encode(heads) for heads in replica.signatures.of_streams(replica.version())],
        ]
        for actor, head in replica.log.heads.items():
            for seq in range(1, head.seq + 1):
                self._true[actor, seq] = replica.log.hash_at(actor, seq) or b""

    def exchange(self, mutator: Mutator) -> list[bytes]:
        """Return valid groups, except that one frame is altered, missing or repeated."""
        random = self._random
        frames = [frame for group in self._groups[: random.randint(1, 4)] for frame in group]
        if random.random() < 0.5:
            frames.insert(random.randrange(len(frames) + 1), random.choice(self._notes))
        at = random.randrange(len(frames))
        luck = random.random()
        if luck < 0.05:
            return frames
        if luck < 0.15:
            del frames[at]
        elif luck < 0.25:
            frames.insert(at, random.choice(frames))
        else:
            changed = mutator.values(frames[at]) if luck < 0.8 else mutator.blind(frames[at])
            frames[at] = changed
            if random.random() < 0.5:
                del frames[at + 1 : -1]
        return frames

    def converse(self, frames: list[bytes]) -> Outcome:
        """Give a session these frames, all at once or one by one."""
        session = Session(self._vault.replica)
        session.start()
        session.data_to_send()
        for hello in self._greeting:
            session.receive([hello])
            session.data_to_send()
        assert session.error is None
        bursts = [frames] if len(frames) % 2 else [[frame] for frame in frames]
        said = []
        for burst in bursts:
            session.receive(burst)
            said += [messages.decode(answer) for answer in session.data_to_send()]
        if self._vault.replica.heads() != self._heads:
            for actor, (seq, digest) in self._vault.replica.heads().items():
                assert self._true[actor, seq] == digest, "a change was accepted that nobody signed"
            self._renew()
            return None
        if any(isinstance(message, messages.Branch) for message in said):
            return Fork.__name__
        if session.error is not None:
            assert str(session.error), "an error without a sentence"
            assert isinstance(session.error, CrdtnotesError)
            return type(session.error).__name__
        return None
