"""Files with texts that an editor could not store: where they are, reading them, and erasing text from them.

A file holds one note's text as it was typed, and the text on which it was based, so that changes by others
are kept when it is restored. The vault's folder is tried first, then the user's state folder, then a private
folder among the temporary files, which are often on another disk.

All users share the folder for temporary files, and some share the vault's. So a file is read only if it is a
regular file of this user. If a passphrase locks this device's keys, the file is encrypted for them: the vault
may lie in an encrypted folder, and the temporary files may not. Reading it needs the passphrase.

The process that writes such a file keeps it locked: others leave it alone as long as that process lives. The
system frees the lock when a process ends, however it ends.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
from platformdirs import user_state_path

from crdtnotes.errors import BadIdentity, CrdtnotesError
from crdtnotes.own_files import open_own_file
from crdtnotes.own_keys import are_locked as keys_are_locked
from crdtnotes.own_keys import decrypt_on_this_device, encrypt_for_this_device, is_encrypted

try:
    import fcntl
except ImportError:  # Windows: others cannot remove an open file, which serves as the lock
    fcntl = None  # type: ignore[assignment]

ENDING = ".unsaved"
"""What the names of these files end with."""

_MAX_BYTES = 256 * 1024 * 1024

_START_BYTES = 64


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


def left_files(vault: Path) -> Iterator[Path]:
    """Yield all files where editors may have left texts of this vault; some may belong to others."""
    for folder in [*places(vault), *temporary_places()]:
        yield from sorted(folder.glob(f"*{ENDING}"))


def are_locked(vault: Path) -> bool:
    """Whether texts of a vault with this file name are encrypted for this device's keys, which are locked.

    Raises BadIdentity.
    """
    for path in left_files(vault):
        if path.name.startswith(f"{vault.name}."):
            with suppress(OSError), open_own_file(path) as file:
                if is_encrypted(file.read(_START_BYTES)):
                    return keys_are_locked()
    return False


def encrypted(data: bytes) -> bytes:
    """Return what a file is to hold: encrypted if a passphrase locks this device's keys."""
    try:
        return encrypt_for_this_device(data) or data
    except BadIdentity:
        # The keys are damaged. The text must not be lost for that; in the vault, it is not encrypted either.
        return data


def take(path: Path, vault_id: str) -> Left | None:
    """Lock and read a file; return None if it is in use, locked, or no text of this vault. Raises OSError."""
    file = open_own_file(path)
    try:
        if os.fstat(file.fileno()).st_size <= _MAX_BYTES and lock(file):
            unsaved = msgspec.json.decode(decrypt_on_this_device(file.read()), type=Unsaved)
            if unsaved.vault == vault_id and path.exists():
                return Left(unsaved, path, file)
    except (msgspec.DecodeError, UnicodeError, CrdtnotesError):
        # Not one of ours, or damaged: leave it for the person to inspect. Or locked: leave it for later.
        pass
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
    the vault get the new id. Files that an editor still has open are left alone, and so are those that are
    encrypted for locked keys: ask `are_locked` first.
    """
    for path in left_files(vault):
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
            file.write(encrypted(msgspec.json.encode(unsaved)))
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(left.path)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise
    return True
