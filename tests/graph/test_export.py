import json

import networkx as nx
import pytest

from crdtnotes.errors import LocalError
from crdtnotes.graph.export import FORMATS, export
from tests.graph.graphs import NASTY, Graph, graph_of, nasty_graph


def test_json_is_exactly_what_is_documented() -> None:
    graph = graph_of(
        ("zh/图", "en/Graph"), ("zh/图", "无", "embed", 2), ("en/Graph", "zh/图"), missing=("无",)
    )
    graph.nodes["zh/图"]["tags"] = ["图论", "a/b"]
    assert json.loads(export(graph, "json")) == {
        "nodes": [
            {"id": "en/Graph", "title": "Graph", "exists": True, "tags": []},
            {"id": "zh/图", "title": "图", "exists": True, "tags": ["a/b", "图论"]},
            {"id": "无", "title": "无", "exists": False, "tags": []},
        ],
        "edges": [
            {"source": "en/Graph", "target": "zh/图", "kind": "link", "count": 1},
            {"source": "zh/图", "target": "en/Graph", "kind": "link", "count": 1},
            {"source": "zh/图", "target": "无", "kind": "embed", "count": 2},
        ],
    }


def test_json_keeps_every_string_that_utf_8_can_hold() -> None:
    names = {node["id"] for node in json.loads(export(nasty_graph(), "json"))["nodes"]}
    assert names == {name.replace("\ud800", "�") for name in NASTY}


@pytest.mark.parametrize("format_name", FORMATS)
def test_an_empty_graph_can_be_exported(format_name: str) -> None:
    assert export(nx.MultiDiGraph(), format_name).endswith("\n")


@pytest.mark.parametrize("format_name", FORMATS)
def test_equal_graphs_give_equal_text_that_utf_8_can_hold(format_name: str) -> None:
    first = nasty_graph()
    second: Graph = nx.MultiDiGraph()
    for name in reversed(list(first)):
        second.add_node(name, **first.nodes[name])
    for source, target, kind in reversed([*first.edges(keys=True)]):
        second.add_edge(source, target, key=kind, **first.edges[source, target, kind])
    assert export(first, format_name).encode() == export(second, format_name).encode()


@pytest.mark.parametrize("format_name", FORMATS)
def test_exporting_leaves_the_graph_as_it_was(format_name: str) -> None:
    graph, same = nasty_graph(), nasty_graph()
    export(graph, format_name)
    assert nx.utils.graphs_equal(graph, same)


def test_an_unknown_format_is_reported_with_the_known_ones() -> None:
    with pytest.raises(LocalError, match="no graph format “png”; there are json, dot, graphml, gexf"):
        export(nx.MultiDiGraph(), "png")
