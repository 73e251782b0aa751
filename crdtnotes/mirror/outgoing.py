"""The files that an export writes below one folder, each given to at most one note."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from crdtnotes.errors import LocalError
from crdtnotes.mirror.files import SUFFIX, is_inside, refused_by_windows, replace_file
from crdtnotes.own_files import open_regular_file
from crdtnotes.store.known_files import hash_of


class Files:
    """The files below a folder; their paths are relative to it, with ``/``."""

    def __init__(self, root: str, dry_run: bool) -> None:
        """A `dry_run` looks at the files and changes none."""
        self._root = root
        self._dry_run = dry_run
        self._usable: set[Path] = set()  # folders that are inside the root and exist, or can be made
        self._owners: dict[tuple[int, int], str] = {}  # (device, inode) of a file -> name of its note

    def check(self, path: str, name: str) -> None:
        """Make the folder of a file; raises OSError, or LocalError if this note cannot have this file."""
        if os.name == "nt" and (reason := refused_by_windows(path.removesuffix(SUFFIX))) is not None:
            raise LocalError(reason)
        place = self._place(path)
        self._make_folder(place.parent)
        self._check_file(place, name)

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; None if there is none; raises OSError."""
        try:
            with open_regular_file(self._place(path)) as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def is_link(self, path: str) -> bool:
        """Whether a path is a link: it can be replaced, because what it leads to stays."""
        return self._place(path).is_symlink()

    def write(self, path: str, data: bytes) -> None:
        """Make a file hold these bytes; raises OSError."""
        if not self._dry_run:
            replace_file(self._place(path), data)

    def own(self, path: str, name: str) -> None:
        """Give a file to a note."""
        with suppress(FileNotFoundError):
            self._owners[_identity(self._place(path).lstat())] = name

    def is_same(self, path: str, other: str) -> bool:
        """Whether two paths lead to one file, as two spellings may."""
        try:
            return _identity(self._place(path).lstat()) == _identity(self._place(other).lstat())
        except OSError:
            return False

    def remove(self, path: str, digest: bytes, new: str) -> None:
        """Delete a file that was moved to `new`, and the folders that it leaves empty.

        It stays if both are one file, or if it has other bytes by now.
        """
        if self._dry_run or self.is_same(path, new):
            return
        with suppress(OSError):
            held = self.read(path)
            if held is not None and hash_of(held) == digest:
                file = self._place(path)
                file.unlink()
                for parent in file.parents[: path.count("/")]:
                    parent.rmdir()
                    self._usable.discard(parent)

    def _place(self, path: str) -> Path:
        return Path(self._root, *path.split("/"))

    def _make_folder(self, folder: Path) -> None:
        if folder in self._usable:
            return
        if not is_inside(os.path.realpath(folder), self._root):
            raise LocalError("Its folder is a link that leads out of the export folder.")
        try:
            if not self._dry_run:
                folder.mkdir(parents=True, exist_ok=True)
            elif any(place.exists() and not place.is_dir() for place in (folder, *folder.parents)):
                raise FileExistsError
        except (FileExistsError, NotADirectoryError):
            raise LocalError("A file is where its folder should be.") from None
        self._usable.add(folder)

    def _check_file(self, path: Path, name: str) -> None:
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
        if owner not in (None, name) and status.st_nlink == 1:
            raise LocalError(f"On this file system its file would be the same as that of “{owner}”.")


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
