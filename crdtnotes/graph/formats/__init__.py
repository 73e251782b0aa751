"""The formats that a graph can be written in: each module here is one, and its name is the format's name.

To add a format, add a module with a function ``write``, as `Format` describes it. Everything else finds it by
itself: ``crdtnotes graph --format``, its help, and the tests that hold for every format.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    import networkx as nx


class Format(Protocol):
    """What each module of this package offers."""

    def write(self, graph: nx.MultiDiGraph[str]) -> str:
        """Return the graph as text, to be encoded as UTF-8. Equal graphs give equal text."""


def format_names() -> list[str]:
    """Return the names of all formats, in alphabetical order, without loading any of them."""
    names = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return sorted(name for name in names if not name.startswith("_"))


def load_format(name: str) -> Format:
    """Return a format by one of `format_names()`. Loading one may load networkx, which takes long."""
    return cast("Format", import_module(f"{__name__}.{name}"))
