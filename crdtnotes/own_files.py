"""Opening files where other users of the machine may have put something in their place.

A folder for temporary files, or one that several users share, may hold a FIFO, a link or somebody else's file
at any path. So a file is opened without waiting for a writer, is looked at only once it is open (its path may
lead elsewhere a moment later), and is used only if it is a regular file.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

# Windows has neither; its folders for temporary files belong to one user.
_NO_WAITING = getattr(os, "O_NONBLOCK", 0)
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)


def open_regular_file(path: Path, *, follow: bool = True) -> BinaryIO:
    """Open a file for reading; a link at its path is followed if a person may have made it.

    Raises OSError, also if it is not a regular file, or is a link that is not to be followed.
    """
    if not follow and not _NO_LINKS and path.is_symlink():
        raise OSError(errno.ELOOP, "It is a link", str(path))
    links = 0 if follow else _NO_LINKS
    return _regular(path, os.open(path, os.O_RDONLY | _NO_WAITING | links | _BINARY))


def open_own_file(path: Path) -> BinaryIO:
    """Open a file that this user's programs have made, for reading.

    Raises OSError, also if `path` is a link, is not a regular file, or belongs to another user.
    """
    file = open_regular_file(path, follow=False)
    if not is_own(os.fstat(file.fileno())):
        file.close()
        raise PermissionError(errno.EPERM, "It belongs to another user", str(path))
    return file


def write_regular_file(path: Path) -> int:
    """Return a descriptor for writing a file, which is created with mode 0600 if it is missing.

    Raises OSError, also if `path` is a link or is not a regular file.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | _NO_WAITING | _NO_LINKS | _BINARY, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, "It is not a file", str(path))


def private_folder(path: Path) -> Path:
    """Make sure that a folder exists which only this user can open or change; return its path.

    Raises OSError if that is impossible, for example because it is a link or belongs to another user.
    """
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    if os.name == "posix":
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            if not is_own(os.fstat(folder)):
                raise PermissionError(errno.EPERM, "It belongs to another user", str(path))
            os.fchmod(folder, 0o700)
        finally:
            os.close(folder)
    elif not path.is_dir() or path.is_symlink():
        raise FileExistsError(errno.EEXIST, "It is not a folder", str(path))
    return path


def is_own(status: os.stat_result) -> bool:
    """Whether a file belongs to this user."""
    return not hasattr(os, "getuid") or status.st_uid == os.getuid()


def _regular(path: Path, descriptor: int) -> BinaryIO:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "It is not a file", str(path))
    return os.fdopen(descriptor, "rb")
