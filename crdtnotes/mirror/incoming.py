"""What one file of a folder does to its note. All of it happens inside a transaction.

Rules
    - A file that has not changed since it was last compared here changes nothing: what differs was written in
      the vault, where the note may have been edited, renamed or deleted.
    - Otherwise the edit goes to the note that the file belongs to, whatever it is called now. It is merged
      with the note's own edits against the text that the file had (its base).
    - An edit wins over a deletion: the note comes back with the file's text.
    - If the base is not known any more, no line of either side is dropped.
    - A file that is new here makes a note, or belongs to the note of its name. If it has an earlier text of
      that note, nothing is changed; else its text takes the place of the note's.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crdtnotes.changes.erasing import ERASED_NAME
from crdtnotes.errors import NoteExists, NoteNotFound
from crdtnotes.markup.names import name_key
from crdtnotes.mirror.files import NotDone
from crdtnotes.store.known_files import KnownFile, hash_of
from crdtnotes.store.past_texts import find_past_text, had_text

if TYPE_CHECKING:
    from crdtnotes.helpers.outliner import Links
    from crdtnotes.mirror.importer import ImportReport
    from crdtnotes.mirror.remembered import Remembered
    from crdtnotes.mirror.walk import NoteFile
    from crdtnotes.note import Note
    from crdtnotes.vault import Vault


_LINE = re.compile(r"[^\n]*\n|[^\n]+")


class ReadFile(NamedTuple):
    """A file that was read: its bytes, its text, and when it was modified, in ms since 1970."""

    file: NoteFile
    data: bytes
    text: str
    modified: int


class Incoming:
    """Brings the files of a folder into a vault."""

    def __init__(self, vault: Vault, remembered: Remembered) -> None:
        """Read which notes there are when the import begins."""
        self._vault = vault
        self._remembered = remembered
        with vault.replica.reading():
            self._shown = vault.replica.notes.names_by_id()
        self._by_key = {name_key(name): uid for uid, name in self._shown.items()}
        self._elsewhere = remembered.elsewhere()

    def is_here(self, file: NoteFile) -> bool:
        """Whether a file belongs to a note that is there already."""
        return file.path in self._remembered.known or name_key(file.name) in self._by_key

    def refused(self, one: ReadFile) -> Path | None:
        """The other folder to which the note of this file's name belongs, if the file would replace its text.

        None if it would not.
        """
        if one.file.path in self._remembered.known:
            return None
        uid = self._by_key.get(name_key(one.file.name))
        others = [] if uid is None else self._elsewhere.get(uid, [])
        standing = [folder for folder, _ in others if folder.is_dir()]
        if uid is None or not standing or any(hash_of(one.data) == file.hash for _, file in others):
            return None
        text = self._vault.note_by_id(uid.hex()).text
        return None if text == one.text or had_text(self._vault.replica, uid, one.text) else standing[0]

    def store(self, one: ReadFile, links: Links | None, report: ImportReport) -> KnownFile | None:
        """Let a file change its note, and say so in the report; return what is known of the file now.

        `links` are the links of the text, if they have been extracted. None means that nothing new is known.
        """
        known = self._remembered.known.get(one.file.path)
        if known is not None and known.hash == hash_of(one.data):
            self._leave(known, report)
            return None
        note = None if known is None else self._note(known.note)
        if known is not None and note is not None:
            return self._edit(note, known, one, report)
        uid = self._by_key.get(name_key(one.file.name))
        note = None if uid is None else self._note_named(uid, one.file.name)
        if note is None:
            try:
                return self._create(one, links, report)
            except NoteExists:  # another process has created it since
                note = self._vault.note(one.file.name)
        return self._meet(note, one, report)

    def _leave(self, known: KnownFile, report: ImportReport) -> None:
        name = self._shown.get(known.note)
        report.unchanged.append(known.name if name is None else name)
        if name is None:
            report.notices.append(NotDone(known.path, "Its note was deleted, and stays so."))
        elif name_key(name) != name_key(known.name):
            report.notices.append(NotDone(known.path, f"Its note is called “{name}” now."))

    def _edit(self, note: Note, known: KnownFile, one: ReadFile, report: ImportReport) -> KnownFile | None:
        """Bring the edit of a known file into its note."""
        say = report.notices
        try:
            name = note.name
        except NoteNotFound:
            if self._is_erased(known.note):
                return self._create(one, None, report)
            note.restore()
            name = note.name
            note.write(one.text)
            report.updated.append(name)
            say.append(NotDone(one.file.path, "Its note had been deleted, and is back with the file's text."))
            return self._compared(note, known.name, one)
        if name_key(name) != name_key(known.name):
            say.append(NotDone(one.file.path, f"Its note is called “{name}” now."))
        now = note.text
        if now == one.text:
            report.unchanged.append(name)
            return self._compared(note, known.name, one)
        base = now if known.hash == hash_of(now.encode()) else self._remembered.files.base(known)
        if base is not None:
            note.write(one.text, base)
        else:
            note.write(with_all_lines(now, one.text))
            say.append(
                NotDone(one.file.path, "Its former text is not known any more; all lines of both were kept.")
            )
        report.updated.append(name)
        return self._compared(note, known.name, one)

    def _create(self, one: ReadFile, links: Links | None, report: ImportReport) -> KnownFile:
        found = None if links is None else {(kind, value): count for kind, value, count in links}
        note = self._vault.create_note(
            one.file.name, one.text, links=found, modified=one.modified, keeps_links=False
        )
        report.created.append(one.file.name)
        uid = bytes.fromhex(note.id)
        return self._remembered.files.born(one.file.path, uid, one.file.name, one.data, one.text)

    def _meet(self, note: Note, one: ReadFile, report: ImportReport) -> KnownFile:
        """Bring in a file that is new here, and whose name is that of a note."""
        uid, name, now = bytes.fromhex(note.id), note.name, note.text
        if now == one.text:
            report.unchanged.append(name)
            return self._compared(note, name, one)
        moved = next((file for _, file in self._elsewhere.get(uid, []) if file.path == one.file.path), None)
        base = None if moved is None else self._remembered.files.base(moved)
        if base == one.text:
            report.unchanged.append(name)
            return self._compared(note, name, one)
        if base is not None:
            note.write(one.text, base)
            report.updated.append(name)
            return self._compared(note, name, one)
        past = find_past_text(self._vault.replica, uid, len(one.text), one.text.__eq__)
        if past is not None:
            report.unchanged.append(name)
            report.notices.append(NotDone(one.file.path, "It has an earlier text of its note, which stays."))
            return self._remembered.files.earlier(one.file.path, uid, name, one.data, past)
        note.write(one.text)
        report.updated.append(name)
        report.notices.append(NotDone(one.file.path, "It is new here; its text replaces that of its note."))
        return self._compared(note, name, one)

    def _compared(self, note: Note, name: str, one: ReadFile) -> KnownFile:
        """What is known of a file that was compared with its note; `name` is the one that it stands for."""
        now = note.text  # this logs the edits, too
        uid = bytes.fromhex(note.id)
        return self._remembered.files.compared(one.file.path, uid, name, one.data, one.text, now)

    def _is_erased(self, uid: bytes) -> bool:
        """Whether the name of a deleted note was erased: then nothing of it comes back."""
        doc = self._vault.replica.documents.open(uid)
        return doc is not None and doc.state.name.value == ERASED_NAME

    def _note(self, uid: bytes) -> Note | None:
        try:
            return self._vault.note_by_id(uid.hex())
        except NoteNotFound:
            return None

    def _note_named(self, uid: bytes, name: str) -> Note | None:
        """The note with this id, unless it is gone or has another name since."""
        note = self._note(uid)
        try:
            return note if note is not None and name_key(note.name) == name_key(name) else None
        except NoteNotFound:
            return None


def with_all_lines(one: str, other: str) -> str:
    """A text with the lines of both, those that they share once; where they differ, those of `one` first."""
    old, new = _LINE.findall(one), _LINE.findall(other)
    lines: list[str] = []
    for _, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        part = old[start:end]
        if part != new[new_start:new_end]:
            if part and new_start < new_end and not part[-1].endswith("\n"):
                part = [*part[:-1], part[-1] + "\n"]
            part += new[new_start:new_end]
        lines += part
    return "".join(lines)
