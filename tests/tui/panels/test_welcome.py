from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.demo_vault import demo_notes
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run, until


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
def test_a_newcomer_gets_to_the_first_linked_note(tmp_path: Path, size: tuple[int, int]) -> None:
    async def main() -> None:
        async with desktop(tmp_path / "v", new_device="ana", size=size) as workspace:
            await workspace.sees("Welcome", "○ 1", "○ 2", "○ 3", "F7 J here joins")
            assert workspace.editor.has_focus
            await workspace.type("met 林, see ")
            await workspace.sees("✓ 1", "○ 2")
            await workspace.type("【【想法】】")
            await workspace.sees("✓ 2", "○ 3")
            await workspace.press("ctrl+right_square_bracket")
            await workspace.shows("想法")
            await workspace.sees("✓ 3", "That is all")
            await workspace.press("escape")
            assert "Welcome" not in workspace.screen_text()

    run(main())


def test_it_is_not_there_once_there_are_notes(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="")) as workspace:
            assert "Welcome" not in workspace.screen_text()

    run(main())


def test_notes_to_try_it_on(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(tmp_path / "v", new_device="ana") as workspace:
            await workspace.press("alt+s")
            await workspace.shows("en/Start here")
            await until(lambda: "zh/CAP定理" in workspace.app.main.workspace.catalogue)
            with Vault.open(workspace.path) as vault:
                assert len(vault) == len(list(demo_notes())) + 1

    run(main())
