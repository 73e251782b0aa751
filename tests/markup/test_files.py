import pytest

from crdtnotes.markup.files import can_be_note, is_address, is_file


@pytest.mark.parametrize(
    "target", ["pic.png", "a/图.JPG", "f.pdf", "x.canvas", "旧 .docx", "a.b.zip", "t.html"]
)
def test_files(target: str) -> None:
    assert is_file(target)
    assert not is_address(target)
    assert not can_be_note(target)


@pytest.mark.parametrize(
    "target", ["https://x.y", "HTTP://x", "mailto:a@b.c", "www.x.org", "obsidian://open?x"]
)
def test_addresses(target: str) -> None:
    assert is_address(target)
    assert not can_be_note(target)


@pytest.mark.parametrize(
    "target", ["n", "v1.2", "node.js", "proj.2024.plan", "png", "Paxos: made simple", "e.g. this", ""]
)
def test_notes(target: str) -> None:
    assert can_be_note(target)
