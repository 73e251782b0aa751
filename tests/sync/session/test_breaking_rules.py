"""A peer that breaks the rules of the protocol harms only itself."""

import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Bye, Changes, Reason
from crdtnotes.errors import (
    CrdtnotesError,
    DecodeError,
    Fork,
    MissingChanges,
    ProtocolError,
    Unreachable,
    VersionMismatch,
)
from crdtnotes.sync.session.session import Session
from tests.sync.fake import VAULT, FakeReplica
from tests.sync.session.ends import batches_of, greeted, last_bye, replica

HELLO = messages.encode(messages.hello(VAULT, "peer", {}))
CHANGES = messages.encode(messages.pack(b"not a batch"))


@pytest.mark.parametrize(
    ("frames", "error"),
    [
        ([CHANGES], ProtocolError),
        ([messages.encode(messages.ack(0, {}))], ProtocolError),
        ([HELLO, HELLO], ProtocolError),
        ([HELLO, CHANGES], ProtocolError),
        ([HELLO, messages.encode(messages.ack(1, {}))], ProtocolError),
        ([b""], DecodeError),
        ([b"GET / HTTP/1.1\r\n\r\n"], DecodeError),
        ([HELLO[:-1]], DecodeError),
        ([HELLO + b"\0"], DecodeError),
        ([HELLO, b"\x91" * 60_000], DecodeError),
    ],
)
def test_a_message_out_of_turn_ends_the_session(frames: list[bytes], error: type[CrdtnotesError]) -> None:
    own = replica(1, 1)
    session = Session(own)
    session.start()
    session.data_to_send()
    session.receive(frames)
    assert type(session.error) is error
    assert session.closed
    assert last_bye(session).reason == Reason.REFUSED
    assert session.data_to_send() == []
    assert own.transactions == 0


def _missing(peer: FakeReplica) -> list[bytes]:
    return batches_of(peer)[1:]


def _garbage(peer: FakeReplica) -> list[bytes]:
    return [*batches_of(peer), CHANGES]


def _junk_frame(peer: FakeReplica) -> list[bytes]:
    return [*batches_of(peer), b"\xc1"]


def _bomb(peer: FakeReplica) -> list[bytes]:
    bomb = Changes(1000, zlib.compress(bytes(10_000_000)))
    return [*batches_of(peer), messages.encode(bomb)]


def _unsent_ack(peer: FakeReplica) -> list[bytes]:
    return [*batches_of(peer), messages.encode(messages.ack(1, {}))]


@pytest.mark.parametrize(
    ("nonsense", "error"),
    [
        (_missing, MissingChanges),
        (_garbage, DecodeError),
        (_junk_frame, DecodeError),
        (_bomb, DecodeError),
        (_unsent_ack, ProtocolError),
    ],
)
def test_nothing_of_an_invalid_burst_is_stored(
    nonsense: Callable[[FakeReplica], list[bytes]], error: type[CrdtnotesError]
) -> None:
    own, peer = replica(1), replica(2, 10, 300)
    session = greeted(own, peer)
    assert session.receive(nonsense(peer)) == 0
    assert type(session.error) is error
    assert own.log == []
    last_bye(session)
    session.receive(batches_of(peer))
    assert own.log == []


def test_an_ack_cannot_decrease() -> None:
    own, peer = replica(1, 30, 300), replica(2)
    session = greeted(own, peer)
    # Its changes are in transit by now, in more than two messages.
    session.receive([messages.encode(messages.ack(2, {1: 5}))])
    assert not session.closed
    session.receive([messages.encode(messages.ack(1, {1: 5}))])
    assert isinstance(session.error, ProtocolError)


def test_a_peer_that_claims_changes_that_do_not_exist_harms_only_itself() -> None:
    own, peer = replica(1, 1), replica(2)
    session = greeted(own, peer)
    session.receive([messages.encode(messages.ack(0, {1: 1000, 77: 1000}))])
    session.wake()
    assert session.data_to_send() == []
    assert not session.closed
    assert not session.in_sync


def test_frames_before_a_bye_are_processed_and_later_ones_are_not() -> None:
    own, peer = replica(1), replica(2, 10, 300)
    session = greeted(own, peer)
    frames = batches_of(peer)
    bye = messages.encode(messages.bye(Reason.LEAVING, "Off for lunch."))
    session.receive([frames[0], bye, *frames[1:]])
    assert 0 < len(own.log) < 10
    assert session.closed
    assert session.error is None
    assert session.bye is not None
    assert session.bye.sentence == "Off for lunch."


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (Reason.REFUSED, ProtocolError),
        (Reason.VERSION_MISMATCH, VersionMismatch),
        (Reason.FORK, Fork),
        (Reason.TROUBLE, Unreachable),
        (4711, ProtocolError),
    ],
)
def test_each_reason_has_its_error(reason: int, error: type[CrdtnotesError]) -> None:
    session = Session(replica(1))
    session.start()
    session.receive([messages.encode(Bye(reason, "So it is."))])
    assert type(session.error) is error
    assert str(session.error) == "The peer says: So it is."


def test_leaving_is_announced() -> None:
    session = greeted(replica(1), replica(2))
    session.leave()
    assert session.closed
    assert last_bye(session).reason == Reason.LEAVING
    session.leave()
    session.finish()
    session.fail(ProtocolError("Too late."))
    assert session.data_to_send() == []
    assert session.error is None


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=4), st.data())
def test_a_damaged_burst_stores_nothing_and_raises_nothing(junk: list[bytes], data: st.DataObject) -> None:
    own, peer = replica(1, 3, 300), replica(2, 5, 300)
    session = greeted(own, peer)
    frames = batches_of(peer) + junk
    position = data.draw(st.integers(0, len(frames) - 1))
    damaged = bytearray(frames[position])
    if damaged:
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    frames[position] = bytes(damaged)
    session.receive(frames)
    session.data_to_send()
    assert (session.error is None) or not any(entry.actor == 2 for entry in own.log)
