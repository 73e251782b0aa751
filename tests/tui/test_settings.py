from pathlib import Path

import pytest

from crdtnotes_tui.settings import Settings


def test_what_is_set_is_there_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "new" / "editor.json"
    Settings(path).set("theme", "浅")
    assert Settings(path).get("theme") == "浅"
    assert Settings(path).get("other") is None
    assert [one.name for one in path.parent.iterdir()] == ["editor.json"]


@pytest.mark.parametrize("content", [b"", b"\xff", b"[1]", b'{"theme": 3}', b"{"])
def test_a_file_that_is_no_settings_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "editor.json"
    path.write_bytes(content)
    settings = Settings(path)
    assert settings.get("theme") is None
    settings.set("theme", "x")
    assert Settings(path).get("theme") == "x"


def test_where_nothing_can_be_kept_it_lasts_until_the_end(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    for settings in (Settings(), Settings(blocked / "editor.json")):
        settings.set("theme", "x")
        assert settings.get("theme") == "x"
