"""State about a replica that this machine keeps outside its file, in the user's state folder.

A file can be copied, or restored from a backup. The state outside is not copied with it, so comparing the
two reveals the copy. Nothing here needs to be durable or atomic: if it is missing or torn, a new stream
begins, which costs a few bytes and is always correct.

Where the state folder cannot be written, a private folder among the temporary files takes its place, so that
not every program begins a stream. (A folder of the user's data would not do: it is backed up and restored
together with the vault.) Of two records the one that was written last counts.
"""

import os
import stat
import time
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from crdtnotes.own_files import open_regular_file, write_regular_file

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

VARIABLE = "CRDTNOTES_STATE"
"""Environment variable that names another folder for it."""

MAX_LOCK_SECONDS = 1.0
"""Seconds that a process waits for another one that has committed and not yet remembered the commit."""


_MAX_RECORD_BYTES = 128


class StreamRecord(NamedTuple):
    """The token that the file held when it was last written on this machine, and how far its stream went."""

    token: str
    actor: int
    seq: int


def state_folder() -> Path:
    """Return the folder of what this machine keeps for this user outside the vaults' files."""
    return _folder(os.environ.get(VARIABLE))


def _folder(chosen: str | None) -> Path:
    if chosen:
        return Path(chosen)
    from platformdirs import user_state_path

    return user_state_path("crdtnotes")


def _place(path: Path) -> Path:
    return _place_of(path.absolute(), os.environ.get(VARIABLE))


@lru_cache(maxsize=64)  # called at each commit
def _place_of(path: Path, folder: str | None) -> Path:
    name = blake2b(os.fsencode(path.resolve()), digest_size=16).hexdigest()
    return _folder(folder) / "replicas" / name


@lru_cache(maxsize=64)
def _spare_place(path: Path, folder: str | None) -> Path:
    """Return the place that is used where `_place` cannot be written."""
    var = Path("/var/tmp")  # noqa: S108 - only in a folder of our own in it
    base = folder or os.environ.get("TEMP") or (var if var.is_dir() else "/tmp")  # noqa: S108
    owner = os.geteuid() if hasattr(os, "geteuid") else "user"
    return Path(base) / f"crdtnotes-{owner}" / _place_of(path, "x").name


def _spare(path: Path) -> Path:
    return _spare_place(path.absolute(), os.environ.get("TMPDIR"))


def _is_private(folder: Path) -> bool:
    """Whether a folder is this user's own, and nobody else can look into it."""
    found = folder.lstat()
    if not hasattr(os, "geteuid"):
        return stat.S_ISDIR(found.st_mode)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


class CommitLock:
    """Makes other processes wait with their commits until this process has remembered its own commit.

    Otherwise one of them could find the new token in the file and the old one outside. If locks or the
    folder are not available, it does nothing, which at worst costs a new stream.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> None:
        """Take the lock; call it before a commit, inside its transaction."""
        if fcntl is None:
            return
        with suppress(OSError):
            if self._file is None:
                self._file = _opened(self._path)
            until = time.monotonic() + MAX_LOCK_SECONDS
            while not _lock(self._file) and time.monotonic() < until:
                time.sleep(0.0005)

    def end(self) -> None:
        """Release the lock: the commit is remembered, or nothing was committed."""
        if self._file is not None:
            with suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the lock's file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def recall(path: Path) -> StreamRecord | None:
    """Return the record for the replica at this path; None if there is none, or it cannot be read."""
    found: dict[int, Path] = {}
    with suppress(OSError):
        found[_place(path).stat().st_mtime_ns] = _place(path)
    with suppress(OSError):
        spare = _spare(path)
        if _is_private(spare.parent):
            found[spare.stat().st_mtime_ns] = spare
    try:
        with open_regular_file(found[max(found, default=0)], follow=False) as file:
            token, actor, seq = file.read(_MAX_RECORD_BYTES).decode("ascii").split()
        return StreamRecord(token, int(actor, 16), int(seq, 16))
    except (OSError, KeyError, ValueError):
        return None


def remember(path: Path, what: StreamRecord) -> None:
    """Store the record for the replica at this path, if the state folder or its substitute can be written."""
    line = f"{what.token} {what.actor:016x} {what.seq:016x}\n".encode()
    try:
        file = _opened(path)
        try:
            os.write(file, line)
        finally:
            os.close(file)
    except OSError as error:
        # Each program that writes then begins a stream of its own.
        import logging  # takes longer to load than a vault takes to open

        logging.getLogger("crdtnotes.store").info("the state folder cannot be written: %s", error.strerror)


def move(old: Path, new: Path) -> None:
    """Move the record along with a file that is moved to another path."""
    for place in (_place, _spare):
        with suppress(OSError):
            place(old).replace(place(new))


def forget(path: Path) -> None:
    """Delete the record of a file that is gone."""
    for place in (_place, _spare):
        with suppress(OSError):
            place(path).unlink(missing_ok=True)


def _opened(path: Path) -> int:
    """Open the record of the replica at this path for writing; raises OSError if no place can be written."""
    try:
        return _opened_at(_place(path))
    except OSError:
        spare = _spare(path)
        with suppress(FileExistsError):
            spare.parent.mkdir(mode=0o700)
        if not _is_private(spare.parent):
            raise
        return os.open(spare, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)


def _opened_at(place: Path) -> int:
    try:
        return write_regular_file(place)
    except FileNotFoundError:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return write_regular_file(place)
