"""The graph as JSON, one record per line.

``{"nodes": [{"id", "title", "exists", "tags"}], "edges": [{"source", "target", "kind", "count"}]}``,
nodes by id, edges by source, target and kind.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crdtnotes.graph.labels import encodable
from crdtnotes.graph.listing import edges, nodes
from crdtnotes.terminal import json_escaped

if TYPE_CHECKING:
    import networkx as nx


def write(graph: nx.MultiDiGraph[str]) -> str:
    """The graph as JSON text."""
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
    lines = (json_escaped(encodable(json.dumps(record, ensure_ascii=False))) for record in records)
    return "[\n" + ",\n".join(lines) + "\n]"
