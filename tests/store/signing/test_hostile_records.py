"""Records that a member with a modified program signs: no replica breaks, and the member can be revoked."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from crdtnotes.changes import messages
from crdtnotes.errors import Damaged, TooLarge
from crdtnotes.progress import no_progress
from crdtnotes.store import Replica
from crdtnotes.store.upkeep.check import problems
from crdtnotes.sync.session.records import PIECE_RECORDS
from crdtnotes.trust.certificate import PublicKeys, make_certificate
from crdtnotes.trust.device_id import device_id
from crdtnotes.trust.identity import Identity
from crdtnotes.trust.records import Add, Record, Revoke, decode_record, sign_record
from crdtnotes.trust.signatures import verify
from tests.sync.circles import about_membership
from tests.sync.wire import Wire, settle
from tests.trust.devices import device, unchecked
from tests.trust.test_certificate import unloadable

FLOOD = 4200
"""More records than a message could ever hold."""


class Three:
    """Replicas of the devices a, b and c; b is the hostile one."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.ids = {name: device(folder, name) for name in "abc"}
        self.replicas: dict[str, Replica] = {}
        self.folder = folder
        for name in "abc":
            path = folder / f"{name}.db"
            vault = self.replicas["a"].vault_id if self.replicas else None
            Replica.create(path, name, vault).close()
            self.replicas[name] = Replica(path, identity=partial(self.ids.__getitem__, name))
            stack.callback(self.replicas[name].close)
        a = self.replicas["a"]
        for name in "bc":
            a.devices.admit(self.ids[name].certificate, name)
            self.replicas[name].devices.adopt(a.members.root or b"", a.devices.records())
        for name in "bcb":
            settle(Wire(a, self.replicas[name]))

    @property
    def vault(self) -> bytes:
        return self.replicas["a"].vault_id

    def add(self, certificate: bytes, by: str = "b", epoch: int = 1) -> Record:
        own = self.ids[by]
        body = Add(self.vault, certificate, "another", epoch, own.id, 1)
        return decode_record(unchecked(body, own))

    def meet(self, one: str, other: str) -> tuple[list[bytes], list[bytes]]:
        """Sync two of them; returns the frames that each has sent."""
        wire = Wire(self.replicas[one], self.replicas[other])
        settle(wire)
        assert wire.a.session.error is None
        assert wire.b.session.error is None
        assert wire.a.session.in_sync
        assert wire.b.session.in_sync
        return wire.a.sent, wire.b.sent


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Three]:
    with ExitStack() as stack:
        yield Three(tmp_path, stack)


def some_certificate(keys: PublicKeys) -> bytes:
    return make_certificate(ec.generate_private_key(ec.SECP256R1()), keys)


def keep_anyway(replica: Replica, record: Record) -> None:
    """Store a record as an earlier version did, which checked less."""
    with replica.transaction():
        replica.members._keep([record])


@pytest.mark.long
def test_a_full_set_of_records_cannot_keep_a_member_in(three: Three) -> None:
    sealing = three.ids["b"].keys.sealing
    made = (PublicKeys(number.to_bytes(32, "little"), sealing) for number in range(2, FLOOD + 2))
    flood = [three.add(some_certificate(keys)) for keys in made]
    three.replicas["b"].devices.take_records([record.data for record in flood])
    three.meet("b", "c")
    _, sent = three.meet("a", "b")
    frames = [messages.decode(frame) for frame in sent]
    pieces = [message for message in frames if isinstance(message, messages.Records)]
    assert max(len(piece.records) for piece in pieces) == PIECE_RECORDS
    assert sum(len(piece.records) for piece in pieces) > FLOOD
    assert len(three.replicas["c"].devices.certificates()) > FLOOD // 2
    three.replicas["a"].devices.revoke(three.ids["b"].id, keep_added=False)
    three.meet("a", "c")
    for name in "ac":
        members = three.replicas[name].members.membership()
        assert set(members.active) == {three.ids["a"].id, three.ids["c"].id}
        assert list(problems(three.replicas[name], no_progress)) == []
    # And a new device gets all of it.
    new = device(three.folder, "new")
    three.replicas["a"].devices.admit(new.certificate, "new")
    path = three.folder / "new.db"
    Replica.create(path, "new", three.vault).close()
    replica = Replica(path, identity=lambda: new)
    three.replicas["new"] = replica
    try:
        shown = three.replicas["a"].devices.introduction(new.id)
        assert len(shown) < 10
        replica.devices.adopt(three.replicas["a"].members.root or b"", shown)
        three.meet("new", "a")
        assert not replica.devices.is_member(three.ids["b"].id)
        assert replica.devices.records_digest() == three.replicas["a"].devices.records_digest()
    finally:
        replica.close()


def test_a_device_that_has_added_too_many_says_so(three: Three, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crdtnotes.store.signing.members.MAX_ADDS", 3)
    a = three.replicas["a"]
    certificates = [some_certificate(device(three.folder, name).keys) for name in "xy"]
    a.devices.admit(certificates[0], "x")
    with pytest.raises(TooLarge, match="pair further ones with another device"):
        a.devices.admit(certificates[1], "y")
    three.replicas["c"].devices.take_records(a.devices.records())
    three.replicas["c"].devices.admit(certificates[1], "y")


@pytest.mark.parametrize("how", ["certificate", "epoch", "both"])
def test_a_record_that_only_an_earlier_version_kept_counts_nowhere(three: Three, how: str) -> None:
    """The file opens, and other devices neither see the record nor cut this one off."""
    a, b, c = (three.ids[name] for name in "abc")
    bad_certificate = unloadable(b.keys)
    bad = three.add(bad_certificate)
    jump = sign_record(Revoke(three.vault, c.id, 65535, b.id, 1, (), ()), b)
    stored = [one for one in (bad, jump) if how in ("both", "certificate" if one is bad else "epoch")]
    if how == "both":
        # What such a device itself has signed goes with it.
        body = Add(three.vault, some_certificate(c.keys), "more", 1, device_id(bad_certificate), 1)
        stored.append(decode_record(unchecked(body, b)))
    for record in stored:
        keep_anyway(three.replicas["c"], record)
    replica = three.replicas["c"]
    assert set(replica.devices.certificates()) == {a.id, b.id, c.id}
    assert not {record.data for record in stored} & set(replica.devices.records())
    assert list(problems(replica, no_progress)) == []
    assert replica.devices.records_digest() == three.replicas["a"].devices.records_digest()
    three.meet("a", "c")
    # Who is sent one ignores it.
    assert three.replicas["a"].devices.take_records([record.data for record in stored]) == 0


def test_a_jump_of_epochs_keeps_nobody_out(three: Three) -> None:
    a, b, c = (three.ids[name] for name in "abc")
    jumps = [
        sign_record(Revoke(three.vault, c.id, 65535, b.id, 1, (), ()), b),
        three.add(c.certificate, epoch=65535),
    ]
    replica = three.replicas["a"]
    assert replica.devices.take_records([record.data for record in jumps]) == 0
    replica.devices.revoke(c.id)
    replica.devices.admit(c.certificate, "c")
    assert set(replica.devices.certificates()) == {a.id, b.id, c.id}
    assert list(problems(replica, no_progress)) == []


def test_a_revocation_keeps_more_than_fits_into_one_record(
    three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crdtnotes.store.signing.members.MAX_HEADS", 2)
    monkeypatch.setattr("crdtnotes.store.signing.members.MAX_KEPT", 2)
    added: list[Identity] = []
    for number in range(5):
        added.append(device(three.folder, f"new {number}"))
        three.replicas["b"].devices.admit(added[-1].certificate, f"new {number}")
    three.meet("a", "b")
    three.replicas["a"].devices.revoke(three.ids["b"].id)
    three.meet("a", "c")
    active = set(three.replicas["c"].devices.certificates())
    assert active == {three.ids["a"].id, three.ids["c"].id, *(one.id for one in added)}


def test_a_device_says_once_what_it_is_called(three: Three) -> None:
    a, b = three.replicas["a"], three.ids["b"]
    assert a.members.name(b.id) == "b"
    before = a.devices.records()
    a.devices.introduce()
    assert a.devices.records() == before
    renamed = sign_record(Add(three.vault, b.certificate, "evil", 1, three.ids["c"].id, 1), three.ids["c"])
    assert a.devices.take_records([renamed.data]) == 1
    assert a.members.name(b.id) == "b"


def test_a_device_of_an_earlier_version_says_what_it_is_called_when_it_goes_online(
    three: Three, tmp_path: Path
) -> None:
    c = three.ids["c"]
    path = tmp_path / "old.db"
    Replica.create(path, "old c", three.vault).close()
    with closing(Replica(path, identity=lambda: c)) as old:
        with old.transaction():
            old.members.adopt(
                three.replicas["a"].members.root or b"",
                about_membership(three.replicas["a"].devices.records()),
            )
        assert old.members.name(c.id) == "c"
        old.devices.introduce()
        assert old.members.name(c.id) == "old c"
        before = old.devices.records()
        old.devices.introduce()
        assert old.devices.records() == before


def test_opening_checks_no_signatures_and_check_does(three: Three, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of records have to open fast; stored digests show whether the file has changed."""
    verified: list[bytes] = []

    def counted(key: bytes, signature: bytes, message: bytes) -> bool:
        verified.append(message)
        return verify(key, signature, message)

    monkeypatch.setattr("crdtnotes.trust.records.verify", counted)
    path = three.replicas["c"].path
    with closing(Replica(path)) as again:
        assert len(again.devices.certificates()) == 3
        assert verified == []
        again.members.check()
        assert len(verified) == len(again.devices.records())


def test_a_changed_record_in_the_file_is_noticed(three: Three) -> None:
    replica = three.replicas["c"]
    conn = replica.conn
    good = conn.execute("SELECT id, digest, record FROM members ORDER BY id").fetchall()
    spoilt = bytearray(good[1][2])
    spoilt[-1] ^= 1
    for digest, record in ((good[1][1], bytes(spoilt)), (sha256(spoilt).digest(), bytes(spoilt))):
        conn.execute("UPDATE members SET digest = ?, record = ? WHERE id = ?", (digest, record, good[1][0]))
        with pytest.raises(Damaged):
            replica.members.check()
    conn.execute("DELETE FROM members WHERE id = ?", (good[0][0],))
    replica.members.forget()
    with pytest.raises(Damaged):
        replica.members.membership()
