import json

from crdtnotes.graph.formats.json import write
from tests.graph.graphs import NASTY, graph_of, nasty_graph


def test_it_is_exactly_what_is_documented() -> None:
    graph = graph_of(
        ("zh/图", "en/Graph"), ("zh/图", "无", "embed", 2), ("en/Graph", "zh/图"), missing=("无",)
    )
    graph.nodes["zh/图"]["tags"] = ["图论", "a/b"]
    assert json.loads(write(graph)) == {
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


def test_it_keeps_every_string_that_utf_8_can_hold() -> None:
    names = {node["id"] for node in json.loads(write(nasty_graph()))["nodes"]}
    assert names == {name.replace("\ud800", "�") for name in NASTY}
