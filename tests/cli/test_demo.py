import tempfile
from pathlib import Path

import pytest

from crdtnotes.cli import story
from crdtnotes.sync.peers.status import Summary
from tests.cli.program import Program


def test_the_demo_converges_and_leaves_nothing_behind(
    nowhere: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    code, out, err = nowhere.finish("demo")
    assert (code, err) == (0, "")
    assert "NOT SO" not in out
    assert story.ANAS_WORDS in out
    assert story.BOS_WORDS in out
    assert "zh/双向链接\n" in out
    assert "\x1b" not in out
    assert list(tmp_path.iterdir()) == []


def test_the_demo_fails_when_an_edit_is_lost(nowhere: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    # Bo types nothing, so his words cannot be there in the end.
    real = story._insert_after

    def forgets_bo(vault: object, name: str, place: str, words: str) -> None:
        if words != story.BOS_WORDS:
            real(vault, name, place, words)  # type: ignore[arg-type]

    monkeypatch.setattr(story, "_insert_after", forgets_bo)
    result = nowhere.run("demo")
    assert result.exit_code == 1
    assert "NOT SO: the sentence has the words of both" in result.stdout
    assert "the sentence has the words of both" in result.stderr


def test_the_demo_fails_when_the_replicas_differ(nowhere: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object) -> Summary:
        return Summary("ana", 0, 0, 0, 0)

    monkeypatch.setattr(story, "sync_once", nothing)
    result = nowhere.run("demo")
    assert result.exit_code == 1
    assert "NOT SO: the digests are equal" in result.stdout
    assert "NOT SO: all" in result.stdout
