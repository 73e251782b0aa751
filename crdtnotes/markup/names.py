"""Names of notes: the canonical form, and the key by which two names are the same name.

A name is a path with ``/`` between its segments and without ``.md``: ``zh/关系图谱``. What compares equal
is decided by :func:`name_key` alone, everywhere.
"""

import unicodedata
from functools import lru_cache

from crdtnotes.errors import InvalidName

MAX_NAME_BYTES = 1000
"""The longest name, link target, tag or alias, in UTF-8 bytes."""

MAX_SEGMENT_BYTES = 240
"""The longest segment in UTF-8 bytes: file systems take 255, and ``.md`` or `` (2)`` must still fit."""

_SUFFIX = ".md"
_FORBIDDEN = ("[[", "]]", "|", "｜", "\\")
_UNPRINTABLE = frozenset({"Cc", "Zl", "Zp"})


def without_suffix(name: str) -> str:
    """``name`` without white space around it and without ``.md`` at its end, however often it is there."""
    end = len(name)
    while True:
        while end and name[end - 1].isspace():
            end -= 1
        if name[max(0, end - len(_SUFFIX)) : end].lower() != _SUFFIX:
            return name[:end].lstrip()
        end -= len(_SUFFIX)


def fits(value: str) -> bool:
    """Whether a value can be stored: it is UTF-8, of 1 to :data:`MAX_NAME_BYTES` bytes."""
    if not value or len(value) > MAX_NAME_BYTES:
        return False
    try:
        return len(value.encode()) <= MAX_NAME_BYTES
    except UnicodeEncodeError:
        return False


@lru_cache(maxsize=256)
def clean_name(name: str) -> str:
    """The canonical form of a note's name: NFC, each segment trimmed, without ``.md``.

    Raises InvalidName, its text one sentence that says what is wrong.
    """
    cleaned = "/".join(
        segment.strip() for segment in without_suffix(unicodedata.normalize("NFC", name)).split("/")
    )
    if not cleaned:
        raise InvalidName("A note needs a name.")
    # Nearly all names are printable, which is quick to see.
    for character in "" if cleaned.isprintable() else cleaned:
        if unicodedata.category(character) in _UNPRINTABLE:
            raise InvalidName("A name cannot hold control characters or line breaks.")
        if "\ud800" <= character <= "\udfff":
            raise InvalidName("A name cannot hold half of a surrogate pair.")
    for text in _FORBIDDEN:
        if text in cleaned:
            raise InvalidName(f"A name cannot hold {text}, because no link could be written to it.")
    for segment in cleaned.split("/"):
        if not segment:
            raise InvalidName("A name cannot begin or end with / or hold // in it.")
        if segment in {".", ".."}:
            raise InvalidName(f"A part of a name cannot be {segment}")
        if len(segment.encode()) > MAX_SEGMENT_BYTES:
            raise InvalidName(f"A part of a name can have {MAX_SEGMENT_BYTES} bytes at most.")
    if len(cleaned.encode()) > MAX_NAME_BYTES:
        raise InvalidName(f"A name can have {MAX_NAME_BYTES} bytes at most.")
    return cleaned


@lru_cache(maxsize=16_384)
def name_key(name: str) -> str:
    """What is compared where names are compared: NFC, case-folded, segments trimmed, without ``.md``.

    Takes any string. ``name_key(name_key(x)) == name_key(x)``.
    """
    # Case folding can take a character apart, so it is composed again.
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", without_suffix(name)).casefold())
    if "/" not in folded:
        return folded
    return "/".join(segment.strip() for segment in folded.split("/"))


def title_of(name: str) -> str:
    """The last segment of a name."""
    return name.rpartition("/")[2]


def folder_of(name: str) -> str:
    """All of a name but its last segment; ``""`` at the top."""
    return name.rpartition("/")[0]
