import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crdtnotes.errors import DecodeError, NotPaired
from crdtnotes.store import Replica
from crdtnotes.store.upkeep.backup import backup
from crdtnotes.trust.identity import Identity
from tests.sync.circles import about_membership
from tests.trust.devices import device


@contextmanager
def replica(path: Path, vault: bytes | None = None, identity: Identity | None = None) -> Iterator[Replica]:
    """A replica; by default of the device `a`."""
    if not path.exists():
        Replica.create(path, path.name, vault).close()
    own = identity or device(path.parent, "a")
    one = Replica(path, identity=lambda: own)
    try:
        yield one
    finally:
        one.close()


def test_the_first_pairing_creates_the_founder(tmp_path: Path) -> None:
    a, b = device(tmp_path, "a"), device(tmp_path, "b")
    with replica(tmp_path / "r") as one:
        assert one.members.root is None
        assert one.devices.records_digest() == bytes(16)
        one.devices.admit(b.certificate, "b")
        one.devices.admit(b.certificate, "b")
        assert len(about_membership(one.devices.records())) == 2
        assert one.devices.is_member(a.id)
        assert one.devices.is_member(b.id)
    with replica(tmp_path / "r") as one:
        assert one.devices.certificates() == {a.id: a.certificate, b.id: b.certificate}


def test_records_are_kept_once_and_only_if_rooted(tmp_path: Path) -> None:
    b = device(tmp_path, "b")
    with replica(tmp_path / "1") as one, replica(tmp_path / "2", one.vault_id) as other:
        one.devices.admit(b.certificate, "b")
        with other.transaction():
            other.members.adopt(one.members.root or b"", one.devices.records())
        assert other.devices.take_records(one.devices.records()) == 0
        assert other.devices.records_digest() == one.devices.records_digest()
        with replica(tmp_path / "3") as foreign:
            assert foreign.devices.take_records(one.devices.records()) == 0
            assert foreign.members.root is None
        with pytest.raises(DecodeError):
            other.devices.take_records([b"nonsense"])
        assert other.devices.records() == one.devices.records()


def test_a_revocation_by_one_connection_is_seen_by_another(tmp_path: Path) -> None:
    b = device(tmp_path, "b")
    with replica(tmp_path / "r") as one:
        one.devices.admit(b.certificate, "b")
        with replica(tmp_path / "r") as same:
            assert same.devices.is_member(b.id)
            one.devices.revoke(b.id)
            assert not same.devices.is_member(b.id)
        with pytest.raises(NotPaired):
            one.devices.revoke(b.id)
        with replica(tmp_path / "r", identity=b) as same, pytest.raises(NotPaired):
            same.devices.admit(b.certificate, "b")
        one.devices.admit(b.certificate, "b")
        assert one.devices.is_member(b.id)


def test_contacts_and_addresses(tmp_path: Path) -> None:
    with replica(tmp_path / "r") as one:
        assert one.members.contacts.of(b"x") is None
        with one.transaction():
            for number in range(40):
                one.members.contacts.note_address(b"x", f"wss://10.0.0.{number}:1", number)
            one.members.contacts.note_seen(b"x", 7, {3: 4})
        assert one.members.contacts.addresses(b"x")[:2] == ["wss://10.0.0.39:1", "wss://10.0.0.38:1"]
        assert len(one.members.contacts.addresses(b"x")) == 16
        contact = one.members.contacts.of(b"x")
        assert contact is not None
        assert (contact.seen, contact.version) == (7, {3: 4})


def test_a_file_of_the_first_schema_gains_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "r"
    with replica(path) as one:
        vault = one.vault_id
    conn = sqlite3.connect(path)
    for table in ("members", "contacts", "addresses", "authors", "cuts", "signatures"):
        conn.execute(f"DROP TABLE {table}")
    conn.execute("DELETE FROM _sqlite_migrations WHERE name = 'm002_devices'")
    conn.execute("PRAGMA user_version = 1")
    conn.commit()
    conn.close()
    with replica(path) as one:
        assert one.vault_id == vault
        assert one.devices.records() == []


def test_new_streams_get_their_names_from_the_given_source(tmp_path: Path) -> None:
    names = iter(range(100, 200))
    Replica.create(tmp_path / "r", "r", actors=lambda: next(names)).close()
    one = Replica(tmp_path / "r", actors=lambda: next(names))
    assert one.actor == 100
    backup(one, tmp_path / "copy")
    one.close()
    conn = sqlite3.connect(tmp_path / "copy")
    assert conn.execute("SELECT value FROM meta WHERE key = 'actor'").fetchone() == (101,)
    conn.close()
    # Its token is not remembered outside the file: opening the copy begins a new stream.
    other = Replica(tmp_path / "copy", actors=lambda: next(names))
    assert other.actor == 102
    other.close()
