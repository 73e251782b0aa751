"""Reading through a writer: it writes nothing unless an open transaction asks for its draft to be flushed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crdtnotes.crdt.ids import ROOT
from crdtnotes.store.replica import Replica
from crdtnotes.store.writer import Writer


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    replica = Replica.create(tmp_path / "vault.db", "laptop")
    yield Writer(replica, lambda: 0)
    replica.close()


def seq(writer: Writer) -> int:
    return writer.replica.log.head(writer.replica.actor).seq


def test_reading_leaves_an_open_draft_alone(writer: Writer) -> None:
    uid = writer.create("a", "")
    with writer.transaction():
        writer.insert(uid, ROOT, "b")
        written = writer.replica.conn.total_changes
        with writer.reading() as replica:
            assert replica.notes.count() == 1
        assert writer.drafted(uid) is not None
        assert writer.replica.conn.total_changes == written
        assert seq(writer) == 1
    assert seq(writer) == 2


def test_a_flushed_draft_can_be_read(writer: Writer) -> None:
    with writer.transaction():
        uid = writer.create("a", "")
        writer.rename(uid, "b")
        with writer.reading() as replica:
            assert replica.notes.names() == []
        with writer.flushed() as replica:
            assert replica.notes.names() == ["b"]
            assert replica.documents.text(uid) == ""
        assert writer.drafted(uid) is None
        assert seq(writer) == 2


def test_outside_a_transaction_neither_writes(writer: Writer) -> None:
    writer.create("a", "text")
    written = writer.replica.conn.total_changes
    with writer.reading() as replica:
        assert replica.notes.names() == ["a"]
    with writer.flushed() as replica:
        assert replica.notes.names() == ["a"]
    assert writer.replica.conn.total_changes == written
