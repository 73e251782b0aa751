"""Opening the file, transactions, and converting SQLite's errors to plain sentences.

The journal is a rollback journal (`TRUNCATE`), never a WAL: SQLite up to 3.51.2 can lose a commit when
one connection resets the WAL while another writes ("WAL-reset bug"), Python installations keep such a SQLite
for years, and several of our processes may have one replica open. `synchronous=FULL`: a change that a peer
has seen survives a power cut. (With `DELETE` a power cut could undo the last commit, because the unlinked
journal may reappear. SQLite syncs a truncated journal.)
"""

import os
import sqlite3
import stat
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

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
from crdtnotes.own_files import open_regular_file
from crdtnotes.store.file.header import APPLICATION_ID, BASE_SCHEMA, SCHEMA

BUSY_TIMEOUT = 30.0
"""Seconds to wait for another process that has locked the replica."""

_MAGIC = b"SQLite format 3\0"
_HEADER = 100

_Identity = tuple[int, int]
_open: Counter[_Identity] = Counter()
_open_lock = Lock()
# The files that this process has open, by device and inode. SQLite's locks on a file belong to the process,
# and closing any descriptor of the file drops them all: so while a file is open, nothing but SQLite may open
# it, not even to read its header.


class ReplicaFile:
    """A connection to a replica's file."""

    def __init__(self, conn: sqlite3.Connection, identity: _Identity) -> None:
        self.conn = conn
        self._identity: _Identity | None = identity

    def refuse_if_replaced(self, path: Path) -> None:
        """Raise StoreError if the file at the path was replaced: whatever is written here would be lost.

        A repair replaces the file, and so does restoring a backup while the vault is open.
        """
        status = path.stat()
        if (status.st_dev, status.st_ino) != self._identity:
            raise StoreError(f"{path} was replaced by another file while it was open; open it again.")

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        identity, self._identity = self._identity, None
        if identity is not None:
            # The emptied journal would stay beside the file; SQLite removes it if no process is writing.
            with suppress(sqlite3.Error):
                self.conn.execute("PRAGMA busy_timeout = 0")
                self.conn.execute("PRAGMA journal_mode = DELETE")
            self.conn.close()
            _release(identity)


def _release(identity: _Identity) -> None:
    with _open_lock:
        _open[identity] -= 1
        if not _open[identity]:
            del _open[identity]


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` at which to build a file, which is moved to `path` once it is complete.

    Only its owner may read the file, and it survives a power cut. Raises VaultExists if something is at
    `path` already.
    """
    taken = VaultExists(f"There is already something at {path}.")
    with plain_errors(path):
        if os.path.lexists(path):
            raise taken
        part = path.with_name(f"{path.name}.{os.urandom(4).hex()}.part")
        try:
            _create_empty(part)
            yield part
            try:
                path.hardlink_to(part)
            except FileExistsError:
                raise taken from None
            except OSError:
                # This file system has no hard links: reserve the path, so that nothing is overwritten.
                try:
                    _create_empty(path)
                except FileExistsError:
                    raise taken from None
                part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        sync_folder(path.parent)


def replace_file(path: Path, new: Path) -> Path:
    """Replace the file at `path` by the file `new`; return the path to which the old file was renamed.

    After a power cut either the old or the new file is at `path`.
    """
    with plain_errors(path):
        aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(2).hex()}")
        try:
            aside.hardlink_to(path)
        except OSError:
            path.rename(aside)  # this file system has no hard links
        new.replace(path)
        sync_folder(path.parent)
        journal = path.with_name(f"{path.name}-journal")
        with suppress(FileNotFoundError):
            # This journal belongs to the old file, which SQLite could not open.
            journal.rename(aside.with_name(f"{aside.name}-journal"))
    return aside


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: files created or renamed there survive a power cut."""
    if os.name == "nt":
        return  # Windows cannot open folders, and NTFS journals names by itself
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _create_empty(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def create_file(path: Path, meta: Mapping[str, object]) -> None:
    """Create a replica file without changes; raises VaultExists, ReadOnly or StoreError."""
    with plain_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with new_file(path) as part:
        conn = _connect(part, read_only=False)
        try:
            _migrate(conn, meta)
            conn.execute("PRAGMA journal_mode = DELETE")
        finally:
            conn.close()


def open_file(path: Path, *, read_only: bool = False) -> ReplicaFile:
    """Open an existing replica file.

    Raises VaultNotFound, NotAVault, NewerVault (the file is then untouched), ReadOnly or Damaged.
    """
    with plain_errors(path):
        identity = _register_open(path)
        try:
            db = ReplicaFile(_connect(path, read_only=read_only), identity)
        except BaseException:
            _release(identity)
            raise
        try:
            if not read_only and _schema_of(db.conn) < BASE_SCHEMA:
                _migrate(db.conn)
        except BaseException:
            db.close()
            raise
        return db


def _schema_of(conn: sqlite3.Connection) -> int:
    found: int = conn.execute("PRAGMA user_version").fetchone()[0]
    return found


def _migrate(conn: sqlite3.Connection, meta: Mapping[str, object] | None = None) -> None:
    """Apply the pending migrations and insert the rows of `meta`, all in one transaction."""
    # These modules take longer to load than a vault takes to open, and few files need them.
    from sqlite_utils import Database

    from crdtnotes.store.file.schema import migrations

    db = Database(conn)
    with db.atomic():
        migrations.apply(db)
        conn.executemany("INSERT INTO meta VALUES (?, ?)", list((meta or {}).items()))


def _register_open(path: Path) -> _Identity:
    """Check that the file is ours and count it as open; raises VaultNotFound, NotAVault or NewerVault."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise VaultNotFound(f"There is no vault at {path}; `crdtnotes init` creates one.") from None
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


def refuse_newer(path: Path) -> None:
    """Raise VaultNotFound or NewerVault; a damaged file, or one that is not a vault, passes."""
    with plain_errors(path), suppress(NotAVault):
        _release(_register_open(path))


def _check_header(path: Path) -> None:
    """Check the file's header without SQLite, so that a file that is not ours stays unchanged."""
    with open_regular_file(path) as file:
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
    """Open a connection, and roll back the unfinished transaction of a process that was killed.

    SQLite rolls back when the file is first read. A read-only connection cannot do that, and then it cannot
    read either; so a writable one is opened first.
    """
    try:
        return _open_connection(path, read_only=read_only)
    except sqlite3.OperationalError as error:
        if not read_only or error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
    _open_connection(path, read_only=False).close()
    return _open_connection(path, read_only=True)


def _open_connection(path: Path, *, read_only: bool) -> sqlite3.Connection:
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
# SQLite before 3.32 takes at most 999 parameters.


def rows_for(
    conn: sqlite3.Connection, query: str, column: str, values: Collection[object]
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a query whose column has one of these values; many values go into each statement."""
    for part in batched(values, _VALUES_AT_A_TIME):
        yield from conn.execute(f"{query} WHERE {column} IN ({', '.join('?' * len(part))})", part).fetchall()


def batched(values: Iterable[object], size: int) -> Iterator[tuple[object, ...]]:
    """Cut values into tuples of `size`, the last one shorter (itertools has this from Python 3.12 on)."""
    rest = iter(values)
    while part := tuple(islice(rest, size)):
        yield part


@contextmanager
def writing(db: ReplicaFile, path: Path) -> Iterator[None]:
    """Run a transaction that holds the write lock from its start; roll back on any exception."""
    with plain_errors(path):
        db.conn.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            db.conn.rollback()
            raise
        try:
            db.conn.execute("COMMIT")
        except BaseException:
            db.conn.rollback()
            raise


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Convert the errors of SQLite and of the operating system to ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise _plain(error, path) from error
    except UnicodeDecodeError as error:
        # Text in the file, or in SQLite's message about it, that is not valid UTF-8.
        raise Damaged(f"{path} is damaged; `crdtnotes check` shows the damage.") from error
    except PermissionError as error:
        if isinstance(error, StoreError):
            raise
        raise ReadOnly(f"{path} cannot be written here (no permission).") from error
    except OSError as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{path} cannot be used: {error.strerror or error}.") from error


_NOT_WRITTEN = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE)


_NO_TEXT = "Could not decode to UTF-8"
# Python's message, which has no error code, for text in the file that is not valid UTF-8.


def _plain(error: sqlite3.Error, path: Path) -> StoreError:
    if _NO_TEXT in str(error):
        return Damaged(f"{path} is damaged; `crdtnotes check` shows the damage.")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Busy(f"Another process has been writing to {path} for over {BUSY_TIMEOUT:.0f} seconds.")
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(f"There is no room left for {path}; nothing was written.")
    if getattr(error, "sqlite_errorcode", 0) in _NOT_WRITTEN:
        # SQLite does not distinguish an exceeded quota or file size limit from a failing disk.
        return DiskFull(
            f"{path} cannot be written: a quota is used up, or the disk is failing; nothing was written."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return ReadOnly(f"{path} can only be read here.")
    if code == sqlite3.SQLITE_CANTOPEN:
        return ReadOnly(f"{path} cannot be opened for writing here.")
    if code == sqlite3.SQLITE_NOTADB:
        return NotAVault(f"{path} is not a crdtnotes vault.")
    if code == sqlite3.SQLITE_CORRUPT:
        return Damaged(f"{path} is damaged ({error}); `crdtnotes check` shows the damage.")
    return StoreError(f"{path} cannot be used: {error}.")
