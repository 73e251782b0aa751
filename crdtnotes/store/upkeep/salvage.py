"""Reading a replica's file that may be damaged: everything that can be read, and nothing that is not proven.

A change counts only if its stream's hash chain proves it: the chain is computed from its beginning, and
wherever it meets a stored hash (of a change, around a block, of a stream's head), all changes before it are
as their author made them. So a damaged stored hash costs nothing as long as a later one is intact.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crdtnotes.changes.batch import Form, Packed, Piece, batches, open_piece
from crdtnotes.changes.change import NO_HASH, Change, Rank, chained
from crdtnotes.changes.compression import declared_length
from crdtnotes.errors import Busy, CrdtnotesError, Damaged, DecodeError
from crdtnotes.progress import Progress
from crdtnotes.store.file.database import plain_errors, refuse_newer
from crdtnotes.store.forks.winners import fork_entry, forks_in
from crdtnotes.store.log.dictionaries import Dictionaries
from crdtnotes.store.log.log import Log
from crdtnotes.store.replica import Replica
from crdtnotes.store.views.snapshots import Texts
from crdtnotes.trust.records import Erase, Found, Record, decode_record

_CHANGES_AT_A_TIME = 500

_BUSY_SECONDS = 1.0

_REBUILT = frozenset(
    {
        "meta",
        "members",
        "actors",
        "seen",
        "log",
        "blocks",
        "block_notes",
        "deps",
        "dictionaries",
        "erased",
        "notes",
        "texts",
        "names",
        "elements",
        "links",
        "frontiers",
    }
)
_OTHERS = ("search", "sqlite_", "_sqlite")
# Tables that exist in a new file or are built again, and prefixes of further ones; all other tables are
# copied as they are.


@dataclass(frozen=True, slots=True)
class Entry:
    """A change that could be read and decoded, and its bytes."""

    change: Change
    data: bytes


@dataclass(frozen=True, slots=True)
class SavedText:
    """A note's text from its snapshot, intact by its checksum."""

    uid: bytes
    name: str
    text: str


@dataclass
class SalvagedData:
    """The data that could be read from a damaged file."""

    vault: bytes | None = None
    device: str | None = None
    entries: list[Entry] = field(default_factory=list)
    """In a causal order."""
    hashes: set[bytes] = field(default_factory=set)
    """All stored hashes of streams, wherever they are stored."""
    heads: dict[int, int] = field(default_factory=dict)
    """The last seq of each stream, as far as it is known."""
    texts: list[SavedText] = field(default_factory=list)
    kept: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    """The rows of the tables that cannot be rebuilt from the log, such as the known peers."""
    forks: dict[tuple[int, int], Rank] = field(default_factory=dict)
    """The winners of forks; see `store/forks/winners.py`."""
    erased: dict[bytes, bytes] = field(default_factory=dict)
    """Where the chain goes on after erased changes; see `crdtnotes.changes.change.chained`."""
    root: bytes | None = None
    records: list[bytes] = field(default_factory=list)
    """The records about devices (`signing/members.py`); `root` is the digest of the founder's record."""


class DamagedFile:
    """A connection to a file that may be damaged; while it is open no other process can write to the file."""

    def __init__(self, path: Path, scratch: Path) -> None:
        """Open it; raises VaultNotFound, NewerVault, or Busy while another process writes to it.

        If the file's header or schema is damaged, a copy is made at `scratch` with the header and schema of
        a new file, and that copy is read instead.
        """
        refuse_newer(path)
        with plain_errors(path):
            self._conn = _connect(path)
        try:
            with plain_errors(path), suppress(sqlite3.DatabaseError):
                try:
                    self._conn.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                        raise Busy(f"Another process is writing to {path}; close it first.") from error
        except BaseException:
            self._conn.close()
            raise
        if not any(self._rows("SELECT count(*) FROM meta")):
            # No transaction is open, so closing the descriptor that reads the file loses no lock.
            self._conn.close()
            _give_new_schema(path, scratch)
            self._conn = _connect(scratch)

    def close(self) -> None:
        """Close the connection; the file is unchanged."""
        self._conn.close()

    def read(self) -> SalvagedData:
        """Return all data that can be read from the file."""
        salvaged = SalvagedData()
        meta = dict(self._rows("SELECT key, value FROM meta"))
        vault, device = meta.get("vault"), meta.get("device")
        salvaged.vault = vault if isinstance(vault, bytes) and len(vault) == 16 else None
        salvaged.device = device if isinstance(device, str) and device.isprintable() and device else None
        for key, value in meta.items():
            with suppress(Damaged):
                salvaged.forks |= forks_in({key: value})
        salvaged.records = [
            data
            for id in self._ids("members", "INDEXED BY sqlite_autoindex_members_1")
            for (data,) in self._rows("SELECT record FROM members WHERE id = ?", id)
            if isinstance(data, bytes)
        ]
        salvaged.erased = self._erased(salvaged.records)
        root = meta.get("root")
        salvaged.root = root if isinstance(root, bytes) else None
        salvaged.entries = sorted(self._entries(), key=lambda entry: (entry.change.start, entry.change.actor))
        salvaged.hashes = self._hashes()
        for actor, seq in self._rows("SELECT actor, seq FROM actors"):
            if isinstance(actor, int) and isinstance(seq, int):
                salvaged.heads[actor] = seq
        for entry in salvaged.entries:
            actor = entry.change.actor
            salvaged.heads[actor] = max(salvaged.heads.get(actor, 0), entry.change.seq)
        salvaged.texts = list(self._texts())
        for name in [name for (name,) in self._rows("SELECT name FROM sqlite_master WHERE type = 'table'")]:
            if isinstance(name, str) and name not in _REBUILT and not name.startswith(_OTHERS):
                salvaged.kept[name] = list(self._rows(f'SELECT * FROM "{name}"'))
        return salvaged

    def _rows(self, query: str, *values: object) -> Iterator[Any]:
        """Yield the rows of a query up to the first one that cannot be read."""
        with suppress(sqlite3.DatabaseError):
            yield from self._conn.execute(query, values)

    def _ids(self, table: str, *ways: str) -> list[int]:
        """Return the row ids that can be found by scanning a table or any of its indexes."""
        found: set[int] = set()
        for way in ("ORDER BY rowid", "ORDER BY rowid DESC", *ways):
            query = f"SELECT rowid FROM {table} {way}"
            found.update(id for (id,) in self._rows(query) if isinstance(id, int))
        return sorted(found)

    def _entries(self) -> Iterator[Entry]:
        dictionaries = Dictionaries(self._conn)
        for id in self._ids("log", "INDEXED BY log_note", "INDEXED BY sqlite_autoindex_log_1"):
            for length, data in self._rows("SELECT length, data FROM log WHERE id = ?", id):
                yield from _opened(Form.CHANGE, length, data, dictionaries)
        for id in self._ids("blocks", "INDEXED BY sqlite_autoindex_blocks_1"):
            for length, data in self._rows("SELECT length, data FROM blocks WHERE id = ?", id):
                yield from _opened(Form.BLOCK, length, data, dictionaries)

    def _hashes(self) -> set[bytes]:
        found: set[bytes] = set()
        for query in ("SELECT hash FROM log", "SELECT before, hash FROM blocks", "SELECT hash FROM actors"):
            for way in ("", " ORDER BY rowid DESC"):
                for row in self._rows(query + way):
                    found.update(value for value in row if isinstance(value, bytes))
        return found

    def _erased(self, records: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return where the chain goes on after erased changes, by the table and by the records."""
        found: dict[bytes, bytes] = {}
        for data in records:
            with suppress(DecodeError):
                body = decode_record(data).body
                found |= dict(body.places) if isinstance(body, Erase) else {}
        for way in ("", " ORDER BY hash DESC"):
            for row in self._rows("SELECT hash, original FROM erased" + way):
                if all(isinstance(value, bytes) for value in row):
                    found.update([row])
        return found

    def _texts(self) -> Iterator[SavedText]:
        texts = Texts(self._conn, Log(self._conn))
        for id in self._ids("notes", "INDEXED BY notes_base", "INDEXED BY sqlite_autoindex_notes_1"):
            for uid, name in self._rows("SELECT uid, name FROM notes WHERE id = ?", id):
                if isinstance(uid, bytes) and isinstance(name, str):
                    with suppress(Damaged, sqlite3.DatabaseError, UnicodeDecodeError):
                        yield SavedText(uid, name, texts.read(id).decode())


def _opened(form: Form, length: object, data: object, dictionaries: Dictionaries) -> Iterator[Entry]:
    """Yield the changes in a row or a block, if they can be read."""
    if not isinstance(data, bytes):
        return
    pieces: list[Piece] = [Packed(form, length, data)] if isinstance(length, int) else [data]
    known = declared_length(data)
    if known is not None:
        pieces.append(Packed(form, known, data))  # in case the stored length is damaged
    for piece in pieces:
        with suppress(CrdtnotesError, sqlite3.DatabaseError):
            plain = dictionaries.plain(piece) if isinstance(piece, Packed) else piece
            yield from [Entry(change, content) for change, content in open_piece(plain)]
            return


def copy_unlogged(salvaged: SalvagedData, replica: Replica) -> None:
    """Copy into a replica the rows that cannot be rebuilt from the log, as far as its tables accept them.

    The author records and signatures are among them; those that do not prove themselves are then removed.
    """
    with replica.transaction():
        replica.conn.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)",
            [fork_entry(*place, rank) for place, rank in salvaged.forks.items()],
        )
        _copy_devices(salvaged, replica)
        for table, rows in salvaged.kept.items():
            columns = replica.conn.execute(f'PRAGMA table_info("{table}")').fetchall()
            for row in rows:
                if len(row) == len(columns):
                    with suppress(sqlite3.DatabaseError):
                        replica.conn.execute(
                            f'INSERT OR IGNORE INTO "{table}" VALUES ({", ".join("?" * len(row))})', row
                        )
    replica.signatures.mend()


def _copy_devices(salvaged: SalvagedData, replica: Replica) -> None:
    """Copy the records about devices whose signatures are valid, all rooted in one founder's record."""
    records: list[Record] = []
    for data in salvaged.records:
        with suppress(DecodeError):
            records.append(decode_record(data))
    founders = [record.digest for record in records if isinstance(record.body, Found)]
    root = salvaged.root if salvaged.root in founders else next(iter(founders), None)
    if root is not None:
        replica.members.restore(root, records)


def _connect(path: Path) -> sqlite3.Connection:
    uri = path.absolute().as_uri() + "?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)


def _give_new_schema(path: Path, scratch: Path) -> None:
    """Write to `scratch` a copy of the file at `path` with the header and the schema of a new vault.

    Files that were created by the same sequence of statements have their schema in the same pages, and their
    tables begin at the same pages. If not, the copy yields no data, or data that proves itself.
    """
    Replica.create(scratch, "template").close()
    fresh = scratch.read_bytes()
    with closing(_connect(scratch)) as conn:
        roots = {root for (root,) in conn.execute("SELECT rootpage FROM sqlite_master")}
    size = int.from_bytes(fresh[16:18], "big")
    content = bytearray(path.read_bytes())
    for page in range(1, len(fresh) // size + 1):
        if page not in roots:
            content[(page - 1) * size : page * size] = fresh[(page - 1) * size : page * size]
    content[28:32] = (len(content) // size).to_bytes(4, "big")  # pages in the file
    content[32:40] = bytes(8)  # no free pages: their content is not needed
    scratch.write_bytes(content)


def replay(entries: Sequence[Entry], hashes: Set[bytes], replica: Replica, progress: Progress) -> list[Entry]:
    """Add to a replica the changes that are proven and whose dependencies are there; return the rest.

    `hashes` are the hashes that were stored in the file. `progress` counts the changes added.
    """
    heads = replica.heads()
    proven = _proven(entries, hashes, heads, replica.log.erased)
    version = {actor: seq for actor, (seq, _) in heads.items()}
    ready: list[bytes] = []
    rest: list[Entry] = []
    for entry in entries:
        change = entry.change
        if change.seq <= version.get(change.actor, 0):
            continue
        if (
            change.seq == version.get(change.actor, 0) + 1
            and change.seq <= proven.get(change.actor, 0)
            and all(version.get(actor, 0) >= seq for actor, seq in change.deps)
        ):
            version[change.actor] = change.seq
            ready.append(entry.data)
        else:
            rest.append(entry)
    for start in range(0, len(ready), _CHANGES_AT_A_TIME):
        progress(start, len(ready))
        replica.receive(list(batches(ready[start : start + _CHANGES_AT_A_TIME])), restored=True)
    return rest


def _proven(
    entries: Sequence[Entry],
    hashes: Set[bytes],
    heads: Mapping[int, tuple[int, bytes]],
    erased: Mapping[bytes, bytes],
) -> dict[int, int]:
    """Return the seq up to which each stream is proven, starting from the heads that are known.

    For `erased` see `crdtnotes.changes.change.chained`.
    """
    streams: dict[int, dict[int, Entry]] = {}
    for entry in entries:
        streams.setdefault(entry.change.actor, {}).setdefault(entry.change.seq, entry)
    proven: dict[int, int] = {}
    for actor, stream in streams.items():
        seq, tip = heads.get(actor, (0, NO_HASH))
        while (following := stream.get(seq + 1)) is not None:
            seq, tip = seq + 1, chained(tip, following.change, following.data, erased)
            if tip in hashes:
                proven[actor] = seq
    return proven
