"""Linux tells a process when a file is written: inotify(7), called in the C library."""

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

    None where that cannot be had: on another system, for a file that is not there, or where too many files
    are watched already. A network file system tells of this machine's own writes only.
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
    """Take out what has been told so far."""
    with suppress(BlockingIOError):
        os.read(descriptor, _BUFFER)
