"""Names of notes: their canonical form, and the key by which they are compared.

A name is a path with ``/`` between its segments and without ``.md``: ``zh/关系图谱``. Everywhere, two names
are the same if :func:`name_key` gives the same key for both.
"""

import unicodedata
from functools import lru_cache

from crdtnotes.errors import InvalidName

MAX_NAME_BYTES = 1000
"""The longest name, link target, tag or alias, in UTF-8 bytes."""

MAX_SEGMENT_BYTES = 240
"""The longest segment in UTF-8 bytes: file systems allow 255, and ``.md`` or `` (2)`` must still fit."""

_SUFFIX = ".md"
_FORBIDDEN = ("[[", "]]", "|", "｜", "\\")
_UNPRINTABLE = frozenset({"Cc", "Zl", "Zp"})


def without_suffix(name: str) -> str:
    """``name`` without surrounding white space and without any ``.md`` at its end, even a repeated one."""
    end = len(name)
    while True:
        while end and name[end - 1].isspace():
            end -= 1
        if name[max(0, end - len(_SUFFIX)) : end].lower() != _SUFFIX:
            return name[:end].lstrip()
        end -= len(_SUFFIX)


def fits(value: str) -> bool:
    """Whether a value can be stored: it must be encodable as 1 to :data:`MAX_NAME_BYTES` bytes of UTF-8."""
    if not value or len(value) > MAX_NAME_BYTES:
        return False
    try:
        return len(value.encode()) <= MAX_NAME_BYTES
    except UnicodeEncodeError:
        return False


@lru_cache(maxsize=256)
def clean_name(name: str) -> str:
    """The canonical form of a note's name: NFC, each segment trimmed, without ``.md``.

    Raises InvalidName with one sentence that says what is wrong.
    """
    cleaned = "/".join(
        segment.strip() for segment in without_suffix(unicodedata.normalize("NFC", name)).split("/")
    )
    if not cleaned:
        raise InvalidName("A note needs a name.")
    # Nearly all names are printable, and that is quick to check.
    for character in "" if cleaned.isprintable() else cleaned:
        if unicodedata.category(character) in _UNPRINTABLE:
            raise InvalidName("A name cannot contain control characters or line breaks.")
        if "\ud800" <= character <= "\udfff":
            raise InvalidName("A name cannot contain half of a surrogate pair.")
    for text in _FORBIDDEN:
        if text in cleaned:
            raise InvalidName(f"A name cannot contain {text}, because no link to it could be written.")
    for segment in cleaned.split("/"):
        if not segment:
            raise InvalidName("A name cannot begin or end with / or contain //.")
        if segment in {".", ".."}:
            raise InvalidName(f"A part of a name cannot be {segment}")
        if len(segment.encode()) > MAX_SEGMENT_BYTES:
            raise InvalidName(f"A part of a name can have at most {MAX_SEGMENT_BYTES} bytes.")
    if len(cleaned.encode()) > MAX_NAME_BYTES:
        raise InvalidName(f"A name can have at most {MAX_NAME_BYTES} bytes.")
    return cleaned


@lru_cache(maxsize=16_384)
def name_key(name: str) -> str:
    """The form in which names are compared: NFC, case-folded, segments trimmed, without ``.md``.

    Takes any string. ``name_key(name_key(x)) == name_key(x)``.
    """
    # Case folding can decompose a character, so the result is composed again.
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", without_suffix(name)).casefold())
    if "/" not in folded:
        return folded
    return "/".join(segment.strip() for segment in folded.split("/"))


def signs_of_links(name: str) -> str:
    """The characters of a name with which other programs cannot link to it: of ``#``, ``^``, ``[``, ``]``."""
    return "".join(sign for sign in "#^[]" if sign in name)


def title_of(name: str) -> str:
    """The last segment of a name."""
    return name.rpartition("/")[2]


def folder_of(name: str) -> str:
    """A name without its last segment; ``""`` at the top."""
    return name.rpartition("/")[0]
