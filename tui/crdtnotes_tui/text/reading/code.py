"""The styles of source code, by Pygments."""

from collections.abc import Iterable

from crdtnotes_tui.text.reading.pieces import Piece

MAX_HIGHLIGHTED = 20_000
"""Longer code is shown in one style, because its words would take too long to find."""

_WORDS = {"Keyword": "keyword", "String": "string", "Comment": "comment", "Number": "number"}


def code_lines(source: str, language: str) -> list[list[Piece]]:
    """Return the lines of a block of code; in one style if the language is unknown."""
    text = source.removesuffix("\n").expandtabs(4)
    if language and len(text) <= MAX_HIGHLIGHTED:
        from pygments.lexers import get_lexer_by_name
        from pygments.util import ClassNotFound

        try:
            lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
        except ClassNotFound:
            pass
        else:
            return _lines((word, _style(str(kind))) for kind, word in lexer.get_tokens(text))
    return _lines([(text, "code")])


def _style(kind: str) -> str:
    return next((f"code {style}" for word, style in _WORDS.items() if word in kind.split(".")), "code")


def _lines(words: Iterable[tuple[str, str]]) -> list[list[Piece]]:
    lines: list[list[Piece]] = [[]]
    for word, style in words:
        first, *rest = word.split("\n")
        lines[-1].append(Piece(first, style))
        lines += [[Piece(part, style)] for part in rest]
    return lines
