"""The graph as GraphML and GEXF, written by networkx from a copy whose strings are valid in XML."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, cast

import networkx as nx
from networkx.readwrite.gexf import GEXFWriter

from crdtnotes.graph.labels import printable, printable_ids
from crdtnotes.graph.listing import Edge, edges, nodes

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

    from networkx import MultiDiGraph

TAG_SEPARATOR = ", "


def to_graphml(graph: MultiDiGraph[str]) -> str:
    """The graph as GraphML; node ids are note names, and a note's tags are one string."""
    # GraphML needs a unique id for each edge, and networkx uses the edge's key as the id.
    numbers = {edge: number for number, edge in enumerate(edges(graph))}
    buffer = io.BytesIO()
    # write_graphml uses another writer if lxml is installed; this writer gives the same bytes everywhere.
    nx.write_graphml_xml(_prepared(graph, lambda edge: numbers[edge]), buffer, named_key_ids=True)
    return buffer.getvalue().decode()


def to_gexf(graph: MultiDiGraph[str]) -> str:
    """The graph as GEXF 1.2, for Gephi; labels are titles, an edge's weight is its number of links."""
    prepared = _prepared(graph, lambda edge: printable(edge.kind))
    for _, data in prepared.nodes(data=True):
        data["label"] = data["title"]
    for _, _, data in prepared.edges(data=True):
        data["label"] = data["kind"]
        data["weight"] = data["count"]
    writer = GEXFWriter(prepared)
    # networkx writes its version and the date, so the same graph would give different bytes tomorrow.
    document = cast("Element", writer.xml)
    for meta in document.findall("meta"):
        document.remove(meta)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue().decode()


def _prepared(graph: MultiDiGraph[str], key: Callable[[Edge], str | int]) -> MultiDiGraph[str]:
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
