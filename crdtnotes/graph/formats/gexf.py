"""The graph as GEXF 1.2 (https://gexf.net), for Gephi."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, cast

from networkx.readwrite.gexf import GEXFWriter

from crdtnotes.graph.labels import printable
from crdtnotes.graph.xml_copy import xml_copy

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from networkx import MultiDiGraph


def write(graph: MultiDiGraph[str]) -> str:
    """The graph as GEXF text; labels are titles, an edge's weight is its number of links."""
    prepared = xml_copy(graph, lambda edge: printable(edge.kind))
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
