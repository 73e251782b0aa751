"""The lines of a note that a preview shows."""

from crdtnotes.markup.frontmatter import read_front_matter
from crdtnotes.markup.places import find_place

MAX_LINES = 40


def excerpt(text: str, heading: str | None = None, block: str | None = None) -> list[str]:
    """Return the first lines of a note after its front matter, or the lines from a heading or block on."""
    start = 0
    if heading or block:
        place = find_place(text, heading, block)
        start = place.start if place else 0
    if not start:
        plain = text.replace("\r\n", " \n").replace("\r", "\n")
        start = text.count("\n", 0, read_front_matter(plain).end)
    lines = text.split("\n")[start : start + MAX_LINES]
    while lines and not lines[0].strip():
        del lines[0]
    while lines and not lines[-1].strip():
        del lines[-1]
    return lines
