import pytest

from tests.cli.program import Program


def test_list(linked: Program) -> None:
    notes = linked.json("list")
    assert [note["name"] for note in notes] == ["alone", "zh/CAP定理", "zh/分布式系统"]
    assert set(notes[0]) == {"name", "title", "modified", "characters", "links", "backlinks"}
    assert notes[1] | {"modified": 0} == {
        "name": "zh/CAP定理",
        "title": "CAP定理",
        "modified": 0,
        "characters": len("---\naliases: [CAP]\n---\n![[分布式系统]]\n"),
        "links": 1,
        "backlinks": 1,
    }
    assert notes[1]["modified"] > 1_700_000_000_000


def test_a_list_in_a_pipe_is_tab_separated(linked: Program) -> None:
    first = linked.out("list").splitlines()[0].split("\t")
    assert first[0] == "alone"
    assert first[2:] == ["12", "0", "0"]
    assert len(first[1]) == len("2026-11-22 20:15")


def test_search(linked: Program) -> None:
    assert linked.json("search", "系统") == [
        {"note": "zh/分布式系统", "line": 1, "snippet": "# 分布式系统"},
        {"note": "zh/CAP定理", "line": 4, "snippet": "![[分布式系统]]"},
    ]
    assert linked.out("search", "nothing") == "alone:1: nothing here\n"
    assert linked.json("search", "absent") == []
    assert linked.out("search", "absent") == ""
    assert len(linked.json("search", "系统", "--limit", "1")) == 1
    assert linked.run("search", "x", "--limit", "0").exit_code == 2


def test_a_search_accepts_any_input(linked: Program) -> None:
    for query in ("", '"', "AND", "a* OR (", "\x00", "\udcff", "[[", "%", "'; DROP"):
        assert isinstance(linked.json("search", query), list)


def test_links(linked: Program) -> None:
    assert linked.json("links", "分布式系统") == [
        {"target": "CAP定理", "note": "zh/CAP定理", "kind": "link"},
        {"target": "共识算法", "note": None, "kind": "link"},
    ]
    assert linked.json("links", "CAP") == [{"target": "分布式系统", "note": "zh/分布式系统", "kind": "embed"}]
    assert linked.out("links", "分布式系统").splitlines()[1] == "共识算法\t(dangling)\tlink\t1"
    assert linked.json("links", "alone") == []


def test_backlinks(linked: Program) -> None:
    assert linked.json("backlinks", "CAP") == [
        {"note": "zh/分布式系统", "line": 3, "context": "见 [[CAP定理|CAP]]，[[共识算法]]。 #系统"}
    ]
    assert linked.out("backlinks", "zh/分布式系统") == "zh/CAP定理:4: ![[分布式系统]]\n"


def test_tags(linked: Program) -> None:
    assert linked.json("tags") == [{"tag": "系统", "notes": 1}]
    assert linked.out("tags") == "系统\t1\n"


def test_orphans(linked: Program) -> None:
    assert [note["name"] for note in linked.json("orphans")] == ["alone"]
    assert linked.out("orphans").startswith("alone\t")


def test_dangling(linked: Program) -> None:
    assert linked.json("dangling") == [{"target": "共识算法", "notes": ["zh/分布式系统"]}]
    assert linked.out("dangling") == "共识算法\tzh/分布式系统\n"


def test_json_is_not_escaped(linked: Program) -> None:
    assert "zh/分布式系统" in linked.out("list", "--json")


def test_an_empty_vault_lists_nothing(program: Program) -> None:
    for command in ("list", "tags", "orphans", "dangling"):
        assert program.json(command) == []
        assert program.out(command) == ""


def test_terminal_control_characters_are_not_printed(program: Program) -> None:
    program.out("new", "a", "--text", "word \x1b[31mred\x07 [[x\u202e\x9by]]\n")
    program.out("new", "b")
    out = program.out("search", "word") + program.out("links", "a") + program.out("dangling")
    assert not any(character in out for character in "\x1b\x07\x9b")


def test_mentions(linked: Program) -> None:
    linked.out("new", "essay", "--text", "First line.\n讲cap 的分布式系统，不连。\n")
    line = {"note": "essay", "line": 2, "context": "讲cap 的分布式系统，不连。"}
    assert linked.json("mentions", "CAP定理") == [line]
    assert linked.json("mentions", "分布式系统") == [line]
    assert linked.out("mentions", "CAP") == "essay:2: 讲cap 的分布式系统，不连。\n"
    assert linked.json("mentions", "alone") == []


@pytest.mark.parametrize(
    "arguments", [["->"], ["->", "--limit", "1"], ["--limit", "1", "->"], ["--", "->"], ["- a"]]
)
def test_a_query_may_begin_with_a_dash(program: Program, arguments: list[str]) -> None:
    program.out("new", "A", "--text", "- a -> b\n")
    program.out("new", "B", "--text", "b\n")
    assert program.out("search", *arguments) == "A:1: - a -> b\n"
    assert program.run("search", "--nonsense").exit_code == 2
    assert program.run("search", "-n", "->").exit_code == 2
