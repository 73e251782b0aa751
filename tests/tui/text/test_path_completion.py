"""Paths as they are typed."""

import unicodedata
from pathlib import Path

import pytest

from crdtnotes_tui.text.path_completion import complete_path, full_path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    for name in ("Notes", "notebook", "笔记/系统", ".hidden"):
        (folder / name).mkdir(parents=True)
    (folder / "file.md").write_text("")
    return folder


@pytest.mark.parametrize(
    ("typed", "text", "names"),
    [
        ("", "", ["notebook/", "Notes/", "笔记/"]),
        ("NO", "note", ["notebook/", "Notes/"]),
        ("noteb", "notebook/", ["notebook/"]),
        ("笔", "笔记/", ["笔记/"]),
        ("笔记/", "笔记/系统/", ["系统/"]),
        (".h", ".hidden/", [".hidden/"]),
        ("x", "x", []),
        ("missing/", "missing/", []),
    ],
)
def test_folders_are_completed_as_far_as_they_are_certain(
    folder: Path, typed: str, text: str, names: list[str]
) -> None:
    done = complete_path(f"{folder}/{typed}", folders_only=True)
    assert done == (f"{folder}/{text}", names)


def test_files_are_named_if_they_are_wanted(folder: Path) -> None:
    assert complete_path(f"{folder}/f", folders_only=False).text == f"{folder}/file.md"
    assert complete_path(f"{folder}/f", folders_only=True).names == []


def test_a_decomposed_name_is_found_and_written_as_the_disk_has_it(tmp_path: Path) -> None:
    name = unicodedata.normalize("NFD", "Café")
    (tmp_path / name).mkdir()
    assert complete_path(f"{tmp_path}/caf\N{LATIN SMALL LETTER E WITH ACUTE}", folders_only=True).text == (
        f"{tmp_path}/{name}/"
    )


def test_names_that_would_steer_the_terminal_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "here" / "a\x1b[2J").mkdir(parents=True)
    assert complete_path(f"{tmp_path}/here/", folders_only=True).names == []
    assert complete_path(f"{tmp_path}/\0", folders_only=True).names == []


def test_home(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert complete_path("~", folders_only=True).text == "~/"
    assert complete_path("~/noteb", folders_only=True).text == "~/notebook/"
    assert full_path(" ~/a ") == f"{folder}/a"
