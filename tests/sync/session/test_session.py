import zlib

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdtnotes.changes import messages
from crdtnotes.changes.batch import Batch
from crdtnotes.changes.messages import Ack, Branch, Bye, Changes, Hello, Reason
from crdtnotes.errors import (
    DecodeError,
    DiskFull,
    Fork,
    ProtocolError,
    Unreachable,
    VersionMismatch,
    WrongVault,
)
from crdtnotes.sync.session.branches import MAX_BRANCHES
from crdtnotes.sync.session.session import Session
from tests.sync.fake import VAULT, FakeReplica
from tests.sync.session.ends import batches_of, greeted, kinds, last_bye, replica
from tests.sync.wire import Wire, settle, wake

# -- exchanging


def test_both_get_what_the_other_has() -> None:
    a, b = replica(1, 30, 200), replica(2, 20, 200)
    wire = Wire(a, b)
    settle(wire)
    assert a.payloads() == b.payloads()
    assert len(a.log) == 50
    for end, received, delivered in ((wire.a, 20, 30), (wire.b, 30, 20)):
        assert end.session.caught_up
        assert end.session.in_sync
        assert not end.session.closed
        assert (end.session.received, end.session.delivered) == (received, delivered)
        assert end.session.theirs == a.version()


def test_when_nothing_differs_two_hellos_are_enough() -> None:
    a = replica(2**62, 10)
    b = FakeReplica(2**62 + 1)
    settle(Wire(a, b))
    wire = Wire(a, b)
    for end in wire.ends:
        end.send()
    wire.deliver(wire.a, 1)
    wire.deliver(wire.b, 1)
    assert wire.a.session.caught_up
    assert wire.b.session.caught_up
    settle(wire)
    wire.a.session.finish()
    settle(wire)
    assert wire.b.session.bye == Bye(Reason.DONE, "Both sides have what the other had.")
    assert wire.b.session.error is None
    assert sum(len(frame) for end in wire.ends for frame in end.sent) < 300


def test_caught_up_means_both_directions() -> None:
    a, b = replica(1, 5, 500), replica(2, 5, 500)
    wire = Wire(a, b)
    wire.turn()
    assert not wire.a.session.caught_up
    wire.turn()
    while wire.a.send():
        wire.deliver(wire.b)
    assert not wire.a.session.caught_up
    assert not wire.b.session.caught_up
    while wire.b.send():
        pass
    wire.deliver(wire.a)
    assert wire.a.session.caught_up
    assert not wire.b.session.caught_up


def test_caught_up_is_about_the_time_of_hello() -> None:
    a, b = replica(1, 1), replica(2, 1)
    wire = Wire(a, b)
    settle(wire)
    a.write()
    wire.a.session.wake()
    assert wire.a.session.caught_up
    assert not wire.a.session.in_sync
    settle(wire)
    assert wire.a.session.in_sync


def test_later_commits_go_out_when_the_session_is_woken() -> None:
    a, b = replica(1, 1), replica(2)
    wire = Wire(a, b)
    settle(wire)
    a.write(b"later")
    assert not wire.turn()
    wire.a.session.wake()
    settle(wire)
    assert a.payloads() == b.payloads()


def test_changes_are_not_sent_back_to_their_sender() -> None:
    a, b = replica(1, 30, 200), replica(2)
    wire = Wire(a, b)
    settle(wire)
    wire.b.session.wake()
    settle(wire)
    assert Changes not in kinds(wire.b)


def test_nothing_is_sent_twice() -> None:
    a, b = replica(1, 30, 200), replica(2)
    wire = Wire(a, b)
    for _ in range(50):
        wire.a.session.wake()
        wire.a.send(1)
        wire.b.send()
        wire.deliver(wire.a)
    settle(wire)
    sent = [messages.decode(frame) for frame in wire.a.sent]
    entries = [
        tuple(entry[:2])
        for message in sent
        if isinstance(message, Changes)
        for entry in msgspec.msgpack.decode(messages.unpack(message))
    ]
    assert entries == [(1, seq) for seq in range(1, 31)]


def test_changes_that_a_peer_had_already_are_not_sent() -> None:
    a, b = replica(1, 10), replica(2)
    settle(Wire(a, b))
    a.write(b"new")
    wire = Wire(a, b)
    settle(wire)
    assert wire.a.session.delivered == 1
    assert wire.b.session.received == 1


def test_a_chain_converges() -> None:
    a, b, c = replica(1, 20, 200), replica(2, 5), replica(3, 20, 200)
    left, right = Wire(a, b), Wire(b, c)
    settle(left, right)
    assert a.payloads() == b.payloads() == c.payloads()
    c.write(b"from the far end")
    right.b.session.wake()
    settle(left, right)
    assert a.payloads() == c.payloads()
    assert left.a.session.in_sync
    assert right.b.session.in_sync


def test_a_burst_is_one_transaction() -> None:
    a, b = replica(1, 50, 300), replica(2)
    wire = Wire(a, b)
    wire.turn()
    wire.turn()
    while wire.a.send():
        pass
    frames = len(wire.a.outbox)
    assert frames > 10
    before = b.transactions
    wire.deliver(wire.b)
    assert b.transactions == before + 1
    wire.b.send()
    assert messages.decode(wire.b.sent[-1]) == Ack(kinds(wire.a).count(Changes), ((1, 50),))


def test_an_expensive_burst_is_processed_frame_by_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few small frames can contain very many changes; other sessions must get their turn meanwhile."""
    a, b = replica(1, 20, 300), replica(2)
    monkeypatch.setattr(b, "open_batch", lambda data: Batch((data,), 20 * 1024 * 1024))
    session = greeted(b, a)
    frames = batches_of(a)
    assert len(frames) > 5
    turns = 1
    session.receive(frames)
    while session.has_more:
        assert b.transactions == turns
        session.receive([])
        turns += 1
    assert session.error is None
    assert a.payloads() == b.payloads()
    assert turns == b.transactions == (len(frames) + 1) // 2


def test_waiting_frames_are_dropped_with_the_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = replica(1, 20, 300), replica(2)
    monkeypatch.setattr(b, "open_batch", lambda data: Batch((data,), 2**40))
    session = greeted(b, a)
    session.receive([*batches_of(a)[:1], b"rubbish", *batches_of(a)[1:]])
    assert session.has_more
    session.receive([])
    assert isinstance(session.error, DecodeError)
    assert not session.has_more
    assert b.transactions == 1


def test_nothing_is_acknowledged_before_it_is_committed() -> None:
    a, b = replica(1, 3), replica(2)
    wire = Wire(a, b)
    wire.turn()
    wire.turn()
    wire.a.send()
    b.trouble = DiskFull("There is no room left in /home/somebody/notes.")
    wire.deliver(wire.b)
    assert wire.b.session.closed
    assert wire.b.session.error is b.trouble
    settle(wire)
    assert kinds(wire.b) == [Hello, Ack, Bye]
    assert messages.decode(wire.b.sent[1]) == Ack(0, ())
    assert isinstance(wire.a.session.error, Unreachable)
    assert "somebody" not in str(wire.a.session.error)


def test_an_error_while_reading_the_replica_ends_the_session() -> None:
    a, b = replica(1, 3), replica(2)
    wire = Wire(a, b)
    wire.turn()
    wire.turn()
    a.trouble = DiskFull("There is no room left.")
    settle(wire)
    assert wire.a.session.error is a.trouble
    assert wire.b.session.closed


def test_an_error_at_the_start_ends_the_session() -> None:
    a = replica(1)
    a.trouble = DiskFull("There is no room left.")
    session = Session(a)
    session.start()
    assert session.closed
    assert last_bye(session).reason == Reason.TROUBLE


def test_the_window_is_respected() -> None:
    a, b = replica(1, 200, 900), replica(2)
    noise = iter(range(10**9))
    for entry_number, entry in enumerate(a.log):
        payload = b"".join(zlib.crc32(b"%d" % next(noise)).to_bytes(4, "big") for _ in range(225))
        a.log[entry_number] = entry._replace(payload=payload)
    window = 5000
    wire = Wire(a, b, window=window)
    wire.turn()
    wire.turn()
    highest = 0
    while wire.a.send():
        highest = max(highest, sum(map(len, wire.a.outbox)))
    assert window <= highest < window + 1100
    assert not wire.a.send()
    wire.deliver(wire.b)
    wire.b.send()
    wire.deliver(wire.a)
    assert wire.a.send()


def test_the_budget_bounds_the_bytes_sent_at_a_time() -> None:
    a, b = replica(1, 100, 900), replica(2)
    wire = Wire(a, b)
    wire.turn()
    wire.turn()
    frames = wire.a.session.data_to_send(1)
    assert [type(messages.decode(frame)) for frame in frames] == [Changes]


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_interleaving_converges(data: st.DataObject) -> None:
    replicas = [replica(actor) for actor in (1, 2, 3, 4)]
    a, b, c, d = replicas
    wires = [Wire(a, b, window=300), Wire(b, c, window=300), Wire(c, d), Wire(d, b, window=1)]
    for number in range(data.draw(st.integers(5, 60))):
        wire = data.draw(st.sampled_from(wires))
        end = data.draw(st.sampled_from(wire.ends))
        match data.draw(st.sampled_from(["write", "send", "deliver"])):
            case "write":
                writer = next(one for one in replicas if one is end.replica)
                writer.write(b"%d" % number * data.draw(st.integers(1, 300)))
                end.session.wake()
                wake(end, *wires)
            case "send":
                end.send(data.draw(st.integers(1, 3000)))
            case "deliver":
                if wire.deliver(end, data.draw(st.integers(1, 4))):
                    wake(end, *wires)
    settle(*wires)
    assert all(end.session.error is None for wire in wires for end in wire.ends)
    assert all(end.session.in_sync for wire in wires for end in wire.ends)
    assert all(one.payloads() == a.payloads() for one in replicas)


# -- the greeting


def test_a_different_vault_is_refused_and_nothing_is_exchanged() -> None:
    a, b = replica(1, 3), FakeReplica(2, vault=bytes(16))
    b.write()
    wire = Wire(a, b)
    settle(wire)
    for end in wire.ends:
        assert isinstance(end.session.error, WrongVault)
        assert end.session.closed
        assert Changes not in kinds(end)
    assert (len(a.log), len(b.log)) == (3, 1)


def test_a_bye_carries_its_sentence_to_the_other_side() -> None:
    a, b = replica(1), FakeReplica(2, vault=bytes(16))
    wire = Wire(a, b)
    wire.b.send()
    wire.a.session.receive([wire.b.outbox[0]])
    wire.a.send()
    wire.b.session.receive([wire.a.outbox[-1]])
    error = wire.b.session.error
    assert isinstance(error, WrongVault)
    assert str(error) == "The peer says: The two sides have different vaults, so nothing was exchanged."


@pytest.mark.parametrize("own", [5, 3, 8])
def test_a_fork_is_found_and_resolved_before_anything_is_exchanged(own: int) -> None:
    a, b = replica(1), replica(2, 2)
    for number in range(own):
        a.write(b"%d" % number)
    copy = FakeReplica(1)
    for number in range(5):
        copy.write(b"%d" % number if number < 2 else b"something else")
    settle(Wire(copy, b))
    wire = Wire(a, b)
    settle(wire)
    for end in wire.ends:
        assert isinstance(end.session.error, Fork)
        assert Changes not in kinds(end)
        assert kinds(end)[-1] is Bye or end.session.bye is not None
    lengths = {len(a.log), len(b.log)}
    assert lengths in ({2, 7}, {own, 4}), "one side's branch, from the third change on, is gone"
    settle(Wire(a, b))
    assert a.payloads() == b.payloads()


@pytest.mark.parametrize(("length", "parts"), [(2000, 1), (2000, 3), (2000, 1999), (700, 700)])
def test_the_fork_of_long_streams_is_found_in_few_messages(length: int, parts: int) -> None:
    a, b = FakeReplica(1), FakeReplica(1)
    for number in range(1, length + 1):
        a.write(b"%d" % number)
        b.write(b"%d" % number if number < parts else b"else %d" % number)
    wire = Wire(a, b)
    settle(wire)
    assert sorted(map(len, (a.log, b.log))) == [parts - 1, length]
    assert all(kinds(end).count(Branch) <= 8 for end in wire.ends)


def test_a_fork_found_during_the_exchange_is_resolved() -> None:
    a, b, c = FakeReplica(1), FakeReplica(2), FakeReplica(1)
    wire = Wire(a, b)
    settle(wire)
    c.write(b"else")
    settle(Wire(b, c))
    a.write(b"mine")
    wire.a.session.wake()
    settle(wire)
    assert all(isinstance(end.session.error, Fork) for end in wire.ends)
    settle(Wire(a, b))
    assert a.payloads() == b.payloads()


def test_a_peer_that_never_locates_the_fork_is_disconnected() -> None:
    own = FakeReplica(1)
    for number in range(1000):
        own.write(b"%d" % number)
    other = FakeReplica(2)
    session = greeted(own, other)
    vague = messages.encode(Branch(1, 0, ((1, own.forks.hash_at(1, 1) or b""), (900, bytes(16)))))
    for _ in range(MAX_BRANCHES):
        session.receive([vague])
        assert not session.closed
        session.data_to_send()
    session.receive([vague])
    assert isinstance(session.error, ProtocolError)


def test_a_newer_protocol_is_refused_with_a_message_even_if_its_hello_is_unknown() -> None:
    hellos: list[tuple[object, ...]] = [
        (1, 5, 6, VAULT, "peer", []),
        (1, 5, 6, "whatever", {"new": "fields"}, 5, 6, 7),
    ]
    for fields in hellos:
        session = Session(replica(1, 1))
        session.start()
        session.data_to_send()
        session.receive([msgspec.msgpack.encode(fields)])
        assert isinstance(session.error, VersionMismatch)
        bye = last_bye(session)
        assert bye.reason == Reason.VERSION_MISMATCH
        assert "5 to 6" in bye.sentence


def test_a_peer_that_also_supports_a_newer_protocol_is_accepted() -> None:
    session = Session(replica(1))
    session.start()
    session.receive([msgspec.msgpack.encode((1, 1, 5, VAULT, "peer", [], bytes(16)))])
    assert session.accepted


def test_changes_wait_until_the_peer_has_accepted() -> None:
    a, b = replica(1, 1), replica(2)
    wire = Wire(a, b)
    wire.b.send()
    wire.deliver(wire.a)
    while wire.a.send():
        pass
    assert kinds(wire.a) == [Hello, Ack]
