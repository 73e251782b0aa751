"""Exporting a vault as a folder of Markdown files.

Rules
    - A note goes to the file that it came from or was last exported to, whatever the spelling of the file's
      name; a new note goes to ``<name>.md``. A note that was renamed since moves to a file of its new name,
      and its old file goes.
    - A file is only overwritten or moved if its bytes are in the vault: they are those that were compared
      with its note last, or the file has an earlier text of its note. Any other file was written by somebody
      else, so it stays, and the note is reported. `force` overwrites it; it is never moved.
    - Nothing else is deleted. From a folder that was imported below a folder of notes (`into`), only those
      notes are exported.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crdtnotes.errors import Busy, Damaged, DiskFull, LocalError, NoteNotFound, ReadOnly
from crdtnotes.mirror.files import NotDone, system_reason
from crdtnotes.mirror.outgoing import Files
from crdtnotes.mirror.remembered import Remembered
from crdtnotes.mirror.walk import file_path
from crdtnotes.progress import Progress, no_progress
from crdtnotes.store.known_files import KnownFile, hash_of
from crdtnotes.store.past_texts import had_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crdtnotes.vault import Vault

STORED_AT_ONCE = 500
"""What is known of this many files is stored in one transaction."""

EDITED = "Its file was edited since it was last imported or exported here; import it first, or use --force."
UNKNOWN = "A file of its name has another text; import that first, or use --force."


class Moved(NamedTuple):
    """The file of a note that was renamed: its old and its new path."""

    old: str
    new: str


@dataclass(slots=True)
class ExportReport:
    """The result of an export.

    `written`, `unchanged` and `failed` are names of notes, in name order; `failed` has the reasons too.
    `moved` are the files of renamed notes.
    """

    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[NotDone] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)


def export_folder(
    vault: Vault,
    folder: str | os.PathLike[str],
    progress: Progress = no_progress,
    *,
    force: bool = False,
    dry_run: bool = False,
) -> ExportReport:
    """Write every note as a Markdown file in UTF-8, unless its file already holds these bytes.

    Makes `folder` if it is missing. Writes nothing outside `folder`: links that lead out are not followed. A
    note that cannot have its own file is reported and skipped. With `force`, files that were edited since are
    overwritten. A `dry_run` reports the same and changes nothing. Raises LocalError if `folder` cannot be
    made. `progress` counts the notes that are done.
    """
    if not dry_run:
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = system_reason(error)
            raise LocalError(f"The folder {os.fspath(folder)} cannot be made: {reason}") from error
    return _Export(vault, os.path.realpath(folder), force, dry_run).run(progress)


class _Going(NamedTuple):
    """A note on its way to a file: its old file, if it was renamed, and the path of its file."""

    note: bytes
    name: str
    text: str
    known: KnownFile | None
    path: str

    @property
    def is_moving(self) -> bool:
        return self.known is not None and self.known.path != self.path


class _Export:
    """One export."""

    def __init__(self, vault: Vault, root: str, force: bool, dry_run: bool) -> None:
        self._vault = vault
        self._force = force
        self._files = Files(root, dry_run)
        self._dry_run = dry_run
        self._remembered = Remembered(vault, root)
        self._report = ExportReport()
        self._compared: list[tuple[_Going, bytes]] = []
        with vault.replica.reading():
            self._shown = vault.replica.notes.names_by_id()
        self._own: dict[bytes, KnownFile] = {}
        for file in self._remembered.known.values():
            # Of several files of a note, the one that has its name.
            if file.note not in self._own or file.name == self._shown.get(file.note):
                self._own[file.note] = file

    def run(self, progress: Progress) -> ExportReport:
        """Export the notes."""
        below = self._remembered.below
        names = [info.name for info in self._vault.notes()]
        names = [name for name in names if not below or name.startswith(f"{below}/")]
        progress(0, len(names))
        moving: list[_Going] = []
        freed = self._paths_to_leave()
        done = 0
        for name in names:
            going = self._going(name)
            if going is not None and (going.is_moving or going.path in freed):
                moving.append(going)
                continue
            if going is not None:
                self._put(going, frozenset())
            done += 1
            progress(done, len(names))
        for _ in self._move(moving):
            done += 1
            progress(done, len(names))
        self._remember(())
        order = {name: place for place, name in enumerate(names)}
        self._report.written.sort(key=order.__getitem__)
        self._report.unchanged.sort(key=order.__getitem__)
        self._report.failed.sort(key=lambda failed: order[failed.path])
        return self._report

    def _paths_to_leave(self) -> frozenset[str]:
        """The files that renamed notes may leave, where other notes may go."""
        return frozenset(
            known.path
            for note, known in self._own.items()
            if (name := self._shown.get(note)) is not None and name != known.name
        )

    def _going(self, name: str) -> _Going | None:
        """The note with this name and the path of its file; None if it cannot be exported."""
        try:
            note = self._vault.note(name)
            text = note.text
            if note.name != name:
                # Another process has since deleted the note, and `name` is an alias or title of another one,
                # which is exported by itself.
                return None
        except NoteNotFound:
            return None  # as above
        except Damaged as error:
            self._fail(name, str(error))
            return None
        uid = bytes.fromhex(note.id)
        known = self._own.get(uid)
        is_same = known is not None and known.name == name
        path = known.path if known is not None and is_same else file_path(name, self._remembered.below)
        return _Going(uid, name, text, known, path)

    # -- files that stay where they are

    def _put(self, going: _Going, vacated: frozenset[str]) -> bool:
        """Write a note's file; return whether it now has the note's text. `vacated` files may go."""
        try:
            self._files.check(going.path, going.name)
            held = self._files.read(going.path)
            data = going.text.encode("utf-8")
            if held == data or (held is not None and self._is_converted(going, held)):
                self._report.unchanged.append(going.name)
            else:
                reason = None if held is None else self._obstacle(going, held, vacated)
                if reason is not None:
                    self._fail(going.name, reason)
                    return False
                self._files.write(going.path, data)
                self._report.written.append(going.name)
                held = data
            self._files.own(going.path, going.name)
        except OSError as error:
            self._fail(going.name, system_reason(error))
            return False
        except LocalError as error:
            self._fail(going.name, str(error))
            return False
        self._note_compared(going, held)
        return True

    def _obstacle(self, going: _Going, held: bytes, vacated: frozenset[str]) -> str | None:
        """Why a note's file, which holds other bytes, cannot be overwritten; None if it can."""
        if self._force or going.path in vacated or self._files.is_link(going.path):
            return None
        if going.known is not None and going.known.hash == hash_of(held):
            return None
        there = self._remembered.known.get(going.path)
        if there is not None and there.hash == hash_of(held):
            other = self._shown.get(there.note)
            if other is None:
                return None  # that note was deleted
            return f"Its file would be that of “{other}”."
        try:
            text = held.decode("utf-8")
        except UnicodeDecodeError:
            text = None
        if text is not None and there is None and had_text(self._vault.replica, going.note, text):
            return None
        return UNKNOWN if there is None else EDITED

    def _is_converted(self, going: _Going, held: bytes) -> bool:
        """Whether a file has the note's text in another encoding, from which it was imported."""
        known = going.known
        return (
            known is not None
            and known.path == going.path
            and known.text is not None
            and known.hash == hash_of(held)
            and self._remembered.files.base(known) == going.text
        )

    # -- files of renamed notes

    def _move(self, moving: list[_Going]) -> Iterable[None]:
        """Write the files of renamed notes under their new names, then delete the old ones; yield for each.

        Notes may have exchanged their names, so an old file may be overwritten by another note that moves.
        But a note whose own file must stay does not move, so its file is not free for another one.
        """
        able = [going for going in moving if self._can_leave(going)]
        while True:
            vacated = frozenset(self._old(going) for going in able if going.is_moving)
            staying = [going for going in able if not self._has_room(going, vacated)]
            if not staying:
                break
            able = [going for going in able if going not in staying]
            for going in staying:
                self._fail(going.name, f"Another file is at {going.path}; import it first, or use --force.")
        arrived: list[_Going] = []
        for going in moving:
            if going in able and self._put(going, vacated) and going.is_moving:
                arrived.append(going)
            yield
        taken = {going.path for going in able}
        for going in arrived:
            old = self._old(going)
            if old not in taken and going.known is not None:
                self._files.remove(old, going.known.hash, going.path)
            self._report.moved.append(Moved(old, going.path))
        self._remember({self._old(going) for going in arrived} - taken)

    def _can_leave(self, going: _Going) -> bool:
        """Whether a renamed note's old file holds nothing that the vault lacks, or is gone."""
        if going.known is None or not going.is_moving:
            return True
        try:
            held = self._files.read(going.known.path)
        except OSError as error:
            self._fail(going.name, system_reason(error))
            return False
        if held is not None and hash_of(held) != going.known.hash and held != going.text.encode():
            self._fail(going.name, f"Its file {going.known.path} was edited and stays; import it first.")
            return False
        return True

    def _has_room(self, going: _Going, vacated: frozenset[str]) -> bool:
        """Whether a note can be written where it goes."""
        try:
            held = self._files.read(going.path)
        except OSError:
            return True  # the attempt to write says why it fails
        return held is None or held == going.text.encode() or self._obstacle(going, held, vacated) is None

    def _old(self, going: _Going) -> str:
        return "" if going.known is None else going.known.path

    # -- what is known of files

    def _fail(self, name: str, reason: str) -> None:
        self._report.failed.append(NotDone(name, reason))

    def _note_compared(self, going: _Going, held: bytes) -> None:
        known = going.known
        if known is None or known[:4] != (going.path, going.note, going.name, hash_of(held)):
            self._compared.append((going, held))
            if len(self._compared) >= STORED_AT_ONCE:
                self._remember(())

    def _remember(self, gone: Iterable[str]) -> None:
        """Store what is known of the files now, unless the vault's file cannot be written."""
        compared, self._compared = self._compared, []
        gone = list(gone)
        if self._dry_run or self._vault.replica.read_only or not (compared or gone):
            return
        files = self._remembered.files
        with suppress(Busy, DiskFull, ReadOnly), self._vault.transaction():
            self._remembered.put(
                [
                    files.compared(going.path, going.note, going.name, held, going.text)
                    for going, held in compared
                ],
                gone,
            )
