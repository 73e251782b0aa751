"""The links around a note as a picture of cells: notes that link here, the note, notes it links to.

::

     en/Start here ─┐              ┌─→ CAP定理
      从这里开始 ───┼─ 分布式系统 ─┤
         双向链接 ──┘              ├─⇄ 最终一致性
                                   └─→ 拜占庭将军问题 ?

Positions and widths are in cells of the terminal; a Chinese character takes two.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from crdtnotes.graph.labels import printable
from crdtnotes.markup.names import title_of
from crdtnotes.note import Neighbour

BOTH, ONE_WAY, DANGLING_MARK = "⇄", "→", " ?"

_MIN_LABEL_CELLS = 4
_CORNERS = {
    # (goes up, goes down, has something at its left, has something at its right)
    (False, False, True, True): "─",
    (False, False, True, False): "─",
    (False, False, False, True): "─",
    (False, True, True, True): "┬",
    (True, False, True, True): "┴",
    (True, True, True, True): "┼",
    (False, True, True, False): "┐",
    (True, False, True, False): "┘",
    (True, True, True, False): "┤",
    (False, True, False, True): "┌",
    (True, False, False, True): "└",
    (True, True, False, True): "├",
    (True, True, False, False): "│",
}


class Side(IntEnum):
    """The column of a node."""

    IN, MIDDLE, OUT = -1, 0, 1


class Node(NamedTuple):
    """A note, or the target of a dangling link, and its number `at` on its side."""

    name: str
    side: Side
    at: int
    exists: bool
    both: bool = False

    @property
    def label(self) -> str:
        """The text in the picture."""
        return printable(title_of(self.name)) + ("" if self.exists else DANGLING_MARK)


class Piece(NamedTuple):
    """A part of a line: the label of a node, or the drawing between nodes."""

    text: str
    node: Node | None = None


def nodes(name: str, neighbours: Sequence[Neighbour]) -> list[Node]:
    """Return a note and the nodes around it, the note first; notes linked both ways are on the right."""
    left = [one for one in neighbours if one.incoming and not one.outgoing]
    right = [one for one in neighbours if one.outgoing]
    # Links in both directions come first, dangling links last.
    right.sort(key=lambda one: (not one.incoming, not one.exists))
    return [
        Node(name, Side.MIDDLE, 0, True),
        *(Node(one.name, Side.IN, at, True) for at, one in enumerate(left)),
        *(Node(one.name, Side.OUT, at, one.exists, one.incoming) for at, one in enumerate(right)),
    ]


def step(all_nodes: Sequence[Node], selected: Node, across: int, down: int) -> Node:
    """Return the node one step beside `selected`, or above or below it; `selected` if there is none."""
    if across:
        side = selected.side + across
        if selected.side is Side.MIDDLE or side == Side.MIDDLE:
            there = [one for one in all_nodes if one.side == side]
            return there[min(selected.at, len(there) - 1)] if there else selected
        return selected
    there = [one for one in all_nodes if one.side is selected.side]
    return there[max(0, min(selected.at + down, len(there) - 1))]


def picture(all_nodes: Sequence[Node], selected: Node, width: int, height: int) -> list[list[Piece]]:
    """Return the lines of the picture, at most `width` wide; a long side is cut to the part at `selected`."""
    middle = all_nodes[0]
    sides = {
        side: _window([one for one in all_nodes if one.side is side], selected, height)
        for side in (Side.IN, Side.OUT)
    }
    rows = max(1, *(len(window) for window in sides.values()))
    centre = (rows - 1) // 2
    room = max(_MIN_LABEL_CELLS, (width - 12) // 3)
    label = _cut(middle.label, room)
    first, second = ((rows - len(sides[side])) // 2 for side in (Side.IN, Side.OUT))
    left_width = min(room, max((cell_len(one.label) for one in sides[Side.IN]), default=0))
    right_room = max(_MIN_LABEL_CELLS, width - left_width - cell_len(label) - 12)
    lines = []
    for row in range(rows):
        line: list[Piece] = []
        line += _left(sides[Side.IN], row - first, centre - first, left_width)
        line += [Piece(label, middle)] if row == centre else [Piece(" " * cell_len(label))]
        line += _right(sides[Side.OUT], row - second, centre - second, right_room)
        lines.append(line)
    return lines


def _left(side: Sequence[Node], row: int, centre: int, width: int) -> list[Piece]:
    if not side:
        return []
    corner = _corner(len(side), row, centre, outer_left=True)
    tail = "─ " if row == centre else "  "
    if not 0 <= row < len(side):
        return [Piece(" " * (width + 3) + corner + tail)]
    text = _cut(side[row].label, width)
    gap = width - cell_len(text)
    return [Piece(" " * gap), Piece(text, side[row]), Piece(" ──" + corner + tail)]


def _right(side: Sequence[Node], row: int, centre: int, room: int) -> list[Piece]:
    if not side:
        return []
    corner = _corner(len(side), row, centre, outer_left=False)
    tail = " ─" if row == centre else "  "
    if not 0 <= row < len(side):
        return [Piece(tail + corner)]
    node = side[row]
    arrow = BOTH if node.both else ONE_WAY
    return [Piece(f"{tail}{corner}─{arrow} "), Piece(_cut(node.label, room), node)]


def _corner(count: int, row: int, centre: int, *, outer_left: bool) -> str:
    """Return the character where a side's lines meet; rows count from the first node of the side."""
    outer, inner = 0 <= row < count, row == centre
    top, bottom = min(0, centre), max(count - 1, centre)
    left, right = (outer, inner) if outer_left else (inner, outer)
    return _CORNERS.get((top < row <= bottom, top <= row < bottom, left, right), " ")


def _window(side: list[Node], selected: Node, height: int) -> list[Node]:
    if len(side) <= height:
        return side
    at = selected.at if selected.side is side[0].side else 0
    start = max(0, min(at - height // 2, len(side) - height))
    return side[start : start + height]


def _cut(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(1, width - 1)).rstrip() + "…"
