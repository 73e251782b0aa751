"""What import and export agree on about files.

A note is one UTF-8 file; the note's name is the file's path below the folder, without ``.md``.
"""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import NamedTuple

from crdtnotes.errors import TooLarge

SUFFIX = ".md"
MAX_FILE_BYTES = 4 * 1024 * 1024

_WINDOWS_CHARACTERS = frozenset('<>:"|?*')
_WINDOWS_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", *(f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³")]
)


class NotDone(NamedTuple):
    """A file or note that was passed over, and why, as one plain sentence."""

    path: str
    reason: str


def read_note(path: Path) -> str:
    """A file's text, from which its bytes come back exactly: line ends and a byte order mark stay in it.

    Raises OSError, TooLarge, or UnicodeDecodeError where the bytes are not UTF-8.
    """
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise TooLarge(f"It is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB.")
    return data.decode("utf-8")


def replace_file(path: Path, data: bytes) -> None:
    """Make `path` hold `data`: a reader finds the old bytes or the new ones, never a part.

    An existing file keeps its permissions; a link is replaced, not followed. Not flushed to the disk: what
    is written here can be written again from the vault. Raises OSError and then leaves `path` as it was.
    """
    temporary = path.parent / f".crdtnotes-{secrets.token_hex(8)}.tmp"
    try:
        with temporary.open("xb") as file:
            file.write(data)
        if path.is_file():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def system_reason(error: OSError) -> str:
    """What the operating system says, as a sentence."""
    return f"{error.strerror or type(error).__name__}."


def is_inside(path: str, root: str) -> bool:
    """Whether the real path `path` is the real path `root` or lies below it."""
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def refused_by_windows(name: str) -> str | None:
    """Why Windows cannot keep a note of this name in a file of its own, or None where it can.

    It would not refuse all of these itself: ``a:b`` ends up hidden inside a file ``a``, ``x./y`` as ``x/y``.
    """
    for segment in name.split("/"):
        found = sorted(_WINDOWS_CHARACTERS & set(segment))
        if found:
            return f"Windows allows no {found[0]} in the name of a file."
        if segment.split(".")[0].rstrip().upper() in _WINDOWS_DEVICES:
            return f"Windows keeps the name {segment} for a device."
    if any(folder.endswith((".", " ")) for folder in name.split("/")[:-1]):
        return "Windows drops a dot or space at the end of a folder's name."
    return None
