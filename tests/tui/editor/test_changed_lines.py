"""Only changed lines are painted, and the screen is the same as after a full repaint."""

import random
from pathlib import Path

import pytest

from crdtnotes import Vault
from tests.tui.desktop import Desktop, desktop, vault_of
from tests.tui.loop import run

TEXT = "\n".join(
    f"- line {number} of *many* 中文 [[n]] and more words so that it wraps" for number in range(60)
)


def as_whole(workspace: Desktop) -> str:
    """The screen as a full repaint shows it."""
    workspace.editor._styles_cache.clear()
    workspace.editor._strips.clear()
    return workspace.screen_text()


def test_a_key_paints_its_line_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=TEXT), "n", size=(120, 40)) as workspace:
            workspace.editor.caret_to(len(TEXT) // 2)
            await workspace.saved()
            painted: list[int] = []
            render = workspace.editor.render_line

            def rendered(y: int) -> object:
                painted.append(y)
                return render(y)

            monkeypatch.setattr(workspace.editor, "render_line", rendered)
            await workspace.type("x")
            await workspace.saved()
            assert painted
            assert len(set(painted)) <= 2

    run(main())


@pytest.mark.parametrize("seed", range(3))
def test_what_is_on_the_screen_is_the_whole_truth(tmp_path: Path, seed: int) -> None:
    async def main() -> None:
        chance = random.Random(seed)
        keys = ["up", "down", "shift+up", "shift+right", "enter", "backspace", "pagedown", "ctrl+x", "ctrl+z"]
        async with desktop(vault_of(tmp_path / "v", n=TEXT), "n", size=(50, 20)) as workspace:
            for _ in range(25):
                if chance.random() < 0.6:
                    await workspace.press(chance.choice(keys))
                else:
                    await workspace.type(chance.choice(["```\n", "*", "字", "---\n", "]]"]))
                if chance.random() < 0.3:
                    with Vault.open(workspace.path) as vault:
                        note = vault.note("n")
                        note.insert(chance.randint(0, len(note.text)), chance.choice(["T\n", "远"]))
                await workspace.saved()
                shown = workspace.screen_text()
                assert shown == as_whole(workspace)

    run(main())
