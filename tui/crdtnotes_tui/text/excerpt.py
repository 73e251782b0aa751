"""What a preview shows of a note's text."""

from crdtnotes.markup.frontmatter import read_front_matter
from crdtnotes.markup.outline import outline

LINES = 40
"""No preview is longer."""


def peek(text: str, heading: str | None = None, block: str | None = None) -> list[str]:
    """Return the first lines of a note without its front matter, or those from a heading or block on."""
    start = 0
    if heading or block:
        parts = outline(text)
        places = [one.line for one in parts.headings if one.text == heading]
        places += [one.line for one in parts.blocks if one.id == block]
        start = places[0] if places else 0
    if not start:
        plain = text.replace("\r\n", " \n").replace("\r", "\n")
        start = text.count("\n", 0, read_front_matter(plain).end)
    lines = text.split("\n")[start : start + LINES]
    while lines and not lines[0].strip():
        del lines[0]
    while lines and not lines[-1].strip():
        del lines[-1]
    return lines
