"""Importing a folder of Markdown files into a vault."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crdtnotes.errors import InvalidName, InvalidText, NoteExists, NoteNotFound, TooLarge
from crdtnotes.markup.names import name_key
from crdtnotes.mirror.files import NotDone, Progress, read_note, system_reason
from crdtnotes.mirror.walk import NoteFile, find_notes

if TYPE_CHECKING:
    import os

    from crdtnotes.note import Note
    from crdtnotes.vault import Vault

# One transaction takes in up to this much: few commits, and little to do again where one is interrupted.
CHUNK_NOTES = 500
CHUNK_CHARACTERS = 4 * 1024 * 1024


@dataclass(slots=True)
class ImportReport:
    """What an import did: names of notes, in path order, and the files it passed over."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    left_out: list[NotDone] = field(default_factory=list)


def import_folder(
    vault: Vault, folder: str | os.PathLike[str], progress: Progress | None = None
) -> ImportReport:
    """Make every Markdown file in `folder` and the folders in it a note named for its path.

    A note that is already there gets the smallest edit that gives the file's text; importing again writes
    only what differs. Notes are written in transactions of many: when it is interrupted, those before stay.
    Raises LocalError where `folder` is not one; a file that cannot be taken in is reported and passed over.
    """
    listing = find_notes(Path(folder))
    report = ImportReport(left_out=listing.left_out)
    known = {name_key(info.name): info.name for info in vault.notes()}
    total = len(listing.notes)
    if progress is not None:
        progress(0, total)
    # Files are read before a transaction begins: other processes wait only for what is written.
    chunk: list[tuple[NoteFile, str]] = []
    characters = 0
    for done, found in enumerate(listing.notes, 1):
        text = _read(found, report)
        if text is not None:
            chunk.append((found, text))
            characters += len(text)
        if len(chunk) >= CHUNK_NOTES or characters >= CHUNK_CHARACTERS or done == total:
            _store_chunk(vault, chunk, known, report)
            chunk, characters = [], 0
            if progress is not None:
                progress(done, total)
    report.left_out.sort()
    return report


def _read(found: NoteFile, report: ImportReport) -> str | None:
    try:
        return read_note(found.file)
    except UnicodeDecodeError:
        reason = "It is not UTF-8 text."
    except TooLarge as error:
        reason = str(error)
    except OSError as error:
        reason = system_reason(error)
    report.left_out.append(NotDone(found.path, reason))
    return None


def _store_chunk(
    vault: Vault, chunk: list[tuple[NoteFile, str]], known: dict[str, str], report: ImportReport
) -> None:
    """Take in a chunk in one transaction; the report tells of it only once it is committed."""
    stored = ImportReport()
    try:
        with vault.transaction():
            for found, text in chunk:
                _store(vault, known.get(name_key(found.name)), found.name, text, stored)
    except (InvalidName, InvalidText, TooLarge) as error:
        # Nothing of the chunk was stored. That a note is refused may show only after others have followed it,
        # so the chunk is halved until the one that is refused stands alone.
        if len(chunk) == 1:
            report.left_out.append(NotDone(chunk[0][0].path, str(error)))
            return
        middle = len(chunk) // 2
        _store_chunk(vault, chunk[:middle], known, report)
        _store_chunk(vault, chunk[middle:], known, report)
        return
    report.created += stored.created
    report.updated += stored.updated
    report.unchanged += stored.unchanged


def _store(vault: Vault, known: str | None, name: str, text: str, stored: ImportReport) -> None:
    """Give the note `name` this text; `known` is its name if it was there when the import began."""
    note = None if known is None else _note_named(vault, known)
    if note is None:
        try:
            vault.create_note(name, text)
        except NoteExists:  # another process has made it since
            note = vault.note(name)
        else:
            stored.created.append(name)
            return
    name = note.name  # asked before the edit: what is asked after it must wait for its links to be indexed
    if note.text == text:
        stored.unchanged.append(name)
    else:
        note.write(text)
        stored.updated.append(name)


def _note_named(vault: Vault, name: str) -> Note | None:
    """The note of exactly this name: `vault.note` would also give one that only has it as title or alias."""
    try:
        note = vault.note(name)
    except NoteNotFound:
        return None
    return note if name_key(note.name) == name_key(name) else None
