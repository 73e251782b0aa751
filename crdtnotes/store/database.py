"""Opening the file, its transactions, and SQLite's errors in plain words.

The journal is a rollback journal (`TRUNCATE`), never a WAL: SQLite up to 3.51.2 can lose a commit when
one connection resets the WAL while another writes ("WAL-reset bug"), Pythons carry such a SQLite for
years, and several of our processes may have one replica open. `synchronous=FULL`: a change that a peer
has seen survives a power cut. (With `DELETE` the last commit could be undone by one: the unlinked journal
may be there again. SQLite syncs a truncated one.)
"""

import os
import secrets
import sqlite3
import stat
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

from sqlite_utils import Database

from crdtnotes.errors import (
    Busy,
    Damaged,
    DiskFull,
    NewerVault,
    NotAVault,
    ReadOnly,
    StoreError,
    VaultExists,
    VaultNotFound,
)
from crdtnotes.store.schema import APPLICATION_ID, SCHEMA, migrations

BUSY_TIMEOUT = 30.0
"""How long, in seconds, to wait for another process that holds the replica."""

_MAGIC = b"SQLite format 3\0"
_HEADER = 100

_Identity = tuple[int, int]
_open: Counter[_Identity] = Counter()
_open_lock = Lock()
# The files that this process has open, by device and inode. SQLite's locks on a file belong to the process,
# and closing any descriptor of it drops them all: so a file that is open must not be opened past SQLite, not
# even to look at its header.


class ReplicaFile(Database):
    """A connection to a replica's file."""

    def __init__(self, conn: sqlite3.Connection, identity: _Identity) -> None:
        super().__init__(conn)
        self._identity: _Identity | None = identity

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        identity, self._identity = self._identity, None
        if identity is not None:
            # The emptied journal would stay beside the file; SQLite removes it if nobody is writing.
            with suppress(sqlite3.Error):
                self.conn.execute("PRAGMA busy_timeout = 0")
                self.conn.execute("PRAGMA journal_mode = DELETE")
            super().close()
            _release(identity)


def _release(identity: _Identity) -> None:
    with _open_lock:
        _open[identity] -= 1
        if not _open[identity]:
            del _open[identity]


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to build a file at; it takes its place once it is whole, or not at all.

    Only its owner may read the file, and a power cut does not undo that it is there. Raises VaultExists
    when something is at `path`.
    """
    taken = VaultExists(f"There is already something at {path}.")
    with plain_errors(path):
        if os.path.lexists(path):
            raise taken
        part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        try:
            _create_empty(part)
            yield part
            try:
                path.hardlink_to(part)
            except FileExistsError:
                raise taken from None
            except OSError:
                # This file system has no hard links. Reserve the path, so that nothing is overwritten.
                try:
                    _create_empty(path)
                except FileExistsError:
                    raise taken from None
                part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: what was made or renamed there survives a power cut."""
    if os.name == "nt":
        return  # Windows opens no folders, and its NTFS logs names by itself
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create_empty(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def create_file(path: Path, meta: Mapping[str, object]) -> None:
    """Make a replica file without a change in it; raises VaultExists, ReadOnly or StoreError."""
    with plain_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as part:
        db = Database(_connect(part, read_only=False))
        try:
            with db.atomic():
                migrations.apply(db)
                db.conn.executemany("INSERT INTO meta VALUES (?, ?)", list(meta.items()))
            db.conn.execute("PRAGMA journal_mode = DELETE")
        finally:
            db.close()


def open_file(path: Path, *, read_only: bool = False) -> ReplicaFile:
    """Open a replica file that is there.

    Raises VaultNotFound, NotAVault, NewerVault (the file is then untouched), ReadOnly or Damaged.
    """
    with plain_errors(path):
        identity = _claim(path)
        try:
            db = ReplicaFile(_connect(path, read_only=read_only), identity)
        except BaseException:
            _release(identity)
            raise
        try:
            if not read_only and migrations.pending(db):
                with db.atomic():
                    migrations.apply(db)
        except BaseException:
            db.close()
            raise
        return db


def _claim(path: Path) -> _Identity:
    """Check that the file is ours and count it as open; raises VaultNotFound, NotAVault or NewerVault."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise VaultNotFound(f"There is no vault at {path}; `crdtnotes init` makes one.") from None
    if stat.S_ISDIR(status.st_mode):
        raise NotAVault(f"{path} is a folder, not a vault file.")
    if not stat.S_ISREG(status.st_mode):
        raise NotAVault(f"{path} is not a file.")
    identity = (status.st_dev, status.st_ino)
    with _open_lock:
        if not _open[identity]:
            del _open[identity]
            _check_header(path)
        _open[identity] += 1
    return identity


def _check_header(path: Path) -> None:
    """Look at the file without letting SQLite near it, so that what is not ours stays as it is."""
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if len(header) < _HEADER or not header.startswith(_MAGIC):
        raise NotAVault(f"{path} is not a crdtnotes vault.")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise NotAVault(f"{path} is a database, but not a crdtnotes vault.")
    schema = int.from_bytes(header[60:64], "big")
    if schema > SCHEMA:
        raise NewerVault(
            f"{path} was written by a newer crdtnotes (its schema is {schema}, this one knows {SCHEMA})."
        )


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    uri = path.absolute().as_uri() + ("?mode=ro" if read_only else "?mode=rw")
    conn = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, cached_statements=256)
    try:
        conn.execute("PRAGMA journal_mode = TRUNCATE").fetchone()
        conn.execute("PRAGMA synchronous = FULL")
        conn.execute("PRAGMA cache_size = -32768")
        conn.execute("PRAGMA temp_store = MEMORY")
        conn.execute("PRAGMA mmap_size = 268435456")
    except BaseException:
        conn.close()
        raise
    return conn


_VALUES_AT_A_TIME = 500
# SQLite before 3.32 takes 999 parameters at the most.


def rows_for(
    conn: sqlite3.Connection, query: str, column: str, values: Collection[object]
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query in which the column has one of these values, many values at a time."""
    for part in batched(values, _VALUES_AT_A_TIME):
        yield from conn.execute(f"{query} WHERE {column} IN ({', '.join('?' * len(part))})", part).fetchall()


def batched(values: Iterable[object], size: int) -> Iterator[tuple[object, ...]]:
    """Cut values into tuples of `size`, the last one shorter (itertools has this from Python 3.12 on)."""
    rest = iter(values)
    while part := tuple(islice(rest, size)):
        yield part


@contextmanager
def writing(db: Database, path: Path) -> Iterator[None]:
    """Run a transaction that holds the write lock from its start; roll back on any exception."""
    with plain_errors(path):
        db.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            db.rollback()
            raise
        try:
            db.conn.execute("COMMIT")
        except BaseException:
            db.rollback()
            raise


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the operating system raise into our errors."""
    try:
        yield
    except sqlite3.Error as error:
        raise _plain(error, path) from error
    except PermissionError as error:
        if isinstance(error, StoreError):
            raise
        raise ReadOnly(f"{path} cannot be written here (no permission).") from error
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{path} cannot be used: {error.strerror or error}.") from error


def _plain(error: sqlite3.Error, path: Path) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Busy(f"Another process has been writing to {path} for over {BUSY_TIMEOUT:.0f} seconds.")
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(f"There is no room left for {path}; nothing was written.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return ReadOnly(f"{path} can only be read here.")
    if code == sqlite3.SQLITE_CANTOPEN:
        return ReadOnly(f"{path} cannot be opened for writing here.")
    if code == sqlite3.SQLITE_NOTADB:
        return NotAVault(f"{path} is not a crdtnotes vault.")
    if code == sqlite3.SQLITE_CORRUPT:
        return Damaged(f"{path} is damaged ({error}); `crdtnotes check` says how far.")
    return StoreError(f"{path} cannot be used: {error}.")
