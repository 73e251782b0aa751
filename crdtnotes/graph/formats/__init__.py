"""The file formats of a graph: each module here is one format and has its name.

To add a format, add a module with a function ``write``, as `Format` describes it. Everything else finds it
automatically: ``crdtnotes graph --format``, its help, and the tests of all formats.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    import networkx as nx


class Format(Protocol):
    """The interface of each module in this package."""

    def write(self, graph: nx.MultiDiGraph[str]) -> str:
        """Return the graph as text, to be encoded as UTF-8. Equal graphs give equal text."""


def format_names() -> list[str]:
    """Return the names of all formats, in alphabetical order, without loading any of them."""
    names = (path.stem for path in Path(__file__).parent.glob("*.py"))
    return sorted(name for name in names if not name.startswith("_"))


def load_format(name: str) -> Format:
    """Return the format with one of `format_names()`. This may load networkx, which takes long."""
    return cast("Format", import_module(f"{__name__}.{name}"))
