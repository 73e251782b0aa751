"""Properties of every panel."""

from pathlib import Path

import pytest
from textual.widget import Widget

from crdtnotes import Vault
from crdtnotes_tui.notes.buffer import Buffer
from crdtnotes_tui.panels import PANELS
from crdtnotes_tui.panels.backlinks import BacklinksPanel
from crdtnotes_tui.panels.panel import Panel, Side
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run, until


def test_names_and_keys_are_distinct() -> None:
    assert len({panel.NAME for panel in PANELS}) == len(PANELS)
    assert len({panel.KEY for panel in PANELS}) == len(PANELS)


@pytest.mark.parametrize("panel", PANELS)
def test_textual_takes_styles_from_the_widget_and_not_from_panel(panel: type[Panel]) -> None:
    if Panel in panel.__bases__ and len(panel.__bases__) > 1:
        assert panel.__bases__[0] is not Panel
    assert issubclass(panel, Widget)


@pytest.mark.parametrize("kind", PANELS)
def test_its_key_opens_it_and_closes_it(tmp_path: Path, kind: type[Panel]) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="# H\n[[m]]", m=""), "n") as workspace:
            panel = workspace.app.screen.query_one(kind)
            assert not panel.display
            await workspace.press(kind.KEY)
            assert panel.region.area
            assert panel.has_focus
            assert workspace.editor.display == (kind.SIDE is not Side.INSTEAD)
            await workspace.press(kind.KEY)
            assert not panel.display
            assert workspace.editor.has_focus

    run(main())


def test_a_closed_panel_asks_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    fetch = BacklinksPanel.fetch

    async def counted(self: BacklinksPanel, buffer: Buffer) -> None:
        asked.append(buffer.name)
        await fetch(self, buffer)

    monkeypatch.setattr(BacklinksPanel, "fetch", counted)

    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="", m=""), "n") as workspace:
            await workspace.type("some [[m]]")
            await workspace.saved()
            assert asked == []
            await workspace.press("ctrl+b")
            await workspace.sees("Backlinks (0)")
            with Vault.open(workspace.path) as other:
                other.note("m").append("[[n]]")
            await workspace.sees("Backlinks (1)")
            await workspace.press("ctrl+b")
            count = len(asked)
            with Vault.open(workspace.path) as other:
                other.create_note("new", "[[n]]")
            await until(lambda: "new" in workspace.app.main.workspace.catalogue)
            await workspace.pilot.pause()
            assert len(asked) == count

    run(main())
