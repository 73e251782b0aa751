"""The graph as text in formats that other programs read. Equal graphs give equal bytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crdtnotes.errors import LocalError
from crdtnotes.graph.dot import to_dot
from crdtnotes.graph.labels import encodable
from crdtnotes.graph.listing import edges, nodes
from crdtnotes.graph.xml_formats import to_gexf, to_graphml

if TYPE_CHECKING:
    from collections.abc import Callable

    import networkx as nx


def to_json(graph: nx.MultiDiGraph[str]) -> str:
    """The graph as JSON, one record per line.

    ``{"nodes": [{"id", "title", "exists", "tags"}], "edges": [{"source", "target", "kind", "count"}]}``,
    nodes by id, edges by source, target and kind.
    """
    node_records = [
        {"id": node.name, "title": node.title, "exists": node.exists, "tags": node.tags}
        for node in nodes(graph)
    ]
    edge_records = [
        {"source": edge.source, "target": edge.target, "kind": edge.kind, "count": edge.count}
        for edge in edges(graph)
    ]
    return f'{{"nodes": {_json_lines(node_records)},\n"edges": {_json_lines(edge_records)}}}\n'


def _json_lines(records: list[dict[str, object]]) -> str:
    lines = (encodable(json.dumps(record, ensure_ascii=False)) for record in records)
    return "[\n" + ",\n".join(lines) + "\n]"


FORMATS: dict[str, Callable[[nx.MultiDiGraph[str]], str]] = {
    "json": to_json,
    "dot": to_dot,
    "graphml": to_graphml,
    "gexf": to_gexf,
}
"""The function that writes each format, by the format's name."""


def export(graph: nx.MultiDiGraph[str], format_name: str) -> str:
    """The graph in one of FORMATS, to be written as UTF-8; raises LocalError for any other name."""
    writer = FORMATS.get(format_name)
    if writer is None:
        raise LocalError(f"There is no graph format “{format_name}”; there are {', '.join(FORMATS)}.")
    return writer(graph)
