"""Exporting a vault as a folder of Markdown files."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crdtnotes.errors import Damaged, LocalError, NoteNotFound
from crdtnotes.mirror.files import (
    SUFFIX,
    NotDone,
    is_inside,
    refused_by_windows,
    replace_file,
    system_reason,
)
from crdtnotes.progress import Progress, no_progress

if TYPE_CHECKING:
    from crdtnotes.vault import Vault


@dataclass(slots=True)
class ExportReport:
    """The result of an export: names of notes, in name order, and notes without a file, with the reason."""

    written: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failed: list[NotDone] = field(default_factory=list)


def export_folder(
    vault: Vault, folder: str | os.PathLike[str], progress: Progress = no_progress
) -> ExportReport:
    """Write every note as ``<folder>/<name>.md`` in UTF-8, unless the file already holds these bytes.

    Makes `folder` if it is missing. Deletes nothing and writes nothing outside `folder`: other files stay,
    and links that lead out are not followed. A note that cannot have its own file is reported and skipped.
    Raises LocalError if `folder` cannot be made. `progress` counts the notes that are done.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LocalError(f"The folder {os.fspath(folder)} cannot be made: {system_reason(error)}") from error
    files = _Files(os.path.realpath(folder))
    report = ExportReport()
    names = [info.name for info in vault.notes()]
    progress(0, len(names))
    for done, name in enumerate(names, 1):
        _export(vault, name, files, report)
        progress(done, len(names))
    return report


def _export(vault: Vault, name: str, files: _Files, report: ExportReport) -> None:
    try:
        note = vault.note(name)
        text = note.text
    except NoteNotFound:
        return  # another process has since deleted it: there is nothing to export
    except Damaged as error:
        report.failed.append(NotDone(name, str(error)))
        return
    if note.name != name:
        return  # as above, and `name` is now an alias or title of another note, which is exported by itself
    try:
        written = files.put(name, text.encode("utf-8"))
    except OSError as error:
        report.failed.append(NotDone(name, system_reason(error)))
    except LocalError as error:
        report.failed.append(NotDone(name, str(error)))
    else:
        (report.written if written else report.unchanged).append(name)


class _Files:
    """The files below one folder, each given to at most one note."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._usable: set[Path] = set()  # folders that exist and are inside the root
        self._owners: dict[tuple[int, int], str] = {}  # (device, inode) of a file -> name of its note

    def put(self, name: str, data: bytes) -> bool:
        """Make the file of note `name` hold `data`; return whether it had to be written.

        Raises OSError, or LocalError with the reason why this note cannot have a file.
        """
        if os.name == "nt" and (reason := refused_by_windows(name)) is not None:
            raise LocalError(reason)
        path = Path(self._root, *f"{name}{SUFFIX}".split("/"))
        self._make_folder(path.parent)
        self._check_file(path)
        differs = not _holds(path, data)
        if differs:
            replace_file(path, data)
        self._owners[_identity(path.lstat())] = name
        return differs

    def _make_folder(self, folder: Path) -> None:
        if folder in self._usable:
            return
        if not is_inside(os.path.realpath(folder), self._root):
            raise LocalError("Its folder is a link that leads out of the export folder.")
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise LocalError("A file is where its folder should be.") from None
        self._usable.add(folder)

    def _check_file(self, path: Path) -> None:
        """Raise LocalError if something at `path` cannot be this note's file."""
        try:
            status = path.lstat()
        except FileNotFoundError:
            return
        if stat.S_ISDIR(status.st_mode):
            raise LocalError("A folder is where its file should be.")
        if stat.S_ISLNK(status.st_mode):
            if not is_inside(os.path.realpath(path), self._root):
                raise LocalError("Its file is a link that leads out of the export folder.")
        elif not stat.S_ISREG(status.st_mode):
            raise LocalError("Something that is not a file is where its file should be.")
        # Only the file system knows which names are the same (by case, accents, links to folders): another
        # note's file is then found here again. Two hard links do not count: writing separates them.
        owner = self._owners.get(_identity(status))
        if owner is not None and status.st_nlink == 1:
            raise LocalError(f"On this file system its file would be the same as that of “{owner}”.")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _holds(path: Path, data: bytes) -> bool:
    """Whether the file `path` exists and holds exactly `data`."""
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        return False
