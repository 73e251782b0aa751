"""What a note embeds: the texts of other notes, and the parts of them that embeds name."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from crdtnotes.markup.files import is_file
from crdtnotes.markup.places import find_place
from crdtnotes_tui.text.styling import code_lines, links_in

MAX_DEPTH = 3
"""Embeds in an embedded note are shown up to this depth; deeper ones are links."""

MAX_LINES = 200
"""The lines of one embed that are shown."""

MAX_LENGTH = 20_000
"""The characters of one embed that are shown."""

MAX_EMBEDS = 50
"""The embeds of a note that are shown in place, nested ones included; further ones are links."""


class Embed(NamedTuple):
    """The target of an embed; `target` is empty for the note that holds it."""

    target: str
    heading: str | None = None
    block: str | None = None

    @property
    def shown(self) -> str:
        """The embed as a title."""
        part = self.heading or (f"^{self.block}" if self.block else None)
        return " › ".join(one for one in (self.target, part) if one)

    @property
    def is_file(self) -> bool:
        """Whether this names an image or another file."""
        return is_file(self.target)


def embedded_targets(text: str) -> Iterator[str]:
    """Yield the target of each embed of a text that may be shown in place."""
    if "![[" not in text and "【【" not in text and "［［" not in text:
        return
    lines = text.split("\n")
    for line, block in zip(lines, code_lines(lines), strict=True):
        if block is None:
            yield from (link.target for link in links_in(line) if link.embed and not is_file(link.target))


def names_to_load(
    text: str, name: str, texts: Mapping[str, str | None], resolve: Callable[[str, str], str | None]
) -> set[str]:
    """Return the names of embedded notes that are not among the `texts` yet, nested embeds included.

    `resolve` returns the name of the note that a target in a note leads to. The name of a note that is gone
    has None as its text.
    """
    wanted: set[str] = set()
    seen = {name}
    level = [(name, text)]
    for _ in range(MAX_DEPTH):
        below: list[tuple[str, str]] = []
        for holder, held in level:
            for target in embedded_targets(held):
                found = resolve(target, holder) if target else holder
                if found is None or found in seen or len(seen) > MAX_EMBEDS:
                    continue
                seen.add(found)
                if found not in texts:
                    wanted.add(found)
                elif (inner := texts[found]) is not None:
                    below.append((found, inner))
        level = below
    return wanted


def part_of(text: str, embed: Embed) -> tuple[str, bool] | None:
    """Return the part of a note's text that an embed names, and whether it was cut short.

    Return None if the note has no such heading or block.
    """
    lines = text.split("\n")
    place = find_place(text, embed.heading, embed.block)
    if place is None:
        return None
    start, end = place
    kept = "\n".join(lines[start : min(end, start + MAX_LINES)])
    short = kept[:MAX_LENGTH]
    return short, end - start > MAX_LINES or len(kept) > MAX_LENGTH
