"""Importing a folder of Markdown files into a vault."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crdtnotes.errors import InvalidName, InvalidText, LocalError, TooLarge
from crdtnotes.helpers.process import MIN_BYTES_FOR_HELPERS, spare_cores
from crdtnotes.markup.names import clean_name
from crdtnotes.mirror.encodings import checked_encoding, text_of
from crdtnotes.mirror.files import NotDone, kind_of, missing_first, read_bytes, system_reason
from crdtnotes.mirror.incoming import Incoming, ReadFile
from crdtnotes.mirror.outlining import MAX_HELPERS, Outlining
from crdtnotes.mirror.remembered import Remembered
from crdtnotes.mirror.walk import NoteFile, find_notes
from crdtnotes.progress import Progress, no_progress
from crdtnotes.store.known_files import hash_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crdtnotes.helpers.outliner import Links
    from crdtnotes.mirror.outlining import Batch
    from crdtnotes.store.known_files import KnownFile
    from crdtnotes.vault import Vault

# One transaction stores up to this much: few commits, and little to do again after an interruption.
CHUNK_NOTES = 500
CHUNK_CHARACTERS = 4 * 1024 * 1024


@dataclass(slots=True)
class ImportReport:
    """The result of an import.

    `created`, `updated` and `unchanged` are names of notes, in path order. `left_out` has the files that were
    skipped, those that would be notes first. `notices` has what else a person should know, by file.
    """

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    left_out: list[NotDone] = field(default_factory=list)
    notices: list[NotDone] = field(default_factory=list)

    @property
    def missing(self) -> list[NotDone]:
        """The files that were skipped and would be notes."""
        return [one for one in self.left_out if kind_of(one) is None]


def import_folder(
    vault: Vault,
    folder: str | os.PathLike[str],
    progress: Progress = no_progress,
    *,
    into: str = "",
    encoding: str | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Make every Markdown file in `folder` and its subfolders a note named after its path.

    Importing again brings in what was edited in the files since; `incoming.py` has the rules. Each
    transaction stores many notes; after an interruption, finished ones stay. `progress` counts the files that
    are done.

    `into` is a folder of notes that the names begin with; it is remembered. Files that are not UTF-8 are read
    in `encoding`. A `dry_run` reports the same and changes nothing. A file that cannot be imported is
    reported and skipped. Raises LocalError if `folder` is not a folder or a file would replace the text of a
    note that belongs to another folder, InvalidName or InvalidText if `into` or `encoding` is no such name;
    nothing is then changed.
    """
    return _Import(vault, folder, clean_name(into) if into else "", encoding, dry_run).run(progress)


class _Undo(Exception):
    """Rolls back the transaction of a dry run."""


class _Chunk(NamedTuple):
    """Files that are stored in one transaction; after it, `done` of all files are done.

    The files in `there` belong to notes already; the links of the other files are being extracted.
    """

    files: list[ReadFile]
    there: set[NoteFile]
    batches: list[Batch]
    done: int


class _Import:
    """One import."""

    def __init__(
        self,
        vault: Vault,
        folder: str | os.PathLike[str],
        into: str,
        encoding: str | None,
        dry_run: bool,
    ) -> None:
        self._vault = vault
        self._encoding = None if encoding is None else checked_encoding(encoding)
        self._dry_run = dry_run
        self._folder = Path(folder)
        self._remembered = Remembered(vault, os.path.realpath(folder), into)
        self._incoming = Incoming(vault, self._remembered)
        listing = find_notes(self._folder, self._remembered.known, self._remembered.below)
        self._notes = listing.notes
        self._report = ImportReport(left_out=listing.left_out)

    def run(self, progress: Progress) -> ImportReport:
        """Import the folder."""
        self._refuse_to_replace()
        total = len(self._notes)
        progress(0, total)
        helpers = min(spare_cores(), MAX_HELPERS) if _needs_helpers(self._notes) else 0
        with Outlining(helpers) as outlining:
            # Other processes find the links of the next chunk while this chunk is stored.
            for chunk in _one_ahead(self._chunks(outlining)):
                links = outlining.finish(chunk.batches)
                found = [(one, None if one.file in chunk.there else next(links)) for one in chunk.files]
                self._store_chunk(found)
                progress(chunk.done, total)
        self._report.left_out.sort(key=missing_first)
        return self._report

    def _refuse_to_replace(self) -> None:
        """Raise LocalError if a file would replace the text of a note that belongs to another folder."""
        refused: list[tuple[str, Path]] = []
        for note in self._notes:
            if note.path not in self._remembered.known and self._incoming.is_here(note):
                one = self._read(note, ImportReport())
                other = None if one is None else self._incoming.refused(one)
                if other is not None:
                    refused.append((note.path, other))
        if refused:
            (path, other), more = refused[0], len(refused) - 1
            others = f" and {more:,} more would replace notes" if more else " would replace a note"
            raise LocalError(
                f"{path}{others} of the folder {other}; nothing was imported. With --into FOLDER, the notes "
                f"of {self._folder} go below a folder of their own."
            )

    def _chunks(self, outlining: Outlining) -> Iterator[_Chunk]:
        """Read the files. (Before a transaction begins: other processes only wait for the writing.)"""
        files: list[ReadFile] = []
        characters = 0
        for done, found in enumerate(self._notes, 1):
            one = self._read(found, self._report)
            if one is not None:
                files.append(one)
                characters += len(one.text)
            if len(files) >= CHUNK_NOTES or characters >= CHUNK_CHARACTERS or done == len(self._notes):
                there = {one.file for one in files if self._incoming.is_here(one.file)}
                batches = outlining.begin([one.text for one in files if one.file not in there])
                yield _Chunk(files, there, batches, done)
                files, characters = [], 0

    def _read(self, found: NoteFile, report: ImportReport) -> ReadFile | None:
        try:
            data = read_bytes(found.file)
            modified = found.file.stat().st_mtime_ns // 1_000_000
            known = self._remembered.known.get(found.path)
            if known is not None and known.text is not None and known.hash == hash_of(data):
                # It may have another encoding, in which it was converted before.
                return ReadFile(found, data, "", modified)
            return ReadFile(found, data, text_of(data, self._encoding), modified)
        except (InvalidText, TooLarge) as error:
            reason = str(error)
        except OSError as error:
            reason = system_reason(error)
        report.left_out.append(NotDone(found.path, reason))
        return None

    def _store_chunk(self, chunk: list[tuple[ReadFile, Links | None]]) -> None:
        """Store a chunk in one transaction; the report includes it only once it is committed."""
        stored = ImportReport()
        known: list[KnownFile] = []
        try:
            with suppress(_Undo), self._vault.transaction():
                for one, links in chunk:
                    file = self._incoming.store(one, links, stored)
                    if file is not None:
                        known.append(file)
                if known:
                    self._remembered.put(known)
                if self._dry_run:
                    raise _Undo
        except (InvalidName, InvalidText, TooLarge) as error:
            # Nothing of the chunk was stored. The error may appear only after later notes were added, so the
            # chunk is halved until the rejected note is alone.
            if len(chunk) == 1:
                self._report.left_out.append(NotDone(chunk[0][0].file.path, str(error)))
                return
            middle = len(chunk) // 2
            self._store_chunk(chunk[:middle])
            self._store_chunk(chunk[middle:])
            return
        self._report.created += stored.created
        self._report.updated += stored.updated
        self._report.unchanged += stored.unchanged
        self._report.notices += stored.notices


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
