"""Reading a replica's file that may be damaged: everything that can be read, and nothing that is not proven.

A change counts only where its stream's hash chain proves it: the chain is computed from its beginning, and
wherever it meets a stored hash (of a change, around a block, of a stream's head), all that came before is as
its author made it. So a stored hash that is damaged itself costs nothing as long as a later one is whole.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crdtnotes.changes.batch import Form, Packed, Piece, batches, open_piece
from crdtnotes.changes.change import NO_HASH, Change, Rank, chain
from crdtnotes.changes.compression import declared_length
from crdtnotes.errors import Busy, CrdtnotesError, Damaged, DecodeError
from crdtnotes.progress import Progress
from crdtnotes.store.file.database import plain_errors, refuse_newer
from crdtnotes.store.forks.winners import fork_entry, forks_in
from crdtnotes.store.log.dictionaries import Dictionaries
from crdtnotes.store.log.log import Log
from crdtnotes.store.replica import Replica
from crdtnotes.store.views.snapshots import Texts
from crdtnotes.trust.records import Found, Record, decode_record

_CHANGES_AT_A_TIME = 500

_PATIENCE = 1.0

_REBUILT = frozenset(
    {
        "meta",
        "members",
        "actors",
        "seen",
        "log",
        "blocks",
        "block_notes",
        "dictionaries",
        "notes",
        "texts",
        "names",
        "elements",
        "links",
    }
)
_OTHERS = ("search", "sqlite_", "_sqlite")
# Tables that a new file has already or that are made from the log: the rest is taken over as it is.


@dataclass(frozen=True, slots=True)
class Entry:
    """A change that could be read and decoded, and its bytes."""

    change: Change
    data: bytes


@dataclass(frozen=True, slots=True)
class SavedText:
    """A note's text as its snapshot has it, whole by its own sum."""

    uid: bytes
    name: str
    text: str


@dataclass
class Wreck:
    """What a damaged file still gives."""

    vault: bytes | None = None
    device: str | None = None
    entries: list[Entry] = field(default_factory=list)
    """In a causal order."""
    hashes: set[bytes] = field(default_factory=set)
    """The hashes of streams that are stored anywhere."""
    heads: dict[int, int] = field(default_factory=dict)
    """How far each stream went, as far as that can be told."""
    texts: list[SavedText] = field(default_factory=list)
    kept: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    """The rows of the tables that no log gives back: which peers there are, and the like."""
    forks: dict[tuple[int, int], Rank] = field(default_factory=dict)
    """Which version stands where streams had two; see `store/forks/winners.py`."""
    root: bytes | None = None
    records: list[bytes] = field(default_factory=list)
    """What is known of devices (`signing/members.py`): the founder's record's digest, and the records."""


class WreckedFile:
    """A connection to a file that may be damaged; while it is open nobody else can write to it."""

    def __init__(self, path: Path, scratch: Path) -> None:
        """Open it; raises VaultNotFound, NewerVault, or Busy while another process writes to it.

        Where its description of itself (the header, the schema) is damaged, a copy at `scratch` gets that of
        a new file, and is read instead.
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
            # No transaction is open, so no lock is lost with the descriptor that reads the file.
            self._conn.close()
            _give_new_schema(path, scratch)
            self._conn = _connect(scratch)

    def close(self) -> None:
        """Let go of the file, which is as it was."""
        self._conn.close()

    def read(self) -> Wreck:
        """Return all that can be read of it."""
        wreck = Wreck()
        meta = dict(self._rows("SELECT key, value FROM meta"))
        vault, device = meta.get("vault"), meta.get("device")
        wreck.vault = vault if isinstance(vault, bytes) and len(vault) == 16 else None
        wreck.device = device if isinstance(device, str) and device.isprintable() and device else None
        for key, value in meta.items():
            with suppress(Damaged):
                wreck.forks |= forks_in({key: value})
        wreck.records = [
            data
            for id in self._ids("members", "INDEXED BY sqlite_autoindex_members_1")
            for (data,) in self._rows("SELECT record FROM members WHERE id = ?", id)
            if isinstance(data, bytes)
        ]
        root = meta.get("root")
        wreck.root = root if isinstance(root, bytes) else None
        wreck.entries = sorted(self._entries(), key=lambda entry: (entry.change.start, entry.change.actor))
        wreck.hashes = self._hashes()
        for actor, seq in self._rows("SELECT actor, seq FROM actors"):
            if isinstance(actor, int) and isinstance(seq, int):
                wreck.heads[actor] = seq
        for entry in wreck.entries:
            actor = entry.change.actor
            wreck.heads[actor] = max(wreck.heads.get(actor, 0), entry.change.seq)
        wreck.texts = list(self._texts())
        for name in [name for (name,) in self._rows("SELECT name FROM sqlite_master WHERE type = 'table'")]:
            if isinstance(name, str) and name not in _REBUILT and not name.startswith(_OTHERS):
                wreck.kept[name] = list(self._rows(f'SELECT * FROM "{name}"'))
        return wreck

    def _rows(self, query: str, *values: object) -> Iterator[Any]:
        """Yield the rows of a query up to the first one that cannot be read."""
        with suppress(sqlite3.DatabaseError):
            yield from self._conn.execute(query, values)

    def _ids(self, table: str, *ways: str) -> list[int]:
        """Return the row ids of a table that any way through it or through its indexes leads to."""
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

    def _texts(self) -> Iterator[SavedText]:
        texts = Texts(self._conn, Log(self._conn))
        for id in self._ids("notes", "INDEXED BY notes_base", "INDEXED BY sqlite_autoindex_notes_1"):
            for uid, name in self._rows("SELECT uid, name FROM notes WHERE id = ?", id):
                if isinstance(uid, bytes) and isinstance(name, str):
                    with suppress(Damaged, sqlite3.DatabaseError, UnicodeDecodeError):
                        yield SavedText(uid, name, texts.read(id).decode())


def _opened(form: Form, length: object, data: object, dictionaries: Dictionaries) -> Iterator[Entry]:
    """Yield the changes that lie in a row or a block, where they can be read."""
    if not isinstance(data, bytes):
        return
    pieces: list[Piece] = [Packed(form, length, data)] if isinstance(length, int) else [data]
    known = declared_length(data)
    if known is not None:
        pieces.append(Packed(form, known, data))  # where the number beside it is damaged
    for piece in pieces:
        with suppress(CrdtnotesError, sqlite3.DatabaseError):
            plain = dictionaries.plain(piece) if isinstance(piece, Packed) else piece
            yield from [Entry(change, content) for change, content in open_piece(plain)]
            return


def keep(wreck: Wreck, replica: Replica) -> None:
    """Put into a replica the rows that no log gives back, as far as its tables take them.

    What says who wrote what comes with them, and goes again where it does not prove itself.
    """
    with replica.transaction():
        replica.conn.executemany(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)",
            [fork_entry(*place, rank) for place, rank in wreck.forks.items()],
        )
        _keep_devices(wreck, replica)
        for table, rows in wreck.kept.items():
            columns = replica.conn.execute(f'PRAGMA table_info("{table}")').fetchall()
            for row in rows:
                if len(row) == len(columns):
                    with suppress(sqlite3.DatabaseError):
                        replica.conn.execute(
                            f'INSERT OR IGNORE INTO "{table}" VALUES ({", ".join("?" * len(row))})', row
                        )
    replica.signatures.mend()


def _keep_devices(wreck: Wreck, replica: Replica) -> None:
    """Put in the records about devices that are whole by their signatures, all behind one founder's."""
    records: list[Record] = []
    for data in wreck.records:
        with suppress(DecodeError):
            records.append(decode_record(data))
    founders = [record.digest for record in records if isinstance(record.body, Found)]
    root = wreck.root if wreck.root in founders else next(iter(founders), None)
    if root is not None:
        replica.members.restore(root, records)


def _connect(path: Path) -> sqlite3.Connection:
    uri = path.absolute().as_uri() + "?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)


def _give_new_schema(path: Path, scratch: Path) -> None:
    """Write to `scratch` the file at `path` with the header and the schema of a new vault.

    Files that were made by one sequence of statements have their schema in the same pages, and their tables
    begin at the same ones. Where that is not so the copy gives nothing, or what proves itself.
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
    content[32:40] = bytes(8)  # no free pages: what they hold is not looked for
    scratch.write_bytes(content)


def replay(entries: Sequence[Entry], hashes: Set[bytes], replica: Replica, progress: Progress) -> list[Entry]:
    """Put into a replica the changes that are proven and whose dependencies are there; return the rest.

    `hashes` are those that were stored. `progress` counts the changes that were put in.
    """
    heads = replica.heads()
    proven = _proven(entries, hashes, heads)
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
    entries: Sequence[Entry], hashes: Set[bytes], heads: Mapping[int, tuple[int, bytes]]
) -> dict[int, int]:
    """Return up to which seq each stream is proven, beyond the heads that are known."""
    streams: dict[int, dict[int, Entry]] = {}
    for entry in entries:
        streams.setdefault(entry.change.actor, {}).setdefault(entry.change.seq, entry)
    proven: dict[int, int] = {}
    for actor, stream in streams.items():
        seq, tip = heads.get(actor, (0, NO_HASH))
        while (following := stream.get(seq + 1)) is not None:
            seq, tip = seq + 1, chain(tip, following.data)
            if tip in hashes:
                proven[actor] = seq
    return proven
