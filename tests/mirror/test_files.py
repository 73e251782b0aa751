import os
from pathlib import Path

import pytest

from crdtnotes.errors import TooLarge
from crdtnotes.mirror.encodings import text_of
from crdtnotes.mirror.files import MAX_FILE_BYTES, is_inside, read_bytes, refused_by_windows, replace_file
from tests.mirror.folders import TEXTS, held


@pytest.mark.parametrize("data", TEXTS.values(), ids=TEXTS)
def test_a_text_encodes_to_the_same_bytes(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "note.md"
    path.write_bytes(data)
    assert text_of(read_bytes(path)).encode() == data


def test_the_largest_file(tmp_path: Path) -> None:
    path = tmp_path / "note.md"
    path.write_bytes(b"x" * MAX_FILE_BYTES)
    assert len(read_bytes(path)) == MAX_FILE_BYTES
    with path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(TooLarge, match="larger than 8 MiB"):
        read_bytes(path)


def test_a_file_is_replaced_whole_and_nothing_is_left_behind(tmp_path: Path) -> None:
    replace_file(tmp_path / "a.md", b"one")
    replace_file(tmp_path / "a.md", b"two")
    assert held(tmp_path) == {"a.md": b"two"}


def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"old")

    def refuse(self: Path, target: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="Input/output"):
        replace_file(path, b"new")
    assert held(tmp_path) == {"a.md": b"old"}


def test_permissions_are_those_of_the_file_before_or_of_any_new_file(tmp_path: Path) -> None:
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    replace_file(tmp_path / "new.md", b"")
    assert (tmp_path / "new.md").stat().st_mode == ordinary.stat().st_mode
    (tmp_path / "new.md").chmod(0o640)
    replace_file(tmp_path / "new.md", b"x")
    assert (tmp_path / "new.md").stat().st_mode & 0o777 == 0o640


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"kept")
    (tmp_path / "a.md").symlink_to("target")
    replace_file(tmp_path / "a.md", b"new")
    assert not (tmp_path / "a.md").is_symlink()
    assert held(tmp_path) == {"a.md": b"new", "target": b"kept"}


@pytest.mark.parametrize(
    ("path", "root", "inside"),
    [
        ("/a/b", "/a/b", True),
        ("/a/b/c", "/a/b", True),
        ("/a/bc", "/a/b", False),
        ("/a", "/a/b", False),
        ("/a", "/", True),
    ],
)
def test_inside(path: str, root: str, inside: bool) -> None:
    assert is_inside(path.replace("/", os.sep), root.replace("/", os.sep)) is inside


@pytest.mark.parametrize(
    "name",
    [
        *("a:b", "x?/y", "con", "zh/NUL.old", "lpt1 .x", "a./b", "a /b", 'q"', "com¹"),
        *("CONIN$", "conout$.txt", "x/ConIn$ /y"),
    ],
)
def test_names_that_windows_refuses(name: str) -> None:
    reason = refused_by_windows(name)
    assert reason is not None
    assert reason.startswith("Windows ")


@pytest.mark.parametrize(
    "name", ["a.b", "console", "zh/图谱", "com", "a.", "lpt10", "nul-note", ".a", "conin", "CONIN$1"]
)
def test_names_that_windows_allows(name: str) -> None:
    assert refused_by_windows(name) is None
