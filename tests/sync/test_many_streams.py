"""Peers with more streams than one message can name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crdtnotes.changes import messages
from crdtnotes.changes.limits import GROUP_STREAMS
from crdtnotes.changes.messages import Changes, Heads, Message, Streams, Total
from crdtnotes.errors import ProtocolError
from crdtnotes.store.devices import MAX_DEVICE_STREAMS
from crdtnotes.sync.session.peer_heads import MAX_PEER_HEADS
from crdtnotes.sync.session.session import Session
from crdtnotes.trust.records import Remark, Revoke, decode_record
from crdtnotes.vault import Vault
from tests.streams import flood, signed_strangers
from tests.sync.circles import Members, agree, meet
from tests.sync.fake import VAULT, Entry, FakeReplica
from tests.sync.wire import End, Wire, settle
from tests.vaults import replicas


def crowded(actor: int, count: int, first: int = 1000) -> FakeReplica:
    """A replica that has changes of that many streams."""
    made = FakeReplica(actor)
    crowd(made, count, first)
    return made


def crowd(replica: FakeReplica, count: int, first: int = 1000) -> None:
    for number in range(count):
        replica._append(Entry(first + number, 1, {}, b"%d" % number))


def told(end: End) -> list[Message]:
    return [messages.decode(frame) for frame in end.sent]


def kinds(end: End) -> set[type]:
    return {type(message) for message in told(end)}


@pytest.mark.parametrize(("mine", "theirs"), [(1700, 0), (1701, 3), (5000, 1700), (6000, 6000), (0, 9000)])
def test_each_gets_exactly_what_it_lacks(mine: int, theirs: int) -> None:
    a, b = crowded(1, mine), crowded(2, theirs, first=10_000)
    for replica in (a, b):
        crowd(replica, 2000, first=50_000)
    wire = Wire(a, b)
    settle(wire)
    assert a.payloads() == b.payloads()
    assert (wire.a.session.received, wire.b.session.received) == (theirs, mine)
    assert wire.a.session.caught_up
    assert wire.b.session.caught_up
    sent = [message for message in told(wire.a) if isinstance(message, Changes)]
    assert bool(sent) is bool(mine)


def test_when_nothing_differs_no_stream_is_named_twice() -> None:
    a, b = crowded(1, 6000), crowded(2, 6000)
    wire = Wire(a, b)
    settle(wire)
    for end in wire.ends:
        assert end.session.in_sync
        assert not kinds(end) & {Streams, Changes}
        assert Total in kinds(end)
        assert end.session.bytes_out < 66_000


def test_later_changes_are_sent_alone() -> None:
    a, b = crowded(1, 6000), crowded(2, 6000)
    a.write(b"new")
    wire = Wire(a, b)
    settle(wire)
    assert (wire.a.session.received, wire.b.session.received) == (0, 1)
    a.write(b"newer")
    wire.a.session.wake()
    settle(wire)
    assert wire.b.session.received == 2
    assert wire.a.session.in_sync


def test_a_fork_in_a_stream_that_no_hello_names_is_found() -> None:
    a, b = crowded(1, 4000), crowded(2, 4000)
    for replica in (a, b):
        last = max(replica.version())
        replica.log.pop()
        del replica._version[last]
        replica._append(Entry(last, 1, {}, b"by %d" % replica.actor))
    wire = Wire(a, b)
    settle(wire)
    assert wire.a.session.forked
    assert wire.b.session.forked


TOTAL = messages.encode(Total(bytes(16)))
STREAM = messages.encode(Streams(((5, 1, bytes(16)),), more=True))


@pytest.mark.parametrize(
    "frames",
    [
        [TOTAL, TOTAL],
        [STREAM],
        [TOTAL, messages.encode(Streams((), more=True))],
        [TOTAL, messages.encode(Streams((), more=False)), STREAM],
    ],
)
@pytest.mark.parametrize("named", [3, 1700])
def test_heads_that_are_not_due_are_refused(named: int, frames: list[bytes]) -> None:
    session = Session(FakeReplica(1))
    session.start()
    session.data_to_send()
    hello = messages.hello(VAULT, "peer", crowded(2, named).heads())
    session.receive([messages.encode(hello), messages.encode(messages.ack(0, {}))])
    session.data_to_send()
    session.receive(frames)
    assert isinstance(session.error, ProtocolError)


def test_a_peer_cannot_fill_the_memory_with_heads() -> None:
    session = Session(FakeReplica(1))
    session.start()
    session.data_to_send()
    hello = messages.hello(VAULT, "peer", crowded(2, 1700).heads())
    session.receive([messages.encode(hello), messages.encode(messages.ack(0, {})), TOTAL])
    sent = 0
    while session.error is None and sent <= MAX_PEER_HEADS:
        session.data_to_send()
        many = tuple((10**6 + sent + n, 1, bytes(16)) for n in range(messages.MAX_STREAMS))
        session.receive([messages.encode(Streams(many, more=True))])
        sent += len(many)
    assert isinstance(session.error, ProtocolError)


# -- real replicas


@pytest.mark.long
def test_replicas_with_thousands_of_streams_sync_and_write(tmp_path: Path) -> None:
    with replicas(tmp_path) as (one, two):
        flood(one, 5000)
        settle(Wire(one.replica, two.replica))
        assert one.digest == two.digest
        two.create_note("by two", "text")
        one.note("flood").write("by one")
        settle(Wire(one.replica, two.replica))
        assert one.digest == two.digest
        assert one.check() == two.check() == []
        wire = Wire(one.replica, two.replica)
        settle(wire)
        assert wire.a.session.received == wire.b.session.received == 0
        assert Changes not in kinds(wire.a) | kinds(wire.b)


@pytest.fixture
def members(tmp_path: Path) -> Iterator[Members]:
    made = Members(tmp_path)
    yield made
    made.close()


def trio(members: Members) -> tuple[Vault, Vault, Vault]:
    """The vaults of three paired devices; the third one is hostile."""
    ana = members.device("ana")
    bo = members.device("bo", by=ana)
    mallory = members.device("mallory", by=ana)
    ana.create_note("honest", "text")
    agree(ana, bo, mallory)
    return ana, bo, mallory


@pytest.mark.long
@pytest.mark.parametrize("group", [900, 4096])
def test_thousands_of_streams_of_a_member_stop_nobody(members: Members, group: int) -> None:
    ana, bo, mallory = trio(members)
    identity = mallory.replica.signer.identity
    mallory.replica.receive(signed_strangers(identity, ana.replica.vault_id, 4500, group))
    meet(ana, mallory, times=1)
    meet(ana, bo, times=1)
    ana.note("honest").append("ana")
    bo.create_note("bo's", "text")
    meet(mallory, ana, bo)
    meet(mallory, ana, bo)
    assert mallory.digest == ana.digest == bo.digest
    assert bo.check() == []
    assert len(bo.replica.version()) > 4500


@pytest.mark.long
def test_groups_with_many_streams_are_divided(members: Members) -> None:
    ana, _, mallory = trio(members)
    identity = mallory.replica.signer.identity
    mallory.replica.receive(signed_strangers(identity, ana.replica.vault_id, 3000, group=500))
    wire = Wire(mallory.replica, ana.replica)
    settle(wire)
    heads = [message for message in told(wire.a) if isinstance(message, Heads)]
    assert max(len(message.heads) for message in heads) <= GROUP_STREAMS
    assert mallory.digest == ana.digest


@pytest.mark.long
def test_signatures_in_parts_are_taken_as_one_group(members: Members) -> None:
    ana, bo, mallory = trio(members)
    identity = mallory.replica.signer.identity
    items = signed_strangers(identity, ana.replica.vault_id, 4500, group=4500)
    *batches, whole = items
    assert isinstance(whole, Heads)
    mallory.replica.receive(items)
    session = Session(ana.replica)
    session.start()
    session.data_to_send()
    replica = bo.replica
    hello = messages.hello(replica.vault_id, "bo", replica.heads(), replica.devices.records_digest())
    session.receive([messages.encode(hello), messages.encode(messages.ack(0, {}))])
    session.data_to_send()
    frames = [messages.encode(messages.pack(batch)) for batch in batches if isinstance(batch, bytes)]
    parts = [messages.encode(part) for part in messages.heads_in_parts(whole)]
    assert len(parts) == 2
    session.receive([*frames, parts[0]])
    assert session.received == 0
    session.receive(parts[1:])
    assert session.received == 4500
    assert session.error is None
    meet(ana, bo, times=1)
    assert ana.digest == bo.digest == mallory.digest


@pytest.mark.long
def test_a_revocation_keeps_thousands_of_streams(members: Members) -> None:
    ana, bo, mallory = trio(members)
    identity = mallory.replica.signer.identity
    items = signed_strangers(identity, ana.replica.vault_id, 2500)
    ana.replica.receive(items)
    ana.note("flood").append("built on it")
    ana.replica.devices.revoke(identity.id)
    records = ana.replica.devices.records()
    revocation = [
        body for record in records if isinstance(body := decode_record(record).body, Revoke | Remark)
    ]
    assert sum(len(body.heads) for body in revocation) == 2500
    meet(ana, bo, times=1)
    assert bo.digest == ana.digest
    assert bo.replica.signatures.unsigned_streams() == {}
    cem = members.device("cem", by=bo)
    meet(cem, bo, times=1)
    assert cem.digest == ana.digest
    assert cem.replica.devices.records_digest() == bo.replica.devices.records_digest()
    assert set(records) <= set(cem.replica.devices.records())


def handed_over(by: Vault, to: Vault, items: list[bytes | Heads]) -> Session:
    """Let a device hand over items in a conversation in which it has proven who it is."""
    session = Session(to.replica, device=by.replica.signer.identity.id)
    session.start()
    session.data_to_send()
    replica = to.replica
    hello = messages.hello(replica.vault_id, "peer", replica.heads(), replica.devices.records_digest())
    session.receive([messages.encode(hello), messages.encode(messages.ack(0, {}))])
    session.data_to_send()
    for item in items:
        frame = item if isinstance(item, Heads) else messages.pack(item)
        session.receive([messages.encode(frame)])
    return session


def test_a_device_can_hand_over_so_many_streams_of_its_own(members: Members) -> None:
    ana, bo, mallory = trio(members)
    identity = mallory.replica.signer.identity
    mallory.create_note("mallory's", "")
    agree(ana, bo, mallory)
    most = MAX_DEVICE_STREAMS - 1
    items = signed_strangers(identity, ana.replica.vault_id, most + 1, group=most)
    session = handed_over(mallory, ana, items[:-2])
    assert (session.error, session.received) == (None, most)
    session = handed_over(mallory, ana, items[-2:])
    assert isinstance(session.error, ProtocolError)
    assert session.received == 0
    # It goes on with the streams that are known, and honest peers exchange what each of them has accepted.
    known = len(ana.replica.version())
    mallory.note("honest").append("of mallory's first stream")
    meet(ana, mallory, times=1)
    bo.replica.receive(items[-2:])
    meet(ana, bo, times=1)
    assert len(ana.replica.version()) == known + 1
    assert ana.digest == bo.digest
