"""The part of the graph around one note."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

from crdtnotes.errors import NoteNotFound

if TYPE_CHECKING:
    from networkx import MultiDiGraph


def neighbourhood(graph: MultiDiGraph[str], name: str, depth: int) -> MultiDiGraph[str]:
    """The nodes within `depth` steps of `name`, following links both ways, and every link between them.

    Depth 0 is the note alone. The result is a new graph. Raises NoteNotFound if the graph has no such node,
    ValueError if `depth` is negative.
    """
    if depth < 0:
        raise ValueError("The depth cannot be negative.")
    if name not in graph:
        raise NoteNotFound(f"“{name}” is not in the graph.")
    both_ways = graph.to_undirected(as_view=True)
    near = nx.single_source_shortest_path_length(both_ways, name, cutoff=depth)
    return graph.subgraph(near).copy()
