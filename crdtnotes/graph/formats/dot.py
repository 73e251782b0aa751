"""The graph in DOT, the language of Graphviz (https://graphviz.org/doc/info/lang.html).

An identifier in double quotes has only one escape, ``\\"``. A label has more: a backslash begins an escape
(``\\N`` is the node's name), and ``&…;`` is read as an HTML entity. So each is quoted by its own rules.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crdtnotes.graph.labels import printable, printable_ids
from crdtnotes.graph.listing import edges, nodes

if TYPE_CHECKING:
    import networkx as nx

_ENTITY = re.compile(r"&(?=#?\w+;)")


def write(graph: nx.MultiDiGraph[str]) -> str:
    """The graph as DOT text: one node for each note, labelled with its title; dangling targets are dashed."""
    listed = nodes(graph)
    ids = printable_ids(node.name for node in listed)
    lines = ["digraph notes {", '  graph [charset="UTF-8"];', "  node [shape=box, style=rounded];"]
    for node in listed:
        attributes = f"label={_label(node.title)}"
        if node.tags:
            attributes += f", tags={_identifier(', '.join(node.tags))}"
        if not node.exists:
            attributes += ', style="rounded,dashed"'
        lines.append(f"  {_identifier(ids[node.name])} [{attributes}];")
    for edge in edges(graph):
        ends = f"{_identifier(ids[edge.source])} -> {_identifier(ids[edge.target])}"
        lines.append(f"  {ends} [kind={_identifier(edge.kind)}, count={edge.count}];")
    lines.append("}")
    return "\n".join(lines) + "\n"


def _identifier(text: str) -> str:
    """`text` as a quoted identifier; backslashes are doubled so that none escapes the closing quote."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _label(text: str) -> str:
    return _identifier(_ENTITY.sub("&amp;", text))
