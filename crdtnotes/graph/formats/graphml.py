"""The graph as GraphML (http://graphml.graphdrawing.org), for yEd and other programs."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import networkx as nx

from crdtnotes.graph.listing import edges
from crdtnotes.graph.xml_copy import xml_copy

if TYPE_CHECKING:
    from networkx import MultiDiGraph


def write(graph: MultiDiGraph[str]) -> str:
    """The graph as GraphML text; node ids are note names, and a note's tags are one string."""
    # GraphML needs a unique id for each edge, and networkx uses the edge's key as the id.
    numbers = {edge: number for number, edge in enumerate(edges(graph))}
    buffer = io.BytesIO()
    # write_graphml uses another writer if lxml is installed; this writer gives the same bytes everywhere.
    nx.write_graphml_xml(xml_copy(graph, lambda edge: numbers[edge]), buffer, named_key_ids=True)
    return buffer.getvalue().decode()
