"""A process that looks for links in texts, for another that has a core to spare (`mirror/outlining.py`).

It reads a batch of texts from its standard input and writes what links each has to its output, until there
are no more. An empty answer comes first: it is ready.
"""

from __future__ import annotations

import sys

import msgspec

from crdtnotes.helpers.pipes import ignore_interrupts, receive, send
from crdtnotes.markup.outline import occurrences

Links = list[tuple[str, str, int]]
"""Of each `(kind, value)` how often a text has it."""


def links_of(text: str) -> Links:
    """Return what links a text has."""
    return [(kind, value, count) for (kind, value), count in occurrences(text).items()]


def main() -> None:
    """Answer until the other side has no more."""
    ignore_interrupts()
    links_of("#")  # loads what reads Markdown
    send(sys.stdout.buffer, [])
    while (data := receive(sys.stdin.buffer)) is not None:
        send(sys.stdout.buffer, [links_of(text) for text in msgspec.msgpack.decode(data, type=list[str])])


if __name__ == "__main__":
    main()
