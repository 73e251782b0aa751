"""The part of the graph around one note."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

from crdtnotes.errors import NoteNotFound

if TYPE_CHECKING:
    from networkx import MultiDiGraph


def neighbourhood(graph: MultiDiGraph[str], name: str, depth: int) -> MultiDiGraph[str]:
    """What lies within `depth` steps of `name`, links followed both ways, and every link between those.

    Depth 0 is the note alone. The result is a graph of its own. Raises NoteNotFound where the graph has
    no such node, ValueError where `depth` is negative.
    """
    if depth < 0:
        raise ValueError("A depth is 0 or more steps.")
    if name not in graph:
        raise NoteNotFound(f"“{name}” is not in the graph.")
    both_ways = graph.to_undirected(as_view=True)
    near = nx.single_source_shortest_path_length(both_ways, name, cutoff=depth)
    return graph.subgraph(near).copy()
