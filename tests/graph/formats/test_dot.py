import re

from crdtnotes.graph.formats.dot import write
from tests.graph.graphs import NASTY, graph_of, nasty_graph

# A quoted identifier as Graphviz's scanner reads it: a backslash also consumes the next character.
QUOTED = r'"(?:[^"\\]|\\.)*"'
ATTRIBUTES = rf"\[\w+=(?:{QUOTED}|\w+)(?:, \w+=(?:{QUOTED}|\w+))*\]"
NODE = re.compile(rf"  ({QUOTED}) {ATTRIBUTES};")
EDGE = re.compile(rf"  ({QUOTED}) -> ({QUOTED}) {ATTRIBUTES};")


def test_a_small_graph() -> None:
    graph = graph_of(("zh/图", "无"), ("zh/图", "zh/图", "embed", 2), missing=("无",))
    graph.nodes["zh/图"]["tags"] = ["b", "a"]
    assert write(graph) == (
        "digraph notes {\n"
        '  graph [charset="UTF-8"];\n'
        "  node [shape=box, style=rounded];\n"
        '  "zh/图" [label="图", tags="a, b"];\n'
        '  "无" [label="无", style="rounded,dashed"];\n'
        '  "zh/图" -> "zh/图" [kind="embed", count=2];\n'
        '  "zh/图" -> "无" [kind="link", count=1];\n'
        "}\n"
    )


def test_labels_are_shown_unchanged() -> None:
    graph = graph_of(('a"b\\', "\\N &amp; & R&D;"), missing=("\\N &amp; & R&D;",))
    text = write(graph)
    assert r'"a\"b\\" [label="a\"b\\"];' in text
    assert r'[label="\\N &amp;amp; & R&amp;D;", style' in text


def test_every_statement_can_be_read_with_any_names() -> None:
    lines = write(nasty_graph()).split("\n")
    assert lines[-2:] == ["}", ""]
    statements = lines[3:-2]
    nodes = [match.group(1) for line in statements if (match := NODE.fullmatch(line))]
    edges = [match.groups() for line in statements if (match := EDGE.fullmatch(line))]
    assert len(nodes) == len(set(nodes)) == len(edges) == len(NASTY)
    assert len(nodes) + len(edges) == len(statements)
    assert {end for edge in edges for end in edge} == set(nodes)
