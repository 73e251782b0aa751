import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from crdtnotes.cli.folders import SHOWN_LEFT_OUT
from crdtnotes.graph.formats import format_names
from tests.cli.program import Program

LATIN_1 = "It is not UTF-8 text. It looks like Latin-1: --encoding latin-1 converts it."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two notes and a file that is not a note."""
    root = tmp_path / "folder"
    (root / "zh").mkdir(parents=True)
    (root / "zh" / "系统.md").write_bytes("见 [[a]]\r\n".encode())
    (root / "a.md").write_bytes(b"one\n")
    (root / "broken.md").write_bytes(b"\xff")
    return root


def test_import_prints_counts_and_the_files_left_out(program: Program, folder: Path) -> None:
    result = program.run("import", folder)
    assert result.exit_code == 0
    assert result.stdout == "2 created, 0 updated, 0 unchanged.\n"
    assert result.stderr == f"left out: broken.md: {LATIN_1}\n"
    (folder / "a.md").write_bytes(b"two\n")
    assert program.run("import", folder).stdout == "0 created, 1 updated, 1 unchanged.\n"
    assert program.text("系统") == "见 [[a]]\r\n"


def test_import_as_json(program: Program, folder: Path) -> None:
    assert program.json("import", folder) == {
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "left_out": [{"path": "broken.md", "reason": LATIN_1}],
        "notices": [],
    }
    assert "1 left out" in program.run("import", folder, "--json").stderr


def test_notes_that_are_missing_are_named_first_and_other_files_are_counted(
    program: Program, folder: Path
) -> None:
    for number in range(30):
        (folder / f"{number:02}.png").write_bytes(b"")
    for name in ("paper.pdf", "b.pdf", "a.zip", ".obsidian/app.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"")
    assert program.run("import", folder).stderr.splitlines() == [
        f"left out: broken.md: {LATIN_1}",
        "left out: 30 images, 2 PDFs, 1 hidden folder, 1 other file",
    ]
    assert program.json("import", folder)["left_out"][0]["path"] == "broken.md"


def test_only_the_first_of_many_missing_notes_are_named(program: Program, folder: Path) -> None:
    for number in range(SHOWN_LEFT_OUT + 5):
        (folder / f"{number:02}.md").write_bytes(b"\xff")
    lines = program.run("import", folder).stderr.splitlines()
    assert len(lines) == SHOWN_LEFT_OUT + 1
    assert lines[-1] == "6 more (--json lists them all) left out."


def test_an_encoding_can_be_given(program: Program, folder: Path) -> None:
    (folder / "中文.md").write_bytes("见 [[分布式系统]]，一致性。\n".encode("gb18030"))
    (folder / "broken.md").unlink()
    assert program.out("import", folder, "--encoding", "gb18030").startswith("3 created")
    assert program.text("中文") == "见 [[分布式系统]]，一致性。\n"
    # Its file is unchanged in both directions, and is still named when it is edited.
    assert program.out("import", folder).startswith("0 created, 0 updated, 3 unchanged")
    assert program.out("export", folder) == "0 written, 3 unchanged.\n"
    (folder / "中文.md").write_bytes("见 [[分布式系统]]，可用性。\n".encode("gb18030"))
    assert "looks like GB18030" in program.run("import", folder).stderr
    assert program.out("import", folder, "--encoding", "gb18030").startswith("0 created, 1 updated")
    assert program.text("中文") == "见 [[分布式系统]]，可用性。\n"
    assert "no encoding" in program.fails("import", folder, "--encoding", "nonsense")


def test_what_happened_to_notes_is_said_in_one_line_each(program: Program, folder: Path) -> None:
    program.run("import", folder)
    program.out("rename", "a", "b")
    result = program.run("import", folder)
    assert result.stderr.splitlines()[0] == "a.md: Its note is called “b” now."
    assert program.json("import", folder)["notices"] == [
        {"path": "a.md", "reason": "Its note is called “b” now."}
    ]


def test_a_second_folder_is_refused_in_words(program: Program, folder: Path, tmp_path: Path) -> None:
    program.run("import", folder)
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "a.md").write_bytes(b"second\n")
    sentence = program.fails("import", tmp_path / "second")
    assert sentence.startswith(f"a.md would replace a note of the folder {folder}; nothing was imported.")
    program.fails("import", tmp_path / "second", "--into", "a//b")
    assert program.out("import", tmp_path / "second", "--into", "second").startswith("1 created")
    assert program.text("second/a") == "second\n"
    assert program.text("a") == "one\n"


def test_dry_runs_list_what_would_happen(program: Program, folder: Path) -> None:
    dry = " (a dry run: nothing was changed)"
    assert program.out("import", folder, "--dry-run").splitlines() == [
        "would create a",
        "would create zh/系统",
        f"2 created, 0 updated, 0 unchanged{dry}.",
    ]
    assert program.json("list") == []
    program.run("import", folder)
    program.out("rename", "a", "b")
    program.out("append", "b", "two")
    assert program.out("export", folder, "--dry-run").splitlines() == [
        "would write b",
        "would write zh/系统",
        "would move a.md to b.md",
        f"2 written, 0 unchanged{dry}.",
    ]
    assert (folder / "a.md").exists()
    assert program.out("export", folder).splitlines() == ["moved a.md to b.md", "2 written, 0 unchanged."]
    assert not (folder / "a.md").exists()


def test_an_edited_file_is_overwritten_only_by_force(program: Program, folder: Path) -> None:
    program.run("import", folder)
    (folder / "a.md").write_bytes(b"edited\n")
    result = program.run("export", folder)
    assert result.exit_code == 1
    assert "not exported: a: Its file was edited since" in result.stderr
    assert program.out("export", folder, "--force") == "1 written, 1 unchanged.\n"


def test_import_from_a_missing_folder(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "not a folder" in program.fails("import", tmp_path / "missing")
    assert "not a folder" in program.fails("import", tmp_path / "file")


def test_export_writes_the_same_bytes(program: Program, folder: Path, tmp_path: Path) -> None:
    program.run("import", folder)
    target = tmp_path / "new" / "out"
    assert program.out("export", target) == "2 written, 0 unchanged.\n"
    assert program.json("export", target) == {"written": 0, "unchanged": 2, "moved": [], "failed": []}
    for name in ("zh/系统.md", "a.md"):
        assert (target / name).read_bytes() == (folder / name).read_bytes()


def test_an_export_that_lacks_a_note_fails(linked: Program, tmp_path: Path) -> None:
    (tmp_path / "out" / "alone.md").mkdir(parents=True)
    result = linked.run("export", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stdout == "2 written, 0 unchanged.\n"
    assert "not exported: alone: A folder is where its file should be." in result.stderr
    assert "Error: 1 note could not be exported." in result.stderr


def test_export_to_a_file(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    program.fails("export", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("name", format_names())
def test_every_format_can_be_asked_for(linked: Program, name: str) -> None:
    assert linked.out("graph", "--format", name)


def test_graph_is_json_by_default(linked: Program) -> None:
    graph = json.loads(linked.out("graph"))
    assert [node["id"] for node in graph["nodes"]] == ["alone", "zh/CAP定理", "zh/分布式系统", "共识算法"]
    assert {"source": "zh/CAP定理", "target": "zh/分布式系统", "kind": "embed", "count": 1} in graph["edges"]


def test_graph_formats(linked: Program) -> None:
    assert "digraph" in linked.out("graph", "--format", "dot")
    for name in ("graphml", "gexf"):
        ET.fromstring(linked.run("graph", "--format", name).stdout_bytes)
    assert linked.run("graph", "--format", "png").exit_code == 2


def test_graph_around_a_note_or_a_target_without_one(linked: Program) -> None:
    def around(*arguments: str) -> list[str]:
        return [node["id"] for node in json.loads(linked.out("graph", "--around", *arguments))["nodes"]]

    assert around("CAP") == ["zh/CAP定理", "zh/分布式系统"]
    assert around("CAP", "--depth", "2") == ["zh/CAP定理", "zh/分布式系统", "共识算法"]
    assert around("CAP", "--depth", "0") == ["zh/CAP定理"]
    assert around("共识算法") == ["zh/分布式系统", "共识算法"]


def test_graph_arguments_that_make_no_sense(linked: Program) -> None:
    linked.fails("graph", "--around", "nobody")
    assert linked.run("graph", "--depth", "1").exit_code == 2
    assert linked.run("graph", "--around", "CAP", "--depth", "-1").exit_code == 2


def test_graph_into_a_file(linked: Program, tmp_path: Path) -> None:
    file = tmp_path / "graph.json"
    assert linked.run("graph", "--output", file).stdout == ""
    assert file.read_bytes() == linked.run("graph").stdout_bytes
    linked.fails("graph", "--output", tmp_path / "missing" / "graph.json")
    linked.fails("graph", "--output", tmp_path)
