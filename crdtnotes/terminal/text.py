"""The characters that no terminal may receive from a text, and what stands for them.

Hidden characters are those that a terminal obeys or that make a line read differently from its characters:

- control characters, C0 but for newline and tab, DEL, and C1 (ECMA-48: an 8-bit CSI is U+009B);
- the separators U+2028 and U+2029, which some terminals take for newlines;
- the embeddings, overrides and isolates of UAX 9 with their ends (CVE-2021-42574);
- halves of surrogate pairs and the noncharacters U+FFFE and U+FFFF, which cannot be encoded or not in XML.

Each is replaced by exactly one character of one cell, so positions in a text stay the same. Joiners,
variation selectors and the marks of right-to-left scripts are left alone: words and emoji need them.
"""

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

HIDDEN: Mapping[str, str] = MappingProxyType(
    {chr(code): chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"}
    | {"\x7f": "\N{SYMBOL FOR DELETE}"}
    | {chr(code): _REPLACEMENT for code in range(0x80, 0xA0)}
    | dict.fromkeys("\u2028\u2029", "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}")
    | dict.fromkeys("\u202a\u202d\u2066", "\N{RIGHTWARDS DASHED ARROW}")
    | dict.fromkeys("\u202b\u202e\u2067", "\N{LEFTWARDS DASHED ARROW}")
    | {"\u2068": "\N{LEFT RIGHT OPEN-HEADED ARROW}"}
    | dict.fromkeys("\u202c\u2069", "\N{LEFTWARDS ARROW TO BAR}")
    | dict.fromkeys("\ufffe\uffff", _REPLACEMENT)
)
"""Hidden characters, but for halves of surrogate pairs, and the visible character for each."""

_HIDDEN = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"


@cache
def _pattern() -> re.Pattern[str]:
    """Compiled at the first use: few texts need it, and every command starts faster without it."""
    return re.compile(_HIDDEN)


@cache
def _line_pattern() -> re.Pattern[str]:
    return re.compile(f"[\n\t]|{_HIDDEN}")


def visible(text: str) -> str:
    """Return a text of any number of lines with a visible character in place of each hidden one."""
    # Hidden characters are not printable in Python's sense, which costs much less to find out.
    return text if text.isprintable() else _pattern().sub(_shown, text)


def printable(text: str) -> str:
    """Return a text as one line: each white space is a space, and each hidden character a visible one."""
    return text if text.isprintable() else _line_pattern().sub(_shown_in_line, text)


def json_escaped(document: str) -> str:
    """Return a JSON document with an escape, `\\uXXXX`, in place of each hidden character.

    JSON's own rules escape C0 only. Newlines and tabs between the values are left.
    """
    return document if document.isprintable() else _pattern().sub(_escape, document)


def counted(number: int, noun: str) -> str:
    """Return `1 note`, `2 notes`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _shown(match: re.Match[str]) -> str:
    return HIDDEN.get(match[0], _REPLACEMENT)


def _shown_in_line(match: re.Match[str]) -> str:
    return " " if match[0].isspace() else _shown(match)


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
