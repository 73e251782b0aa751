from crdtnotes.graph.listing import Edge, Node, edges, nodes
from tests.graph.graphs import graph_of


def test_records_have_one_order_however_the_graph_was_built() -> None:
    links = [
        ("zh/图", "b", "link", 2),
        ("b", "zh/图", "embed", 1),
        ("b", "zh/图", "link", 1),
        ("a", "gone", "link", 1),
    ]
    forward, backward = (graph_of(*order, missing=("gone",)) for order in (links, reversed(links)))
    forward.nodes["b"]["tags"] = ["y", "x"]
    backward.nodes["b"]["tags"] = ["x", "y"]
    assert (
        nodes(forward)
        == nodes(backward)
        == [
            Node("a", "a", True, ()),
            Node("b", "b", True, ("x", "y")),
            Node("gone", "gone", False, ()),
            Node("zh/图", "图", True, ()),
        ]
    )
    assert (
        edges(forward)
        == edges(backward)
        == [
            Edge("a", "gone", "link", 1),
            Edge("b", "zh/图", "embed", 1),
            Edge("b", "zh/图", "link", 1),
            Edge("zh/图", "b", "link", 2),
        ]
    )
