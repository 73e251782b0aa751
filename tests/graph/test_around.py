import pytest

from crdtnotes.errors import NoteNotFound
from crdtnotes.graph.around import neighbourhood
from tests.graph.graphs import graph_of


@pytest.mark.parametrize(
    ("depth", "expected"),
    [
        (0, {"c"}),
        (1, {"b", "c", "d"}),
        (2, {"a", "b", "c", "d", "e", "x"}),
        (9, {"a", "b", "c", "d", "e", "x"}),
    ],
)
def test_links_are_followed_both_ways(depth: int, expected: set[str]) -> None:
    graph = graph_of(("a", "b"), ("b", "c"), ("c", "d"), ("e", "d"), ("b", "x"), ("far", "away"))
    assert set(neighbourhood(graph, "c", depth)) == expected


def test_links_between_neighbours_and_their_attributes_stay() -> None:
    graph = graph_of(("a", "b", "link", 3), ("a", "b", "embed", 1), ("a", "c"), ("c", "b"), ("b", "z"))
    near = neighbourhood(graph, "a", 1)
    assert set(near.edges(keys=True)) == {
        ("a", "b", "link"),
        ("a", "b", "embed"),
        ("a", "c", "link"),
        ("c", "b", "link"),
    }
    assert near.edges["a", "b", "link"]["count"] == 3
    assert near.nodes["b"] == {"title": "b", "exists": True, "tags": []}


def test_the_result_is_a_new_graph() -> None:
    graph = graph_of(("a", "b"))
    neighbourhood(graph, "a", 1).remove_node("b")
    assert "b" in graph


def test_around_a_dangling_target_and_a_link_to_itself() -> None:
    graph = graph_of(("a", "gone"), ("a", "a"), ("b", "gone"), missing=("gone",))
    assert set(neighbourhood(graph, "gone", 1)) == {"a", "b", "gone"}
    assert set(neighbourhood(graph, "a", 1)) == {"a", "gone"}


def test_invalid_arguments_are_refused() -> None:
    graph = graph_of(("a", "b"))
    with pytest.raises(NoteNotFound, match="“c” is not in the graph"):
        neighbourhood(graph, "c", 1)
    with pytest.raises(ValueError, match="negative"):
        neighbourhood(graph, "a", -1)
