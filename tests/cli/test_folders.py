import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from crdtnotes.cli.folders import SHOWN_LEFT_OUT
from crdtnotes.graph.formats import format_names
from tests.cli.program import Program


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
    assert result.stderr == "left out: broken.md: It is not UTF-8 text.\n"
    (folder / "a.md").write_bytes(b"two\n")
    assert program.run("import", folder).stdout == "0 created, 1 updated, 1 unchanged.\n"
    assert program.text("系统") == "见 [[a]]\r\n"


def test_import_as_json(program: Program, folder: Path) -> None:
    assert program.json("import", folder) == {
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "left_out": [{"path": "broken.md", "reason": "It is not UTF-8 text."}],
    }
    assert "1 left out" in program.run("import", folder, "--json").stderr


def test_only_the_first_of_many_files_left_out_are_named(program: Program, folder: Path) -> None:
    for number in range(SHOWN_LEFT_OUT + 5):
        (folder / f"{number:02}.png").write_bytes(b"")
    lines = program.run("import", folder).stderr.splitlines()
    assert len(lines) == SHOWN_LEFT_OUT + 1
    assert lines[-1].startswith("6 more")


def test_import_from_a_missing_folder(program: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert "not a folder" in program.fails("import", tmp_path / "missing")
    assert "not a folder" in program.fails("import", tmp_path / "file")


def test_export_writes_the_same_bytes(program: Program, folder: Path, tmp_path: Path) -> None:
    program.run("import", folder)
    target = tmp_path / "new" / "out"
    assert program.out("export", target) == "2 written, 0 unchanged.\n"
    assert program.json("export", target) == {"written": 0, "unchanged": 2, "failed": []}
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
