"""Edits of plain words, which leave the links of a text as they are: so the text need not be read again.

What a text links to depends on the characters with a meaning in Markdown, on how lines begin, and on the
front matter. An edit leaves all of that as it is if
    - it is inside lines, behind the front matter, and changes letters, digits, spaces and commas alone;
    - of such characters at least one stays in front of it, and one behind it unless the line ends there. In
      front of these the line begins, perhaps with the mark of an item, a task or a heading, or a wiki-link
      ends;
    - nothing that goes on over the end of a line, as a Markdown link or an HTML tag does, can have begun
      before it in its paragraph.
Of any other edit nothing is known.
"""

import re

from crdtnotes.crdt.diff import common_lines
from crdtnotes.markup.frontmatter import front_matter_lines

MAX_PARAGRAPH = 4000
"""If more characters than this precede the edited line in its paragraph, the text has to be read again."""

_PLAIN = r"[^\W_]| |[,，。、；：？！]"
_WORDS = re.compile(f"(?:{_PLAIN})*")
_IN_FRONT = re.compile(
    r"(?:[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?|#{1,6}[ \t]+)?(?=[^\W\d_])"
    rf"|[^\r\n]*(?:\]\]|】】|］］))(?:{_PLAIN})+"
)
_GOES_ON = re.compile(r"[<\r]|\]\(|[\[【［][^\]】］]*\Z")


def leaves_links(old: str, new: str) -> bool:
    """Whether the links of both texts are the same for certain; False if they have to be read."""
    head, tail = common_lines(old, new)
    old_lines = old[head : len(old) - tail].split("\n")
    new_lines = new[head : len(new) - tail].split("\n")
    if len(old_lines) != len(new_lines) or head < front_matter_lines(old)[1]:
        return False
    line = head
    for before, after in zip(old_lines, new_lines, strict=True):
        if before != after:
            start = _start_of_words(before, after)
            if start is None or not _begins_anew(old, line, line + start):
                return False
        line += len(before) + 1
    return True


def _start_of_words(old: str, new: str) -> int | None:
    """Return where two lines begin to differ; None if they differ in more than words inside the line."""
    start = _common(old, new)
    same = _common(old[start:][::-1], new[start:][::-1])
    end = len(old) - same
    differ_in_words = (
        _WORDS.fullmatch(old, start, end)
        and _WORDS.fullmatch(new, start, len(new) - same)
        and _WORDS.fullmatch(old, end, end + 1)
        and _IN_FRONT.fullmatch(old, 0, start)
    )
    return start if differ_in_words else None


def _common(one: str, other: str) -> int:
    """Return with how many equal characters two lines begin."""
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))


def _begins_anew(text: str, line: int, start: int) -> bool:
    """Whether nothing in front of `start` in its paragraph can go on there; its line begins at `line`."""
    paragraph = text.rfind("\n\n", max(0, line - MAX_PARAGRAPH), line)
    if paragraph < 0 and line > MAX_PARAGRAPH:
        return False
    return not _GOES_ON.search(text, max(0, paragraph), start)
