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
    """The graph as GraphML text; node ids are note names, a note's tags stand in one string."""
    # GraphML wants an id of its own for each edge, and networkx takes the edge's key for it.
    numbers = {edge: number for number, edge in enumerate(edges(graph))}
    buffer = io.BytesIO()
    # write_graphml is a different writer where lxml is installed: this one gives the same bytes everywhere.
    nx.write_graphml_xml(xml_copy(graph, lambda edge: numbers[edge]), buffer, named_key_ids=True)
    return buffer.getvalue().decode()
