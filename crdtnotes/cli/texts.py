"""Texts from the standard input and from files: strict UTF-8, with every newline as it is."""

import sys
from pathlib import Path

from crdtnotes.errors import InvalidText, LocalError

STANDARD_INPUT = "-"


def decode_text(data: bytes, source: str) -> str:
    """Return bytes as text; raises InvalidText where they are not UTF-8. `source` says whose they are."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidText(f"{source} is not UTF-8 text (byte {error.start + 1} is wrong).") from None


def read_standard_input() -> str:
    """Return all of the standard input."""
    return decode_text(sys.stdin.buffer.read(), "The standard input")


def read_text_file(path: Path) -> str:
    """Return a file's text; raises LocalError where it cannot be read, InvalidText where it is not UTF-8."""
    try:
        data = path.read_bytes()
    except OSError as error:
        from crdtnotes.mirror.files import system_reason

        raise LocalError(f"{path} cannot be read: {system_reason(error)}") from error
    return decode_text(data, str(path))


def given_text(text: str) -> str:
    """Return a text argument, or the standard input where it is `-`."""
    return read_standard_input() if text == STANDARD_INPUT else text
