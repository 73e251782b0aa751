"""Finding the notes in a folder.

Rules:

- A file is a note if its name ends in ``.md``. Files and folders whose names start with a dot are ignored and
  not reported.
- A real folder is walked once, under its own name. A link to a folder is followed only if it leads to a place
  inside the root that is not walked otherwise (so loops end); a link to a file is followed only if the file
  is inside the root.
- If two files have names that count as the same, the first file in path order is the note.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from crdtnotes.errors import InvalidName, LocalError
from crdtnotes.markup.names import clean_name, name_key
from crdtnotes.mirror.files import SUFFIX, NotDone, is_inside, system_reason


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


def find_notes(folder: Path) -> Listing:
    """The notes in `folder` and its subfolders. Raises LocalError if it is not a folder."""
    if not folder.is_dir():
        raise LocalError(f"{folder} is not a folder.")
    walk = _Walk(os.path.realpath(folder))
    walk.run()
    listing = Listing(left_out=walk.left_out)
    first: dict[str, str] = {}
    for relative, real in sorted(walk.files, key=lambda found: found[0].split("/")):
        path = _shown(relative)
        try:
            name = clean_name(relative[: -len(SUFFIX)])
        except InvalidName as error:
            listing.left_out.append(NotDone(path, str(error)))
            continue
        other = first.setdefault(name_key(name), path)
        if other != path:
            listing.left_out.append(NotDone(path, f"Its name counts as the same as that of “{other}”."))
            continue
        listing.notes.append(NoteFile(Path(real), path, name))
    listing.left_out.sort()
    return listing


class _Walk:
    """One pass over a folder; paths are strings, and relative paths use ``/``."""

    def __init__(self, root: str) -> None:
        self.root = root
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
                if entry.name.startswith("."):
                    continue
                place = f"{relative}/{entry.name}" if relative else entry.name
                try:
                    if entry.is_symlink():
                        self._link(place, entry.path)
                    elif entry.is_dir(follow_symlinks=False):
                        waiting.append((place, entry.path))
                    else:
                        self._file(place, entry.path)
                except OSError as error:
                    self._leave_out(place, system_reason(error))

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
            self._leave_out(relative, "It is not a Markdown file (.md).")
        elif not Path(real).is_file():
            self._leave_out(relative, "It is not an ordinary file.")
        else:
            self.files.append((relative, real))

    def _leave_out(self, relative: str, reason: str) -> None:
        self.left_out.append(NotDone(_shown(relative), reason))


def _shown(relative: str) -> str:
    """A path that can be printed: bytes that are not UTF-8 are lone surrogates in it and are replaced."""
    return relative.encode("utf-8", "backslashreplace").decode("utf-8")
