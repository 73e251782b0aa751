"""Link targets that are no notes to write: files beside the notes, and addresses.

A wiki-link to ``pic.png`` or ``https://x.org`` leads to a note only if a note has that name. Otherwise it
dangles, but nobody means to write a note ``pic.png``.
"""

import re

IMAGES = ("png", "jpg", "jpeg", "gif", "svg", "webp", "bmp", "avif", "ico", "tif", "tiff", "heic")
AUDIO = ("mp3", "wav", "ogg", "m4a", "flac", "opus", "3gp")
VIDEO = ("mp4", "webm", "mov", "mkv", "ogv", "avi")
_DOCUMENTS = ("pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "epub", "rtf")
_OTHERS = ("canvas", "base", "zip", "csv", "html", "txt")

FILES = frozenset((*IMAGES, *AUDIO, *VIDEO, *_DOCUMENTS, *_OTHERS))
"""The endings of files, in lower case."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|(?:mailto|tel|data):|www\.", re.IGNORECASE)


def is_file(target: str) -> bool:
    """Return whether a target names an image or another file."""
    return "." in target and target.rpartition(".")[2].strip().lower() in FILES


def is_address(target: str) -> bool:
    """Return whether a target is an address of the web, of mail or the like."""
    return _ADDRESS.match(target.strip()) is not None


def can_be_note(target: str) -> bool:
    """Return whether a target that leads nowhere is the name of a note to write."""
    return not is_file(target) and not is_address(target)
