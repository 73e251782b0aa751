"""A copy of the graph whose strings are valid in XML, for the formats that networkx writes as XML."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

from crdtnotes.graph.labels import printable, printable_ids
from crdtnotes.graph.listing import Edge, edges, nodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from networkx import MultiDiGraph

TAG_SEPARATOR = ", "


def xml_copy(graph: MultiDiGraph[str], key: Callable[[Edge], str | int]) -> MultiDiGraph[str]:
    """A copy in a fixed order, with printable strings and values of simple types, its edges under `key`."""
    listed = nodes(graph)
    ids = printable_ids(node.name for node in listed)
    prepared: MultiDiGraph[str] = nx.MultiDiGraph()
    for node in listed:
        prepared.add_node(
            ids[node.name],
            title=printable(node.title),
            exists=node.exists,
            tags=printable(TAG_SEPARATOR.join(node.tags)),
        )
    for edge in edges(graph):
        prepared.add_edge(
            ids[edge.source], ids[edge.target], key=key(edge), kind=printable(edge.kind), count=edge.count
        )
    return prepared
