"""Notifications of writes to a file on Linux: inotify(7), called through the C library."""

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

_IN_MODIFY = 0x002
_IN_ATTRIB = 0x004
_NONBLOCK = 0o4000
_CLOEXEC = 0o2000000
_BUFFER = 64 * 1024


def watch(path: Path) -> int | None:
    """Return a descriptor that becomes readable when the file is written or unlinked; the caller closes it.

    None if that is not possible: on another system, for a missing file, or if too many files are already
    watched. A network file system reports only this machine's own writes.
    """
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    try:
        descriptor = int(library.inotify_init1(_NONBLOCK | _CLOEXEC))
    except AttributeError:  # a C library without inotify
        return None
    if descriptor < 0:
        return None
    if library.inotify_add_watch(descriptor, os.fsencode(path), _IN_MODIFY | _IN_ATTRIB) < 0:
        os.close(descriptor)
        return None
    return descriptor


def drain(descriptor: int) -> None:
    """Read and discard the pending notifications."""
    with suppress(BlockingIOError):
        os.read(descriptor, _BUFFER)
