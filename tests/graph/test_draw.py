import io

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from crdtnotes.errors import NoteNotFound
from crdtnotes.graph.draw import draw
from tests.graph.graphs import Graph, graph_of, nasty_graph


def system() -> Graph:
    return graph_of(
        ("zh/系统", "zh/CAP定理", "link", 2),
        ("zh/CAP定理", "zh/系统"),
        ("en/Start here", "zh/系统"),
        ("zh/首页", "zh/系统", "link", 2),
        ("zh/系统", "zh/图", "embed", 1),
        ("zh/系统", "拜占庭", "link", 1),
        ("zh/系统", "zh/系统"),
        ("zh/首页", "zh/图"),
        missing=("拜占庭",),
    )


def printed(text: Text, *, terminal: bool) -> str:
    out = io.StringIO()
    Console(file=out, force_terminal=terminal, color_system="standard" if terminal else None, width=80).print(
        text
    )
    return out.getvalue()


def test_the_note_is_between_its_backlinks_and_its_links() -> None:
    assert draw(system(), "zh/系统").plain.split("\n") == [
        "┌← en/Start here",
        "├← zh/首页 ×2",
        "zh/系统 ↻",
        "├⇄ zh/CAP定理 ×3",
        "├→ zh/图 (embed)",
        "└→ 拜占庭 (dangling)",
    ]


def test_drawing_a_dangling_target_and_an_unlinked_note() -> None:
    assert draw(system(), "拜占庭").plain == "┌← zh/系统\n拜占庭"
    graph = graph_of(("a", "b"))
    graph.add_node("alone", title="alone", exists=True, tags=[])
    assert draw(graph, "alone").plain == "alone"


@pytest.mark.parametrize("width", [1, 5, 12, 17, 20, 80])
def test_no_line_is_wider_than_asked_for(width: int) -> None:
    for graph in (system(), nasty_graph()):
        for name in graph:
            assert max(cell_len(line) for line in draw(graph, name, width).plain.split("\n")) <= width


def test_names_are_shortened_before_the_remarks_about_them() -> None:
    graph = graph_of(("中", "很长很长很长很长的名字"), missing=("很长很长很长很长的名字",))
    assert draw(graph, "中", 26).plain.split("\n")[1] == "└→ 很长很长很… (dangling)"


def test_many_neighbours_are_counted() -> None:
    graph = graph_of(*((f"n{number:02}", "hub") for number in range(40)), ("hub", "one"))
    lines = draw(graph, "hub", limit=3).plain.split("\n")
    assert lines == ["┌← n00", "├← n01", "├← n02", "├← … and 37 more", "hub", "└→ one"]


def test_nothing_in_a_name_reaches_the_terminal_as_a_command() -> None:
    graph = graph_of(("a", "\x1b[31mred\x07\nnew line"), missing=("\x1b[31mred\x07\nnew line",))
    assert draw(graph, "a").plain == "a\n└→ ␛[31mred␇ new line (dangling)"


def test_markup_in_a_name_is_not_read_as_markup() -> None:
    graph = graph_of(("[bold]a[/bold]", ":smile: [red]"))
    assert printed(draw(graph, "[bold]a[/bold]"), terminal=False) == "[bold]a[/bold]\n└→ :smile: [red]\n"


def test_colour_on_a_terminal_and_plain_text_in_a_pipe() -> None:
    picture = draw(system(), "zh/系统")
    assert "\x1b[" in printed(picture, terminal=True)
    assert printed(picture, terminal=False) == picture.plain + "\n"


def test_a_note_that_is_not_there() -> None:
    with pytest.raises(NoteNotFound, match="“x” is not in the graph"):
        draw(graph_of(("a", "b")), "x")
