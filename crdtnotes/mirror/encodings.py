"""Recognising in which encoding a file's text is, where it is not UTF-8.

Nothing is converted on a guess: a person is told the likely name and passes it with ``--encoding``. UTF-8 is
certain. UTF-16 has a mark, or zeros in every other byte. GB18030 and Latin-1 both allow nearly all bytes; in
Chinese text most pairs of high bytes are common characters, in European text high bytes stand alone.
"""

import codecs
import re

from crdtnotes.errors import InvalidText

_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)

_EXAMINED_BYTES = 64 * 1024

_HIGH_PAIR = re.compile(rb"[\x81-\xfe][\x80-\xfe]|[\x80-\xff]")
_COMMON_PAIR = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")
"""Punctuation, full-width forms and the characters of level 1 in GB 2312, sorted by pronunciation."""

_COMMON_SHARE = 0.75

_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def text_of(data: bytes, encoding: str | None = None) -> str:
    """Return a file's text; a byte order mark of UTF-8 stays, that of another encoding is dropped.

    `encoding` is for files that are not UTF-8. Raises InvalidText, which names the likely encoding.
    """
    kind = _utf_16(data)
    if kind is None:
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            kind = _guess(data)
    if encoding is not None:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            raise InvalidText(f"It is neither UTF-8 nor {encoding} text.{_like(kind)}") from None
    raise InvalidText(f"It is not UTF-8 text.{_like(kind)}")


def checked_encoding(name: str) -> str:
    """Return the name of an encoding; raises InvalidText if Python knows no text encoding of this name."""
    try:
        "".encode(name)
        return codecs.lookup(name).name
    except (LookupError, UnicodeError, ValueError):
        raise InvalidText(f"There is no encoding {name!r}.") from None


def _like(kind: str | None) -> str:
    return "" if kind is None else f" It looks like {kind}: --encoding {kind.lower()} converts it."


def _utf_16(data: bytes) -> str | None:
    """Return the name of the encoding if it uses two or four bytes for each character."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    head = data[:_EXAMINED_BYTES]
    if len(data) % 2 or 0 not in head:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    for zeros, others, name in ((odd, even, "UTF-16-LE"), (even, odd, "UTF-16-BE")):
        if 4 * zeros > len(head) and not others:
            return name
    if _is_utf_8(data):
        return None
    return next((name for name in ("UTF-16-LE", "UTF-16-BE") if _reads_as(data, name)), None)


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _reads_as(data: bytes, name: str) -> bool:
    """Whether bytes are text with spaces or line ends in an encoding, and without controls."""
    try:
        text = data.decode(name)
    except UnicodeDecodeError:
        return False
    spaces = " " in text or "\n" in text
    return spaces and all(character.isprintable() or character in "\n\r\t\f" for character in text)


def _guess(data: bytes) -> str | None:
    """Return the likely encoding of bytes that are not UTF-8; None if they do not look like text."""
    head = data[:_EXAMINED_BYTES]
    if _CONTROLS.search(head):
        return None
    pairs = [pair for pair in _HIGH_PAIR.findall(head) if len(pair) == 1 or pair[1] >= 0x80]
    common = sum(_COMMON_PAIR.fullmatch(pair) is not None for pair in pairs)
    if common >= _COMMON_SHARE * len(pairs):
        try:
            data.decode("gb18030")
        except UnicodeDecodeError:
            pass
        else:
            return "GB18030"
    return "Windows-1252" if any(0x80 <= byte <= 0x9F for byte in head) else "Latin-1"
