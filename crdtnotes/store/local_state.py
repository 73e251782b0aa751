"""What this machine remembers of a replica outside its file, in the user's state folder.

A file can be copied, or restored from a backup. What lies outside does not go with it, so comparing the
two shows it. Nothing here needs to be durable or atomic: where it is missing or torn, a new stream begins,
which costs a few bytes and is always right.
"""

import os
import time
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

VARIABLE = "CRDTNOTES_STATE"
"""Names another folder for it."""

PATIENCE = 1.0
"""Seconds for which a process waits for another that is between its commit and remembering it."""


class Remembered(NamedTuple):
    """The token that the file held when it was last written here; how far its stream went."""

    token: str
    actor: int
    seq: int


def _place(path: Path) -> Path:
    return _place_of(path.absolute(), os.environ.get(VARIABLE))


@lru_cache(maxsize=64)  # each commit asks
def _place_of(path: Path, folder: str | None) -> Path:
    if folder:
        state = Path(folder)
    else:
        from platformdirs import user_state_path

        state = user_state_path("crdtnotes")
    name = blake2b(os.fsencode(path.resolve()), digest_size=16).hexdigest()
    return state / "replicas" / name


class CommitLock:
    """Holds other processes off from a commit of their own until what this one commits is remembered.

    Else one of them could find the new token in the file and the former one outside. Where locks or the
    folder cannot be had, it goes without, which at worst costs a new stream.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> None:
        """Before a commit, in its transaction."""
        if fcntl is None:
            return
        with suppress(OSError):
            if self._file is None:
                self._file = _opened(_place(self._path))
            until = time.monotonic() + PATIENCE
            while not _lock(self._file) and time.monotonic() < until:
                time.sleep(0.0005)

    def end(self) -> None:
        """What was committed is remembered, or nothing was committed."""
        if self._file is not None:
            with suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the lock's file back."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _lock(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def recall(path: Path) -> Remembered | None:
    """Return what is remembered of the replica at this path; None if that is nothing, or cannot be read."""
    try:
        token, actor, seq = _place(path).read_text("ascii").split()
        return Remembered(token, int(actor, 16), int(seq, 16))
    except (OSError, ValueError):
        return None


def remember(path: Path, what: Remembered) -> None:
    """Remember this, if the state folder can be written."""
    line = f"{what.token} {what.actor:016x} {what.seq:016x}\n".encode()
    try:
        file = _opened(_place(path))
        try:
            os.write(file, line)
        finally:
            os.close(file)
    except OSError as error:
        # Each program that writes begins a stream of its own then.
        import logging  # takes longer to load than a vault takes to open

        logging.getLogger("crdtnotes.store").info("the state folder cannot be written: %s", error.strerror)


def move(old: Path, new: Path) -> None:
    """Follow a file that is moved to another path."""
    with suppress(OSError):
        _place(old).replace(_place(new))


def forget(path: Path) -> None:
    """Forget a file that is gone."""
    with suppress(OSError):
        _place(path).unlink(missing_ok=True)


def _opened(place: Path) -> int:
    try:
        return os.open(place, os.O_WRONLY | os.O_CREAT, 0o600)
    except FileNotFoundError:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(place, os.O_WRONLY | os.O_CREAT, 0o600)
