"""The graph as text in formats that other programs read. Equal graphs give equal bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crdtnotes.errors import LocalError
from crdtnotes.graph.formats import format_names, load_format

if TYPE_CHECKING:
    import networkx as nx


def export(graph: nx.MultiDiGraph[str], format_name: str) -> str:
    """Return the graph in one of the formats that `format_names()` lists, to be encoded as UTF-8.

    Raises LocalError for any other name.
    """
    names = format_names()
    if format_name not in names:
        raise LocalError(f"There is no graph format “{format_name}”; there are {', '.join(names)}.")
    return load_format(format_name).write(graph)
