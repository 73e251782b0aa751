"""What a session says of people and devices: presence, records, and who gets nothing."""

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Bye, Changes, Presence, Reason
from crdtnotes.errors import (
    NotAMember,
    ProtocolError,
)
from crdtnotes.sync.session.session import Session
from tests.sync.fake import VAULT
from tests.sync.session.ends import kinds, replica
from tests.sync.wire import Wire, settle

HERE = Presence(5, 1, 0, "peer", 2, VAULT, (0, 0), (0, 0))


def test_presence_is_sent_after_the_changes_and_received_without_a_commit() -> None:
    a, b = replica(1, 3), replica(2)
    wire = Wire(a, b)
    settle(wire)
    a.write()
    wire.a.session.wake()
    wire.a.session.say([HERE])
    wire.a.send()
    assert kinds(wire.a)[-2:] == [Changes, Presence]
    settle(wire)
    assert wire.b.session.heard == [HERE]
    commits = b.transactions
    wire.a.session.say([HERE])
    settle(wire)
    assert b.transactions == commits


def test_presence_before_the_hello_is_refused() -> None:
    session = Session(replica(1))
    session.start()
    session.receive([messages.encode(HERE)])
    assert isinstance(session.error, ProtocolError)
    assert session.heard == []


def test_records_are_exchanged_both_ways_and_passed_on() -> None:
    a, b, c = replica(1), replica(2), replica(3)
    a.devices.take_records([b"+x"])
    c.devices.take_records([b"+y", b"-x"])
    wires = Wire(a, b), Wire(b, c)
    settle(*wires)
    assert {record for one in (a, b, c) for record in one.devices.kept} == {b"+x", b"+y", b"-x"}
    assert [len(one.devices.kept) for one in (a, b, c)] == [3, 3, 3]
    assert all(end.session.caught_up for wire in wires for end in wire.ends)


def test_equal_records_are_not_sent() -> None:
    a, b = replica(1, 1), replica(2)
    for one in (a, b):
        one.devices.take_records([b"+x" * 100])
    wire = Wire(a, b)
    settle(wire)
    assert all(frame[1] != 7 for end in wire.ends for frame in end.sent)
    assert wire.a.session.caught_up


def test_a_device_that_is_not_a_member_gets_only_a_bye() -> None:
    a = replica(1, 3)
    session = Session(a, device=b"x")
    session.start()
    (frame,) = session.data_to_send()
    bye = messages.decode(frame)
    assert isinstance(bye, Bye)
    assert bye.reason == Reason.NOT_A_MEMBER
    assert session.closed


def test_a_device_revoked_during_a_session_gets_and_gives_nothing_more() -> None:
    a, b = replica(1, 30), replica(2, 30)
    a.devices.take_records([b"+b"])
    wire = Wire(a, b)
    wire.a.session._device = b"b"
    for _ in range(3):
        wire.turn()
    held = len(a.log)
    a.devices.take_records([b"-b"])
    b.write(b"after")
    wire.b.session.wake()
    wire.b.send()
    wire.deliver(wire.a)
    assert len(a.log) == held
    assert isinstance(wire.a.session.error, NotAMember)
    a.write(b"secret")
    wire.a.session.wake()
    wire.a.send()
    wire.deliver(wire.b)
    assert all(entry.payload != b"secret" for entry in b.log)
    assert isinstance(wire.b.session.error, NotAMember)
