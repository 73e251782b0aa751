"""Texts from standard input and from files: strict UTF-8, with newlines unchanged."""

import sys
from pathlib import Path

import click

from crdtnotes.cli.output import quoted
from crdtnotes.errors import InvalidText, LocalError

STANDARD_INPUT = "-"


def decode_text(data: bytes, source: str) -> str:
    """Return bytes as text; raises InvalidText if they are not UTF-8. `source` names them in the message."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidText(f"{source} is not UTF-8 text (byte {error.start + 1} is wrong).") from None


def read_standard_input() -> str:
    """Return all of standard input."""
    return decode_text(sys.stdin.buffer.read(), "Standard input")


def read_text_file(path: Path) -> str:
    """Return a file's text; raises LocalError if it cannot be read, InvalidText if it is not UTF-8."""
    try:
        data = path.read_bytes()
    except OSError as error:
        from crdtnotes.mirror.files import system_reason

        raise LocalError(f"{path} cannot be read: {system_reason(error)}") from error
    return decode_text(data, str(path))


def given_text(text: str) -> str:
    """Return a text argument, or standard input if the argument is `-`."""
    return read_standard_input() if text == STANDARD_INPUT else text


def warn_of_front_matter(text: str) -> None:
    """Say on standard error which fields of a text's front matter are not YAML."""
    if not text.startswith(("---", "\ufeff---")):
        return
    from crdtnotes.markup.frontmatter import read_front_matter

    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line in read_front_matter("\n".join(lines)).broken:
        sentence = "is not YAML; quotes around its value help. The other fields are read."
        click.echo(f"Line {line + 1} of the front matter, {quoted(lines[line])}, {sentence}", err=True)
