"""Small graphs with the structure that Vault.graph() returns."""

from __future__ import annotations

from typing import TypeAlias

import networkx as nx

Graph: TypeAlias = "nx.MultiDiGraph[str]"


def graph_of(*edges: tuple[str, str] | tuple[str, str, str, int], missing: tuple[str, ...] = ()) -> Graph:
    """A graph of (source, target) or (source, target, kind, count); targets in `missing` dangle."""
    graph: Graph = nx.MultiDiGraph()
    for edge in edges:
        source, target, kind, count = edge if len(edge) == 4 else (*edge, "link", 1)
        for name in (source, target):
            graph.add_node(name, title=name.rpartition("/")[2], exists=name not in missing, tags=[])
        graph.add_edge(source, target, key=kind, kind=kind, count=count)
    return graph


# Each of these strings is legal in a note's text and invalid in some format if written unescaped.
NASTY = [
    'quote " and \\ backslash\\',
    "a\\Nb",
    "<tag attr='x'> & &amp; ]]>",
    "bell\x07 escape\x1b[31m del\x7f nel\x85",
    "tab\tnewline\nreturn\r",
    "separator\u2028\u2029 \ufffe\uffff",
    "half \ud800 a pair",
    '{}|<>"',
    "中文，｜全角＃",
    "e\u0301 😀 \u200d ﷺ",
    " ",
    "-->",
    "R&amp;D &#65; &;",
]


def nasty_graph() -> Graph:
    graph = graph_of(*((name, NASTY[(place + 1) % len(NASTY)]) for place, name in enumerate(NASTY)))
    for name in NASTY:
        graph.nodes[name].update(title=name, tags=[name, "标签"])
    return graph
