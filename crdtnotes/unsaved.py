"""Files with texts that an editor could not store: where they are, reading them, and erasing text from them.

A file holds one note's text as it was typed, and the text on which it was based, so that changes by others
are kept when it is restored. The vault's folder is tried first, then the user's state folder, then a private
folder among the temporary files, which are often on another disk.

All users share the folder for temporary files, and some share the vault's. So a file is read only if it is a
regular file of this user.

The process that writes such a file keeps it locked: others leave it alone as long as that process lives. The
system frees the lock when a process ends, however it ends.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
from platformdirs import user_state_path

from crdtnotes.own_files import open_own_file

try:
    import fcntl
except ImportError:  # Windows: others cannot remove an open file, which serves as the lock
    fcntl = None  # type: ignore[assignment]

ENDING = ".unsaved"
"""What the names of these files end with."""

_MAX_BYTES = 256 * 1024 * 1024


class Unsaved(msgspec.Struct, frozen=True):
    """The unsaved text of a note; `base` is its text in the replica, `vault` and `note` are ids in hex."""

    vault: str
    note: str
    name: str
    base: str
    text: str


class Left(NamedTuple):
    """A text that an earlier editor left in a file; the file stays locked until `done` is called."""

    unsaved: Unsaved
    path: Path
    file: BinaryIO

    def done(self, *, keep: bool) -> None:
        """Close the file, and remove it unless `keep`."""
        if not keep:
            self.path.unlink(missing_ok=True)
        self.file.close()


def places(vault: Path) -> list[Path]:
    """Return the folders to try, in order."""
    return [
        vault.absolute().parent,
        user_state_path("crdtnotes", appauthor=False),
        Path(tempfile.gettempdir()) / _private_name(),
    ]


def temporary_places() -> list[Path]:
    """Return where else among the temporary files an editor may have left texts.

    These are private folders that were made because the name of the usual one was taken, and the shared
    folder itself, which earlier builds wrote to.
    """
    shared = Path(tempfile.gettempdir())
    return [*sorted(shared.glob(f"{_private_name()}-*/")), shared]


def _private_name() -> str:
    """Return the name of this user's folder among the temporary files."""
    return f"crdtnotes-{os.getuid()}" if hasattr(os, "getuid") else "crdtnotes"


def take(path: Path, vault_id: str) -> Left | None:
    """Lock and read a file; return None if it is in use, or holds no text of this vault. Raises OSError."""
    file = open_own_file(path)
    try:
        if os.fstat(file.fileno()).st_size <= _MAX_BYTES and lock(file):
            unsaved = msgspec.json.decode(file.read(), type=Unsaved)
            if unsaved.vault == vault_id and path.exists():
                return Left(unsaved, path, file)
    except (msgspec.DecodeError, UnicodeError):
        pass  # not one of ours, or damaged: leave it for the person to inspect
    file.close()
    return None


def lock(file: BinaryIO) -> bool:
    """Lock a file until it is closed; return False if another process has."""
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def erase_unsaved(vault: Path, before: str, after: str, note: str, text: str | None) -> None:
    """Erase a text from the unsaved texts of a note, or remove them if `text` is None.

    `before` and `after` are the ids of the vault at `vault` before the text was erased and now; all files of
    the vault get the new id. Files that an editor still has open are left alone.
    """
    for folder in [*places(vault), *temporary_places()]:
        for path in sorted(folder.glob(f"*{ENDING}")):
            with suppress(OSError):
                left = take(path, before)
                if left is not None:
                    left.done(keep=_rewritten(left, after, note, text))


def _rewritten(left: Left, vault: str, note: str, text: str | None) -> bool:
    """Write a file anew without a text; return whether the file is to stay."""
    unsaved = left.unsaved
    if unsaved.note == note:
        if text is None:
            return False
        unsaved = Unsaved(
            vault, note, unsaved.name, unsaved.base.replace(text, ""), unsaved.text.replace(text, "")
        )
    elif vault != unsaved.vault:
        unsaved = msgspec.structs.replace(unsaved, vault=vault)
    if unsaved == left.unsaved:
        return True
    descriptor, part = tempfile.mkstemp(".part", left.path.stem, left.path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(unsaved))
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(left.path)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise
    return True
