"""Rules about files that import and export share.

A note is one UTF-8 file; its name is the file's path below the folder, without ``.md``.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from crdtnotes.changes.limits import MAX_CHANGE_BYTES
from crdtnotes.errors import TooLarge
from crdtnotes.markup.files import AUDIO, IMAGES, VIDEO
from crdtnotes.own_files import open_regular_file

SUFFIX = ".md"

MAX_FILE_BYTES = MAX_CHANGE_BYTES
"""A note's first text is one change, whether it is imported, made with `new` or written with `write`."""

NOT_MARKDOWN = "It is not a Markdown file (.md)."
HIDDEN_FOLDER = "It is a hidden folder."

_KINDS = {
    "image": IMAGES,
    "PDF": ("pdf",),
    "audio file": (*AUDIO, "aac"),
    "video": VIDEO,
    "canvas": ("canvas", "excalidraw"),
}
_KIND_OF = {ending: kind for kind, endings in _KINDS.items() for ending in endings}

_WINDOWS_CHARACTERS = frozenset('<>:"|?*')
# As in Microsoft's "Naming Files, Paths, and Namespaces", and the two names of a console's buffers.
_WINDOWS_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"]
)


class NotDone(NamedTuple):
    """A file or note that was skipped, and the reason as one plain sentence."""

    path: str
    reason: str


def kind_of(skipped: NotDone) -> str | None:
    """The kind of a skipped file that never was a note, as a noun; None for a note that is missing."""
    if skipped.reason == HIDDEN_FOLDER:
        return "hidden folder"
    if skipped.reason == NOT_MARKDOWN:
        return _KIND_OF.get(skipped.path.rpartition(".")[2].lower(), "other file")
    return None


def missing_first(skipped: NotDone) -> tuple[bool, NotDone]:
    """The order in which skipped files are reported: notes that are missing come before other files."""
    return kind_of(skipped) is not None, skipped


def read_bytes(path: Path) -> bytes:
    """A file's bytes; raises OSError or TooLarge."""
    with open_regular_file(path) as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise TooLarge(f"It is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB.")
    return data


def replace_file(path: Path, data: bytes) -> None:
    """Make `path` hold `data`: a reader sees the old bytes or the new bytes, never a part.

    An existing file keeps its permissions; a link is replaced, not followed. The data is not flushed to disk,
    because it can be written again from the vault. If this raises OSError, `path` is unchanged.
    """
    temporary = path.parent / f".crdtnotes-{os.urandom(8).hex()}.tmp"
    try:
        with temporary.open("xb") as file:
            file.write(data)
        if path.is_file():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def system_reason(error: OSError) -> str:
    """The operating system's error message, as a sentence."""
    return f"{error.strerror or type(error).__name__}."


def is_inside(path: str, root: str) -> bool:
    """Whether the real path `path` is the real path `root` or is below it."""
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def refused_by_windows(name: str) -> str | None:
    """Why Windows cannot store a note of this name in its own file, or None if it can.

    Windows does not reject all of these itself: it hides ``a:b`` inside a file ``a``, and turns ``x./y`` into
    ``x/y``.
    """
    for segment in name.split("/"):
        found = sorted(_WINDOWS_CHARACTERS & set(segment))
        if found:
            return f"Windows does not allow {found[0]} in file names."
        if segment.split(".")[0].rstrip().upper() in _WINDOWS_DEVICES:
            return f"Windows reserves the name {segment} for a device."
    if any(folder.endswith((".", " ")) for folder in name.split("/")[:-1]):
        return "Windows removes a dot or space at the end of a folder's name."
    return None
