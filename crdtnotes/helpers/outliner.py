"""A helper process that extracts the links of texts (used by `mirror/outlining.py`).

It reads batches of texts from standard input and writes the links of each text to standard output, until
there are no more. An empty answer comes first and says that it is ready.
"""

from __future__ import annotations

import sys

import msgspec

from crdtnotes.helpers.pipes import ignore_interrupts, receive, send
from crdtnotes.markup.outline import occurrences

Links = list[tuple[str, str, int]]
"""`(kind, value, count)` for each link: how often a text contains it."""


def links_of(text: str) -> Links:
    """Return the links of a text."""
    return [(kind, value, count) for (kind, value), count in occurrences(text).items()]


def main() -> None:
    """Answer until the other side sends no more."""
    ignore_interrupts()
    links_of("#")  # loads the Markdown parser
    send(sys.stdout.buffer, [])
    while (data := receive(sys.stdin.buffer)) is not None:
        send(sys.stdout.buffer, [links_of(text) for text in msgspec.msgpack.decode(data, type=list[str])])


if __name__ == "__main__":
    main()
