"""The exchange of records about devices, with a replica in memory."""

import msgspec

from crdtnotes.changes import messages
from crdtnotes.changes.messages import Hello, Records
from crdtnotes.sync.session.records import PIECE_BYTES, PIECE_RECORDS, RecordsExchange, pieces
from tests.sync.fake import VAULT, FakeDevices


def exchange(*kept: bytes) -> RecordsExchange:
    devices = FakeDevices(lambda: None)
    devices.take_records(list(kept))
    one = RecordsExchange(devices)
    one.begin()
    return one


def hello(protocol: int, records: bytes = b"x" * 16) -> Hello:
    mine = messages.hello(VAULT, "peer", {}, records)
    return msgspec.structs.replace(mine, oldest=2, newest=protocol)


def test_records_come_in_pieces_and_then_an_empty_one() -> None:
    one = exchange(*(b"+%d" % number for number in range(2 * PIECE_RECORDS + 1)))
    one.greeted(hello(3))
    sent = one.to_send()
    assert [len(message.records) for message in sent] == [PIECE_RECORDS, PIECE_RECORDS, 1, 0]
    assert one.to_send() == []
    one.wake()
    assert one.to_send() == []


def test_the_peer_has_all_once_its_empty_piece_has_come() -> None:
    one = exchange(b"+1")
    one.greeted(hello(3))
    one.to_send()
    for number in range(3):
        assert one.take(Records((b"+a%d" % number,))) == 1
        assert not one.known
        assert not one.settled
    one.take(Records(()))
    assert one.known
    assert one.settled
    # The peer's own records do not go back to it.
    assert one.to_send() == []
    one._devices.take_records([b"+later"])
    one.wake()
    assert one.to_send() == [Records((b"+later",))]


def test_pieces_are_bounded_in_bytes() -> None:
    records = [bytes([number]) * 60_000 for number in range(40)]
    made = list(pieces(records))
    assert [record for piece in made for record in piece] == records
    assert max(sum(map(len, piece)) for piece in made) <= PIECE_BYTES
    assert list(pieces([])) == []
