"""Importing a folder of Markdown files into a vault."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crdtnotes.errors import InvalidName, InvalidText, NoteExists, NoteNotFound, TooLarge
from crdtnotes.helpers.process import MIN_BYTES_FOR_HELPERS, spare_cores
from crdtnotes.markup.names import name_key
from crdtnotes.mirror.files import NotDone, read_note, system_reason
from crdtnotes.mirror.outlining import MAX_HELPERS, Outlining
from crdtnotes.mirror.walk import NoteFile, find_notes
from crdtnotes.progress import Progress, no_progress

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from crdtnotes.helpers.outliner import Links
    from crdtnotes.mirror.outlining import Batch
    from crdtnotes.note import Note
    from crdtnotes.vault import Vault

# One transaction stores up to this much: few commits, and little to do again after an interruption.
CHUNK_NOTES = 500
CHUNK_CHARACTERS = 4 * 1024 * 1024


@dataclass(slots=True)
class ImportReport:
    """The result of an import: names of notes, in path order, and the files that it skipped."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    left_out: list[NotDone] = field(default_factory=list)


def import_folder(
    vault: Vault, folder: str | os.PathLike[str], progress: Progress = no_progress
) -> ImportReport:
    """Make every Markdown file in `folder` and its subfolders a note named after its path.

    A note that already exists gets the smallest edit that turns its text into the file's; importing again
    writes only differences. Each transaction stores many notes; after an interruption, finished ones stay.
    Raises LocalError if `folder` is not a folder; a file that cannot be imported is reported and skipped.
    `progress` counts the files that are done.
    """
    listing = find_notes(Path(folder))
    report = ImportReport(left_out=listing.left_out)
    known = {name_key(info.name): info.name for info in vault.notes()}
    total = len(listing.notes)
    progress(0, total)
    helpers = min(spare_cores(), MAX_HELPERS) if _needs_helpers(listing.notes) else 0
    with Outlining(helpers) as outlining:
        # Other processes find the links of the next chunk while this chunk is stored.
        for chunk in _one_ahead(_chunks(listing.notes, known, outlining, report)):
            links = outlining.finish(chunk.batches)
            found = [(file, text, None if file in chunk.there else next(links)) for file, text in chunk.texts]
            _store_chunk(vault, found, known, report)
            progress(chunk.done, total)
    report.left_out.sort()
    return report


class _Chunk(NamedTuple):
    """Files that are stored in one transaction; after it, `done` of all files are done.

    The files in `there` have notes already; the links of the other files are being extracted.
    """

    texts: list[tuple[NoteFile, str]]
    there: set[NoteFile]
    batches: list[Batch]
    done: int


def _chunks(
    notes: list[NoteFile], known: dict[str, str], outlining: Outlining, report: ImportReport
) -> Iterator[_Chunk]:
    """Read the files. (Before a transaction begins, so that other processes only wait for the writing.)"""
    texts: list[tuple[NoteFile, str]] = []
    characters = 0
    for done, found in enumerate(notes, 1):
        text = _read(found, report)
        if text is not None:
            texts.append((found, text))
            characters += len(text)
        if len(texts) >= CHUNK_NOTES or characters >= CHUNK_CHARACTERS or done == len(notes):
            there = {file for file, _ in texts if name_key(file.name) in known}
            batches = outlining.begin([text for file, text in texts if file not in there])
            yield _Chunk(texts, there, batches, done)
            texts, characters = [], 0


def _one_ahead(chunks: Iterator[_Chunk]) -> Iterator[_Chunk]:
    """Yield each chunk only after the next chunk has been started."""
    former: _Chunk | None = None
    for chunk in chunks:
        if former is not None:
            yield former
        former = chunk
    if former is not None:
        yield former


def _needs_helpers(notes: list[NoteFile]) -> bool:
    """Whether there is enough text to make starting other processes worthwhile."""
    size = 0
    for note in notes:
        with suppress(OSError):
            size += note.file.stat().st_size
        if size >= MIN_BYTES_FOR_HELPERS:
            return True
    return False


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
    vault: Vault,
    chunk: list[tuple[NoteFile, str, Links | None]],
    known: dict[str, str],
    report: ImportReport,
) -> None:
    """Store a chunk in one transaction; the report includes it only once it is committed."""
    stored = ImportReport()
    try:
        with vault.transaction():
            for found, text, links in chunk:
                _store(vault, known.get(name_key(found.name)), found.name, text, links, stored)
    except (InvalidName, InvalidText, TooLarge) as error:
        # Nothing of the chunk was stored. The error may appear only after later notes were added, so the
        # chunk is halved until the rejected note is alone.
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


def _store(
    vault: Vault, known: str | None, name: str, text: str, links: Links | None, stored: ImportReport
) -> None:
    """Give the note `name` this text; `known` is its name if it was there when the import began.

    `links` are the links of the text, if they have been extracted.
    """
    note = None if known is None else _note_named(vault, known)
    if note is None:
        try:
            found = None if links is None else {(kind, value): count for kind, value, count in links}
            vault.create_note(name, text, links=found, keeps_links=False)
        except NoteExists:  # another process has created it since
            note = vault.note(name)
        else:
            stored.created.append(name)
            return
    name = note.name  # read before the edit: reading it afterwards would wait until the links are indexed
    if note.text == text:
        stored.unchanged.append(name)
    else:
        note.write(text)
        stored.updated.append(name)


def _note_named(vault: Vault, name: str) -> Note | None:
    """The note with exactly this name; `vault.note` also finds notes that only have it as title or alias."""
    try:
        note = vault.note(name)
    except NoteNotFound:
        return None
    return note if name_key(note.name) == name_key(name) else None
