"""The links of one note as a small drawing for a terminal.

::

    ├← en/Start here
    ├← zh/从这里开始 ×2
    zh/分布式系统
    ├⇄ zh/CAP定理
    ├→ zh/最终一致性
    └→ 拜占庭将军问题 (dangling)

Backlinks are above the note. Below it are first the notes linked both ways, then the notes it links to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from crdtnotes.errors import NoteNotFound
from crdtnotes.graph.labels import printable

if TYPE_CHECKING:
    import networkx as nx

BACKLINK, LINK, BOTH = "←", "→", "⇄"
_STYLES = {BACKLINK: "cyan", LINK: "green", BOTH: "magenta"}
_PLAIN_KIND = "link"
_MIN_NAME_CELLS = 8  # a name keeps at least this many cells; then the remarks after it are cut


@dataclass(slots=True)
class _Neighbour:
    """Another node, and its links with the note in the middle."""

    name: str
    exists: bool
    count: int = 0
    kinds: set[str] = field(default_factory=set)
    incoming: bool = False
    outgoing: bool = False

    @property
    def arrow(self) -> str:
        if self.incoming and self.outgoing:
            return BOTH
        return BACKLINK if self.incoming else LINK

    @property
    def remarks(self) -> str:
        """The text after the name: the number of links, their kinds, and whether the target dangles."""
        words = sorted(printable(kind) for kind in self.kinds if kind != _PLAIN_KIND)
        if not self.exists:
            words.append("dangling")
        count = f" ×{self.count}" if self.count > 1 else ""
        return count + (f" ({', '.join(words)})" if words else "")


def draw(graph: nx.MultiDiGraph[str], name: str, width: int = 80, limit: int = 12) -> Text:
    """The note `name` with its links and backlinks, one neighbour per line, no line wider than `width` cells.

    At most `limit` neighbours of each direction are drawn, the rest are counted. Colours are rich styles,
    so the output to a pipe is plain text. Raises NoteNotFound if the graph has no such node.
    """
    if name not in graph:
        raise NoteNotFound(f"“{name}” is not in the graph.")
    groups: dict[str, list[_Neighbour]] = {BACKLINK: [], BOTH: [], LINK: []}
    for neighbour in _neighbours(graph, name):
        groups[neighbour.arrow].append(neighbour)
    above = _lines(groups[BACKLINK], limit, width)
    below = _lines(groups[BOTH], limit, width) + _lines(groups[LINK], limit, width)
    middle = _fitted("", printable(name), " ↻" if graph.has_edge(name, name) else "", width, "bold")
    if above:
        above[0] = _with_branch("┌", above[0])
    if below:
        below[-1] = _with_branch("└", below[-1])
    return Text("\n").join([*above, middle, *below])


def _neighbours(graph: nx.MultiDiGraph[str], name: str) -> list[_Neighbour]:
    """Every node that an edge connects with `name`, except `name` itself, by name."""
    found: dict[str, _Neighbour] = {}

    def neighbour(other: str, data: dict[str, object]) -> _Neighbour:
        entry = found.setdefault(other, _Neighbour(other, bool(graph.nodes[other]["exists"])))
        entry.kinds.add(str(data["kind"]))
        return entry

    for source, _, data in graph.in_edges(name, data=True):
        if source != name:
            entry = neighbour(source, data)
            entry.incoming = True
            entry.count += data["count"]
    for _, target, data in graph.out_edges(name, data=True):
        if target != name:
            entry = neighbour(target, data)
            entry.outgoing = True
            entry.count += data["count"]
    return [found[other] for other in sorted(found)]


def _lines(neighbours: list[_Neighbour], limit: int, width: int) -> list[Text]:
    lines = [
        _fitted(
            f"├{one.arrow} ",
            printable(one.name),
            one.remarks,
            width,
            _STYLES[one.arrow] if one.exists else f"{_STYLES[one.arrow]} italic",
        )
        for one in neighbours[:limit]
    ]
    left = len(neighbours) - limit
    if left > 0:
        lines.append(_fitted(f"├{neighbours[0].arrow} ", f"… and {left} more", "", width, "dim"))
    return lines


def _fitted(before: str, name: str, after: str, width: int, style: str) -> Text:
    """One line; if there is not enough room, the name is shortened first, then the rest."""
    room = max(_MIN_NAME_CELLS, width - cell_len(before) - cell_len(after))
    if cell_len(name) > room:
        # If the cut goes through a wide character, a space takes its place.
        name = set_cell_size(name, room - 1).rstrip() + "…"
    line = Text.assemble((before, "dim"), (name, style), (after, "dim"))
    line.truncate(max(1, width), overflow="ellipsis")
    return line


def _with_branch(branch: str, line: Text) -> Text:
    return Text.assemble((branch, "dim"), line[1:])
