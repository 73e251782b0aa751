import pytest
from rich.cells import cell_len

from crdtnotes.note import Neighbour
from crdtnotes_tui.text.graph_drawing import Node, Side, nodes, picture, step


def around(*, into: str = "", both: str = "", out: str = "", dangling: str = "") -> list[Node]:
    made = [Neighbour(name, True, True, False, ("link",), 1) for name in into.split()]
    made += [Neighbour(name, True, True, True, ("link",), 2) for name in both.split()]
    made += [Neighbour(name, True, False, True, ("link",), 1) for name in out.split()]
    made += [Neighbour(name, False, False, True, ("link",), 1) for name in dangling.split()]
    return nodes("zh/分布式系统", made)


def drawn(there: list[Node], width: int = 60, height: int = 12, at: int = 0) -> list[str]:
    lines = picture(there, there[at], width, height)
    return ["".join(piece.text for piece in line).rstrip() for line in lines]


def test_notes_that_link_here_are_at_the_left_and_link_targets_at_the_right() -> None:
    there = around(into="en/Start 从这里开始 x", both="CAP定理", out="共识", dangling="未写")
    assert drawn(there) == [
        "     Start ──┐              ┌─⇄ CAP定理",
        "从这里开始 ──┼─ 分布式系统 ─┼─→ 共识",
        "         x ──┘              └─→ 未写 ?",
    ]


def test_a_note_without_links_is_alone() -> None:
    assert drawn(around()) == ["分布式系统"]


def test_one_link_is_a_straight_line() -> None:
    assert drawn(around(into="a", out="b")) == ["a ──── 分布式系统 ───→ b"]


@pytest.mark.parametrize(("width", "height"), [(30, 4), (40, 8), (76, 6), (120, 14)])
@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_it_keeps_to_its_room_whatever_is_marked(width: int, height: int, count: int) -> None:
    names = " ".join(f"很长很长很长很长的名字{number}" for number in range(count))
    there = around(into=names, out=names.replace("名字", "目标"))
    for at, node in enumerate(there):
        lines = picture(there, node, width, height)
        assert len(lines) <= height
        assert all(sum(cell_len(piece.text) for piece in line) <= width for line in lines)
        assert any(piece.node == there[at] for line in lines for piece in line)


def test_every_line_has_the_note_in_the_same_column() -> None:
    there = around(into="a 中文 ccc", out="x y z w v")
    columns = set()
    for line in picture(there, there[0], 60, 10):
        cells = 0
        for piece in line:
            if piece.node == there[0]:
                columns.add(cells)
            cells += cell_len(piece.text)
    assert len(columns) == 1


def test_arrows_walk() -> None:
    there = around(into="a b", out="x y z")
    middle = there[0]
    left = step(there, middle, -1, 0)
    assert (left.side, left.name) == (Side.IN, "a")
    assert step(there, left, 0, 1).name == "b"
    assert step(there, left, 0, 9).name == "b"
    assert step(there, left, -1, 0) == left
    assert step(there, left, 1, 0) == middle
    assert step(there, step(there, middle, 1, 0), 0, 2).name == "z"
    alone = around()
    assert step(alone, alone[0], 1, 0) == alone[0]
