"""A graph's nodes and edges as plain records in a fixed order, so that equal graphs give equal files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True, slots=True)
class Node:
    """A note, or (`exists` false) a link target without a note."""

    name: str
    title: str
    exists: bool
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """`source` links to `target` with this kind of link (`kind`) at `count` places."""

    source: str
    target: str
    kind: str
    count: int


def nodes(graph: nx.MultiDiGraph[str]) -> list[Node]:
    """Every node, by name."""
    found = (
        Node(name, data["title"], data["exists"], tuple(sorted(data["tags"])))
        for name, data in graph.nodes(data=True)
    )
    return sorted(found, key=lambda node: node.name)


def edges(graph: nx.MultiDiGraph[str]) -> list[Edge]:
    """Every edge, by source, target and kind."""
    found = (
        Edge(source, target, data["kind"], data["count"]) for source, target, data in graph.edges(data=True)
    )
    return sorted(found, key=lambda edge: (edge.source, edge.target, edge.kind))
