"""A QR code in a terminal: two rows of modules a line, dark on light whatever the theme is."""

from rich.style import Style
from rich.text import Text

_BORDER = 2
_BLOCKS = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
_STYLE = Style(color="#000000", bgcolor="#ffffff")


def qr_code(text: str) -> Text:
    """Return the QR code of a text."""
    import segno  # takes long to load, and only a person who pairs needs it

    rows = [list(row) for row in segno.make(text, error="l").matrix_iter(border=_BORDER)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    lines = [
        "".join(_BLOCKS[bool(upper), bool(lower)] for upper, lower in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    ]
    return Text("\n".join(lines), _STYLE, no_wrap=True)
