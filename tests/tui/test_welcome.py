from pathlib import Path

import pytest

from crdtnotes import Vault
from crdtnotes.demo_vault import demo_notes
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run, until


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
def test_a_newcomer_gets_to_the_first_linked_note(tmp_path: Path, size: tuple[int, int]) -> None:
    async def main() -> None:
        async with desktop(tmp_path / "v", new_device="ana", size=size) as desk:
            await desk.sees("Welcome", "○ 1", "○ 2", "○ 3", "join CODE")
            assert desk.editor.has_focus
            await desk.type("met 林, see ")
            await desk.sees("✓ 1", "○ 2")
            await desk.type("【【想法】】")
            await desk.sees("✓ 2", "○ 3")
            await desk.press("ctrl+right_square_bracket")
            await desk.shows("想法")
            await desk.sees("✓ 3", "That is all")
            await desk.press("escape")
            assert "Welcome" not in desk.screen_text()

    run(main())


def test_it_is_not_there_once_there_are_notes(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n="")) as desk:
            assert "Welcome" not in desk.screen_text()

    run(main())


def test_notes_to_try_it_on(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(tmp_path / "v", new_device="ana") as desk:
            await desk.press("alt+1")
            await desk.shows("en/Start here")
            await until(lambda: "zh/CAP定理" in desk.app.main.desk.catalogue)
            with Vault.open(desk.path) as vault:
                assert len(vault) == len(list(demo_notes())) + 1

    run(main())
