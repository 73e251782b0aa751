"""The kinds of callouts that Obsidian knows, each with a sign and a style."""

import re
from typing import NamedTuple

HEAD = re.compile(r"\[!([^\]\n]+)\]([-+]?)[ \t]*")
"""The beginning of a quote that is a callout: its kind, and `-` (folded) or `+` (can be folded)."""


class Kind(NamedTuple):
    """How callouts of a kind look."""

    sign: str
    style: str


_KINDS = {
    "note": Kind("✎", "info"),
    "abstract summary tldr": Kind("≡", "info"),
    "info": Kind("ℹ", "info"),
    "todo": Kind("○", "info"),
    "tip hint important": Kind("✦", "tip"),
    "success check done": Kind("✓", "tip"),
    "question help faq": Kind("?", "warning"),
    "warning caution attention": Kind("▲", "warning"),
    "failure fail missing": Kind("✗", "danger"),
    "danger error": Kind("!", "danger"),
    "bug": Kind("¤", "danger"),
    "example": Kind("▪", "example"),
    "quote cite": Kind("❝", "cite"),
}

KINDS = {name: kind for names, kind in _KINDS.items() for name in names.split()}
"""Every known kind, in lower case. An unknown one looks like a note, as in Obsidian."""


def kind_of(name: str) -> Kind:
    """Return how a callout of a kind looks; metadata after a `|` does not count."""
    return KINDS.get(name.partition("|")[0].strip().lower(), KINDS["note"])


def default_title(name: str) -> str:
    """Return the title of a callout without one."""
    kind = name.partition("|")[0].strip()
    return kind[:1].upper() + kind[1:].lower()
