import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any, BinaryIO

import networkx as nx
import pytest

from crdtnotes.graph.formats import gexf, graphml
from tests.graph.graphs import NASTY, Graph, graph_of, nasty_graph

WRITERS: dict[str, tuple[Callable[[Graph], str], Callable[[BinaryIO], Any]]] = {
    "graphml": (graphml.write, lambda data: nx.read_graphml(data, force_multigraph=True)),
    "gexf": (gexf.write, nx.read_gexf),
}


def read_back(format_name: str, graph: Graph) -> Graph:
    write, read = WRITERS[format_name]
    return nx.MultiDiGraph(read(io.BytesIO(write(graph).encode())))


def small() -> Graph:
    graph = graph_of(
        ("zh/图", "en/Graph", "link", 2),
        ("zh/图", "en/Graph", "embed", 1),
        ("en/Graph", "无"),
        missing=("无",),
    )
    graph.nodes["zh/图"]["tags"] = ["b", "a/c"]
    return graph


@pytest.mark.parametrize("format_name", WRITERS)
def test_networkx_reads_the_graph_back(format_name: str) -> None:
    graph = read_back(format_name, small())
    wanted = ("title", "exists", "tags")
    assert {name: tuple(data[key] for key in wanted) for name, data in graph.nodes(data=True)} == {
        "zh/图": ("图", True, "a/c, b"),
        "en/Graph": ("Graph", True, ""),
        "无": ("无", False, ""),
    }
    assert sorted(
        (source, target, data["kind"], data["count"]) for source, target, data in graph.edges(data=True)
    ) == [
        ("en/Graph", "无", "link", 1),
        ("zh/图", "en/Graph", "embed", 1),
        ("zh/图", "en/Graph", "link", 2),
    ]


@pytest.mark.parametrize("format_name", WRITERS)
def test_no_string_makes_invalid_xml_or_is_lost(format_name: str) -> None:
    graph = read_back(format_name, nasty_graph())
    assert len(graph) == len(NASTY)
    assert graph.number_of_edges() == len(NASTY)
    assert {"中文，｜全角＃", "<tag attr='x'> & &amp; ]]>", "e\u0301 😀 \u200d ﷺ"} <= set(graph)
    assert graph.nodes["tab newline return "]["title"] == "tab newline return "


@pytest.mark.parametrize("format_name", WRITERS)
def test_targets_that_look_alike_when_cleaned_stay_apart(format_name: str) -> None:
    graph = graph_of(("a", "x\ty"), ("a", "x\ny"), ("a", "x y"), missing=("x\ty", "x\ny", "x y"))
    assert sorted(read_back(format_name, graph)) == ["a", "x y", "x y (2)", "x y (3)"]


@pytest.mark.parametrize("format_name", WRITERS)
def test_ids_of_edges_are_unique(format_name: str) -> None:
    write, _ = WRITERS[format_name]
    elements = ET.fromstring(write(small())).iter()
    ids = [element.get("id") for element in elements if element.tag.endswith("}edge")]
    assert len(ids) == len(set(ids)) == 3


def test_gexf_does_not_contain_the_date_or_the_library() -> None:
    text = gexf.write(small())
    assert re.search(r"\d{4}-\d\d-\d\d|networkx \d|<meta", text, re.IGNORECASE) is None


def test_gexf_labels_and_weights_are_what_gephi_shows() -> None:
    graph = read_back("gexf", small())
    assert graph.nodes["zh/图"]["label"] == "图"
    assert {(key, data["weight"]) for _, _, key, data in graph.edges("zh/图", keys=True, data=True)} == {
        ("link", 2.0),
        ("embed", 1.0),
    }
