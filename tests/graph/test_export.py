import networkx as nx
import pytest

from crdtnotes.errors import LocalError
from crdtnotes.graph.export import export
from crdtnotes.graph.formats import format_names
from tests.graph.graphs import Graph, nasty_graph


@pytest.mark.parametrize("format_name", format_names())
def test_an_empty_graph_can_be_exported(format_name: str) -> None:
    assert export(nx.MultiDiGraph(), format_name).endswith("\n")


@pytest.mark.parametrize("format_name", format_names())
def test_equal_graphs_give_equal_text_that_utf_8_can_hold(format_name: str) -> None:
    first = nasty_graph()
    second: Graph = nx.MultiDiGraph()
    for name in reversed(list(first)):
        second.add_node(name, **first.nodes[name])
    for source, target, kind in reversed([*first.edges(keys=True)]):
        second.add_edge(source, target, key=kind, **first.edges[source, target, kind])
    assert export(first, format_name).encode() == export(second, format_name).encode()


@pytest.mark.parametrize("format_name", format_names())
def test_exporting_leaves_the_graph_as_it_was(format_name: str) -> None:
    graph, same = nasty_graph(), nasty_graph()
    export(graph, format_name)
    assert nx.utils.graphs_equal(graph, same)


def test_an_unknown_format_is_reported_with_the_known_ones() -> None:
    with pytest.raises(LocalError, match="no graph format “png”; there are dot, gexf, graphml, json"):
        export(nx.MultiDiGraph(), "png")
