import os
import sys
from pathlib import Path

import pytest

from crdtnotes.errors import LocalError
from crdtnotes.mirror.files import HIDDEN_FOLDER
from crdtnotes.mirror.walk import find_notes
from tests.mirror.folders import fill


def names(folder: Path) -> list[str]:
    return [found.name for found in find_notes(folder).notes]


def left_out(folder: Path) -> dict[str, str]:
    return dict(find_notes(folder).left_out)


def test_names_are_paths_in_a_stable_order(folder: Path) -> None:
    fill(
        folder, dict.fromkeys(["b.md", "zh/图/二.md", "zh/一.md", "a-b/x.md", "a/z.md", "a.md", "C.MD"], b"")
    )
    assert names(folder) == ["C", "a/z", "a-b/x", "a", "b", "zh/一", "zh/图/二"]


def test_hidden_notes_and_folders_are_reported_and_other_hidden_files_are_ignored(folder: Path) -> None:
    fill(
        folder,
        dict.fromkeys(
            [".h.md", ".git/config", "a/.b/c.md", ".DS_Store", "._note.md", ".x.tmp", "note.md"], b""
        ),
    )
    (folder / ".#note.md").symlink_to("user@host.1234:5678")
    listing = find_notes(folder)
    assert [found.name for found in listing.notes] == ["note"]
    assert listing.left_out == [
        (".h.md", "Its name begins with a dot, which hides it."),
        (".git", HIDDEN_FOLDER),
        ("a/.b", HIDDEN_FOLDER),
    ]


def test_the_folder_itself_may_be_hidden_or_a_link(folder: Path, tmp_path: Path) -> None:
    fill(folder / ".notes", {"a.md": b""})
    (tmp_path / "link").symlink_to(folder / ".notes")
    assert names(folder / ".notes") == names(tmp_path / "link") == ["a"]


def test_files_that_are_not_notes_are_reported(folder: Path) -> None:
    fill(folder, dict.fromkeys(["picture.png", "sub/README", "sub/mdx.mdx", "note.md"], b""))
    (folder / "folder.md").mkdir()
    os.mkfifo(folder / "pipe.md")
    assert left_out(folder) == {
        "picture.png": "It is not a Markdown file (.md).",
        "pipe.md": "It is not an ordinary file.",
        "sub/README": "It is not a Markdown file (.md).",
        "sub/mdx.mdx": "It is not a Markdown file (.md).",
    }
    assert names(folder) == ["note"]


def test_names_that_no_note_can_have(folder: Path) -> None:
    fill(folder, dict.fromkeys(["a|b.md", "[[x]].md", " .md", "fine.md"], b""))
    reasons = left_out(folder)
    assert set(reasons) == {"a|b.md", "[[x]].md", " .md"}
    assert all(reason.endswith(".") for reason in reasons.values())
    assert names(folder) == ["fine"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems reject such names")
def test_a_name_that_is_not_utf_8_can_be_reported(folder: Path) -> None:
    (folder / os.fsdecode(b"caf\xe9.md")).write_bytes(b"")
    ((path, reason),) = find_notes(folder).left_out
    assert path.encode() == rb"caf\udce9.md"
    assert reason == "The file's name is not UTF-8."


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems treat such names as the same")
def test_of_two_files_with_the_same_name_the_one_of_canonical_spelling_is_the_note(folder: Path) -> None:
    fill(
        folder,
        dict.fromkeys(
            ["Note.md", "note.md", "é.md", "e\u0301.md", "x.md.md", "x.md", "zh /a.md", "zh/a.md"], b""
        ),
    )
    listing = find_notes(folder)
    assert [found.path for found in listing.notes] == ["Note.md", "x.md", "zh/a.md", "é.md"]
    assert dict(listing.left_out) == {
        "note.md": "Its name counts as the same as that of “Note.md”.",
        "e\u0301.md": "Its name counts as the same as that of “é.md”.",
        "x.md.md": "Its name counts as the same as that of “x.md”.",
        "zh /a.md": "Its name counts as the same as that of “zh/a.md”.",
    }


def test_links_that_lead_out_are_not_followed(folder: Path, tmp_path: Path) -> None:
    fill(tmp_path / "folder-outside", {"secret.md": b"", "deep/er.md": b""})
    (folder / "note.md").symlink_to(tmp_path / "folder-outside" / "secret.md")
    (folder / "sub").symlink_to("../folder-outside")
    (folder / "up").symlink_to("..")
    assert names(folder) == []
    assert left_out(folder) == dict.fromkeys(
        ["note.md", "sub", "up"], "It is a link that leads out of the folder."
    )


def test_loops_end(folder: Path) -> None:
    fill(folder, {"a/one.md": b"", "b/two.md": b""})
    (folder / "a" / "to b").symlink_to("../b")
    (folder / "b" / "to a").symlink_to("../a")
    (folder / "b" / "here").symlink_to(".")
    (folder / "self.md").symlink_to("self.md")
    (folder / "gone.md").symlink_to("nothing.md")
    assert names(folder) == ["a/one", "b/two"]
    same = "It is a link to a folder that is imported under its own name."
    nowhere = "It is a link that leads nowhere."
    assert left_out(folder) == {
        "a/to b": same,
        "b/to a": same,
        "b/here": same,
        "self.md": nowhere,
        "gone.md": nowhere,
    }


def test_a_note_is_named_after_its_real_path_even_if_a_link_comes_first(folder: Path) -> None:
    fill(folder, {"z/note.md": b""})
    (folder / "a").symlink_to("z")
    assert names(folder) == ["z/note"]


def test_links_inside_are_followed_to_places_not_walked_otherwise(folder: Path) -> None:
    fill(folder, {".store/1/note.md": b"", ".store/2/deep/note.md": b"", "real.md": b""})
    (folder / "alias.md").symlink_to("real.md")
    (folder / "one.md").symlink_to(".store/1/note.md")
    (folder / "two").symlink_to(".store/2")
    (folder / ".store" / "2" / "deep" / "more").symlink_to("../../1")
    assert names(folder) == ["alias", "one", "real", "two/deep/more/note", "two/deep/note"]


def test_a_folder_is_needed(folder: Path) -> None:
    fill(folder, {"a.md": b""})
    for path in (folder / "none", folder / "a.md"):
        with pytest.raises(LocalError, match="is not a folder"):
            find_notes(path)
