"""Files for texts that the replica could not store, kept until it can (crdtnotes/unsaved.py).

All users share the folder for temporary files, and some share the vault's. So a file is written only under a
new name or in a private folder. Writing needs no passphrase, restoring does if one locks this device's keys.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from crdtnotes import Vault
from crdtnotes.errors import NoteNotFound
from crdtnotes.own_files import private_folder
from crdtnotes.unsaved import ENDING, Left, Unsaved, encrypted, left_files, lock, places, take


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
        data = encrypted(msgspec.json.encode(unsaved))
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
    for path in left_files(vault):
        with suppress(OSError):
            left = take(path, vault_id)
            if left is not None:
                yield left


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
    path = part.with_suffix(ENDING)
    file = os.fdopen(descriptor, "w+b", buffering=0)
    try:
        lock(file)
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
