"""Files for texts that the replica could not store, kept until it can.

A file holds one note's text as it was typed, and the text on which it was based, so that changes by others
are kept when it is restored. The vault's folder is tried first, then the user's state folder, then a private
folder among the temporary files, which are often on another disk.

All users share the folder for temporary files, and some share the vault's. So a file is written only under a
new name or in a private folder, and it is read only if it is a regular file of this user. If a passphrase
locks this device's keys, the file is encrypted for them: the vault may lie in an encrypted folder, and the
temporary files may not. Writing needs no passphrase, restoring does.

The process that writes such a file keeps it locked: other editors of the same vault leave it alone as long as
that process lives. The system frees the lock when a process ends, however it ends.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
from platformdirs import user_state_path

from crdtnotes import Vault
from crdtnotes.errors import BadIdentity, CrdtnotesError, NoteNotFound
from crdtnotes.own_files import open_own_file, private_folder
from crdtnotes.own_keys import are_locked as keys_are_locked
from crdtnotes.own_keys import decrypt_on_this_device, encrypt_for_this_device, is_encrypted

try:
    import fcntl
except ImportError:  # Windows: others cannot remove an open file, which serves as the lock
    fcntl = None  # type: ignore[assignment]

_ENDING = ".unsaved"

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


def _private_name() -> str:
    """Return the name of this user's folder among the temporary files."""
    return f"crdtnotes-{os.getuid()}" if hasattr(os, "getuid") else "crdtnotes"


def _temporary_places() -> list[Path]:
    """Return where else among the temporary files an editor may have left texts.

    These are private folders that were made because the name of the usual one was taken, and the shared
    folder itself, which earlier builds wrote to.
    """
    shared = Path(tempfile.gettempdir())
    return [*sorted(shared.glob(f"{_private_name()}-*/")), shared]


def _encrypted(data: bytes) -> bytes:
    try:
        return encrypt_for_this_device(data) or data
    except BadIdentity:
        # The keys are damaged. The text must not be lost for that; in the vault, it is not encrypted either.
        return data


class UnsavedFiles:
    """Keeps unsaved texts of the vault at a path, one file for each note."""

    def __init__(self, vault: Path) -> None:
        self._vault = vault
        self._kept: dict[str, tuple[Path, BinaryIO, Unsaved]] = {}

    def keep(self, unsaved: Unsaved) -> Path | None:
        """Write a text to disk, replacing the note's earlier one; return its path, None if that failed."""
        kept = self._kept.get(unsaved.note)
        if kept is not None and kept[2] == unsaved:
            return kept[0]
        data = _encrypted(msgspec.json.encode(unsaved))
        for folder in places(self._vault):
            written = _write(folder, f"{self._vault.name}.{unsaved.note[:12]}.", data)
            if written is not None:
                self.drop(unsaved.note)
                self._kept[unsaved.note] = (*written, unsaved)
                return written[0]
        return None

    def drop(self, note: str) -> None:
        """Remove a note's file, because the replica has the text now."""
        kept = self._kept.pop(note, None)
        if kept is not None:
            kept[0].unlink(missing_ok=True)
            kept[1].close()

    def where(self, note: str) -> Path | None:
        """Return the path of a note's file, None if there is none."""
        kept = self._kept.get(note)
        return None if kept is None else kept[0]

    def close(self) -> None:
        """Close the files and leave them for the next editor."""
        for _, file, _ in self._kept.values():
            file.close()
        self._kept.clear()


def left_behind(vault: Path, vault_id: str) -> Iterator[Left]:
    """Yield the texts that editors of this vault left which are no longer running.

    While this device's keys are locked, texts that are encrypted for them are left out.
    """
    for path in _left_files(vault):
        with suppress(OSError):
            left = _take(path, vault_id)
            if left is not None:
                yield left


def are_locked(vault: Path) -> bool:
    """Whether texts of a vault with this file name are encrypted for this device's keys, which are locked.

    Raises BadIdentity.
    """
    for path in _left_files(vault):
        if path.name.startswith(f"{vault.name}."):
            with suppress(OSError), open_own_file(path) as file:
                if is_encrypted(file.read(_START_BYTES)):
                    return keys_are_locked()
    return False


def _left_files(vault: Path) -> Iterator[Path]:
    for folder in [*places(vault), *_temporary_places()]:
        yield from sorted(folder.glob(f"*{_ENDING}"))


def bring_back(vault: Vault) -> list[str]:
    """Write the texts that were left behind to the vault's notes; return their names.

    Runs on the vault's thread. Raises a StoreError if the vault still cannot store a text; its file stays.
    """
    names: list[str] = []
    for left in left_behind(vault.path, vault.id):
        keep = True
        try:
            names.append(_put_back(vault, left.unsaved))
            keep = False
        finally:
            left.done(keep=keep)
    return names


def _put_back(vault: Vault, unsaved: Unsaved) -> str:
    with vault.transaction():
        try:
            note = vault.note_by_id(unsaved.note)
        except NoteNotFound:
            note = vault.create_note(_free(vault, unsaved.name))
        note.restore()
        if note.text != unsaved.text:
            note.write(unsaved.text, unsaved.base)
        return note.name


def _free(vault: Vault, name: str) -> str:
    number = 1
    while (free := name if number == 1 else f"{name} ({number})") in vault:
        number += 1
    return free


def _write(folder: Path, prefix: str, data: bytes) -> tuple[Path, BinaryIO] | None:
    """Write a durable file that only its owner can read; return None, and leave no file, if that fails."""
    try:
        descriptor, name = tempfile.mkstemp(".part", prefix, _made(folder))
    except OSError:
        return None
    part = Path(name)
    path = part.with_suffix(_ENDING)
    file = os.fdopen(descriptor, "w+b", buffering=0)
    try:
        _lock(file)
        view = memoryview(data)
        while view:
            view = view[file.write(view) :]
        os.fsync(file.fileno())
        part.rename(path)
    except OSError:
        file.close()
        part.unlink(missing_ok=True)
        return None
    return path, file


def _made(folder: Path) -> Path:
    """Return the folder once it exists; a private one if it is among the temporary files."""
    if folder.parent != Path(tempfile.gettempdir()):
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        return private_folder(folder)
    except OSError:
        return Path(tempfile.mkdtemp("", f"{folder.name}-", folder.parent))


def _take(path: Path, vault_id: str) -> Left | None:
    file = open_own_file(path)
    try:
        if os.fstat(file.fileno()).st_size <= _MAX_BYTES and _lock(file):
            unsaved = msgspec.json.decode(decrypt_on_this_device(file.read()), type=Unsaved)
            if unsaved.vault == vault_id and path.exists():
                return Left(unsaved, path, file)
    except (msgspec.DecodeError, UnicodeError, CrdtnotesError):
        # Not one of ours, or damaged: leave it for the person to inspect. Or locked: leave it for later.
        pass
    file.close()
    return None


def _lock(file: BinaryIO) -> bool:
    if fcntl is not None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
