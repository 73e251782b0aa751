"""Finding the notes in a folder.

Rules:

- A file is a note if its name ends in ``.md`` and does not start with a dot: names that start with a dot are
  those of other programs' files. Folders of such a name, and notes, are reported; other hidden files are not.
  But a hidden file that is a note already, because it was exported, stays it.
- A real folder is walked once, under its own name. A link to a folder is followed only if it leads to a place
  inside the root that is not walked otherwise (so loops end); a link to a file is followed only if the file
  is inside the root.
- If several files have names that count as the same, the one that is a note already stays it. Otherwise it
  is the one whose name is spelled like the note's (NFC, no spaces around it, one ``.md``); of several such
  files, or if there is none, the first in path order.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from crdtnotes.errors import InvalidName, LocalError
from crdtnotes.markup.names import clean_name, name_key
from crdtnotes.mirror.files import (
    HIDDEN_FOLDER,
    NOT_MARKDOWN,
    SUFFIX,
    NotDone,
    is_inside,
    missing_first,
    system_reason,
)


@dataclass(frozen=True, slots=True)
class NoteFile:
    """A file that holds a note: its path on disk, its path in reports, and the note's name."""

    file: Path
    path: str
    name: str


@dataclass(slots=True)
class Listing:
    """The content of a folder: its notes in path order, and the files that are not notes."""

    notes: list[NoteFile] = field(default_factory=list)
    left_out: list[NotDone] = field(default_factory=list)


def find_notes(folder: Path, known: Collection[str] = (), below: str = "") -> Listing:
    """The notes in `folder` and its subfolders. Raises LocalError if it is not a folder.

    `known` are the paths of files that are notes already. `below` is a folder of notes that all names begin
    with, or "".
    """
    if not folder.is_dir():
        raise LocalError(f"{folder} is not a folder.")
    walk = _Walk(os.path.realpath(folder), known)
    walk.run()
    listing = Listing(left_out=walk.left_out)
    same: dict[str, list[NoteFile]] = {}
    for relative, real in sorted(walk.files, key=lambda found: found[0].split("/")):
        path = _shown(relative)
        if path != relative:
            listing.left_out.append(NotDone(path, "The file's name is not UTF-8."))
            continue
        try:
            name = note_name(path, below)
        except InvalidName as error:
            listing.left_out.append(NotDone(path, str(error)))
            continue
        same.setdefault(name_key(name), []).append(NoteFile(Path(real), path, name))
    for files in same.values():
        note = min(files, key=lambda file: (file.path not in known, not _is_canonical(file, below)))
        listing.notes.append(note)
        listing.left_out += [
            NotDone(file.path, f"Its name counts as the same as that of “{note.path}”.")
            for file in files
            if file is not note
        ]
    listing.notes.sort(key=lambda file: file.path.split("/"))
    listing.left_out.sort(key=missing_first)
    return listing


def note_name(path: str, below: str = "") -> str:
    """The name of the note in a file; raises InvalidName. For `below` see `find_notes`."""
    name = clean_name(path[: -len(SUFFIX)])
    return clean_name(f"{below}/{name}") if below else name


def file_path(name: str, below: str = "") -> str:
    """The path of the file of a note that has no file yet; its name begins with `below`, if that is given."""
    return (name[len(below) + 1 :] if below else name) + SUFFIX


def _is_canonical(file: NoteFile, below: str) -> bool:
    return file.path == file_path(file.name, below)


class _Walk:
    """One pass over a folder; paths are strings, and relative paths use ``/``."""

    def __init__(self, root: str, known: Collection[str]) -> None:
        self.root = root
        self._hidden_notes = {
            path[: end.start()]  # the file, and each folder above it
            for path in known
            if path.startswith(".") or "/." in path
            for end in re.finditer("/|$", path)
        }
        self.files: list[tuple[str, str]] = []  # relative path, real path
        self.left_out: list[NotDone] = []
        self._walked: set[str] = set()  # real paths of folders
        self._folder_links: list[tuple[str, str]] = []  # relative path, real path of the target

    def run(self) -> None:
        self._tree("", self.root)
        # Real folders come first, so that a note is named after its real path and not after a link to it.
        for relative, target in self._folder_links:  # grows during the loop
            if target in self._walked:
                self._leave_out(relative, "It is a link to a folder that is imported under its own name.")
            else:
                self._tree(relative, target)

    def _tree(self, relative: str, folder: str) -> None:
        waiting = [(relative, folder)]
        while waiting:
            relative, folder = waiting.pop()
            if folder in self._walked:
                continue
            self._walked.add(folder)
            try:
                with os.scandir(folder) as found:
                    entries = sorted(found, key=lambda entry: entry.name)
            except OSError as error:
                self._leave_out(relative or ".", system_reason(error))
                continue
            for entry in entries:
                place = f"{relative}/{entry.name}" if relative else entry.name
                if entry.name.startswith(".") and place not in self._hidden_notes:
                    self._hidden(place, entry)
                    continue
                try:
                    if entry.is_symlink():
                        self._link(place, entry.path)
                    elif entry.is_dir(follow_symlinks=False):
                        waiting.append((place, entry.path))
                    else:
                        self._file(place, entry.path)
                except OSError as error:
                    self._leave_out(place, system_reason(error))

    def _hidden(self, relative: str, entry: os.DirEntry[str]) -> None:
        """Report a hidden folder or note, but not what Emacs and macOS put beside a note."""
        if entry.is_symlink() or entry.name.startswith(("._", ".#")):
            return
        if entry.is_dir(follow_symlinks=False):
            self._leave_out(relative, HIDDEN_FOLDER)
        elif entry.name.lower().endswith(SUFFIX):
            self._leave_out(relative, "Its name begins with a dot, which hides it.")

    def _link(self, relative: str, link: str) -> None:
        try:
            target = os.path.realpath(link, strict=True)
        except OSError:
            self._leave_out(relative, "It is a link that leads nowhere.")
            return
        if not is_inside(target, self.root):
            self._leave_out(relative, "It is a link that leads out of the folder.")
        elif Path(target).is_dir():
            self._folder_links.append((relative, target))
        else:
            self._file(relative, target)

    def _file(self, relative: str, real: str) -> None:
        if not relative.lower().endswith(SUFFIX):
            self._leave_out(relative, NOT_MARKDOWN)
        elif not Path(real).is_file():
            self._leave_out(relative, "It is not an ordinary file.")
        else:
            self.files.append((relative, real))

    def _leave_out(self, relative: str, reason: str) -> None:
        self.left_out.append(NotDone(_shown(relative), reason))


def _shown(relative: str) -> str:
    """A path that can be printed: bytes that are not UTF-8 are lone surrogates in it and are replaced."""
    return relative.encode("utf-8", "backslashreplace").decode("utf-8")
