"""The link graph as networkx has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from crdtnotes.markup.files import can_be_note
from crdtnotes.markup.names import name_key, title_of
from crdtnotes.markup.resolve import meant_name

if TYPE_CHECKING:
    import networkx as nx


def link_graph(
    names: Iterable[str],
    tags: Mapping[str, list[str]],
    edges: Iterable[tuple[str, str, str, int, str | None]],
) -> nx.MultiDiGraph[str]:
    """Return the graph of `Vault.graph`.

    `edges` are `(source, kind, value, count, target)`; the target is None where the link dangles. Links to
    files and addresses are left out.
    """
    import networkx as nx  # takes longer to load than any other call of a vault takes to run

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for name in names:
        graph.add_node(name, title=title_of(name), exists=True, tags=tags.get(name, []))
    dangling: dict[str, str] = {}
    for source, kind, value, count, target in edges:
        if target is None:
            if not can_be_note(value):
                continue
            value = meant_name(value, source)
            target = dangling.setdefault(name_key(value), value)
            if target not in graph:
                graph.add_node(target, title=title_of(target), exists=False, tags=[])
        if graph.has_edge(source, target, kind):
            graph.edges[source, target, kind]["count"] += count
        else:
            graph.add_edge(source, target, kind, kind=kind, count=count)
    return graph
