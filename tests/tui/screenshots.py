"""Takes pictures of the real editor on the demo notes, for the documentation.

    python -m tests.tui.screenshots docs/pictures

Notes, sizes and keys are the same each time, so a change in a picture is a change in the editor.
"""

import asyncio
import re
import sys
import tempfile
from collections.abc import Awaitable, Callable
from html import unescape
from pathlib import Path

from rich.cells import cell_len

from crdtnotes import Vault
from crdtnotes.demo_vault import demo_notes
from crdtnotes_tui import themes
from tests.tui.desktop import Desktop, desktop

FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
TEXT = re.compile(r'(<text [^>]*?)textLength="[^"]*"([^>]*)>([^<]*)</text>')
CELL = 12.2
"""The width of a cell in pictures by Rich."""

FAMILY = re.compile(r"font-family: Fira Code, monospace")
OWN_FAMILY = "font-family: 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', Menlo, Consolas, monospace"


async def writing(workspace: Desktop) -> None:
    """A note in Chinese, with its outline and its backlinks."""
    await workspace.press("f3", "ctrl+b", "escape")
    await workspace.sees("Outline", "Backlinks (5)")


async def linking(workspace: Desktop) -> None:
    """An unfinished link, with suggestions and the preview of one."""
    await workspace.press("ctrl+end")
    await workspace.type("\nToday I read about [[c")
    await workspace.sees("Causality and clocks", "CAP")
    await until_previewed(workspace)


async def walking(workspace: Desktop) -> None:
    """The graph around a note."""
    await workspace.press("alt+g")
    await workspace.sees("⇄ CAP定理")
    await workspace.press("right", "down")


async def until_previewed(workspace: Desktop) -> None:
    await workspace.sees("╭─")


Scene = tuple[str, str, tuple[int, int], str, Callable[[Desktop], Awaitable[None]]]

SCENES: list[Scene] = [
    ("writing", "zh/分布式系统", (110, 28), themes.DARK, writing),
    ("linking", "en/Notes worth keeping", (92, 24), themes.DARK, linking),
    ("graph", "zh/分布式系统", (92, 26), themes.LIGHT, walking),
]


def demo(path: Path) -> Path:
    """Make a vault with the notes of the demo."""
    with Vault.create(path) as vault, vault.transaction():
        for name, text in demo_notes():
            vault.create_note(name, text)
    return path


async def take(scene: Scene, path: Path) -> str:
    """Return the picture of a scene as SVG, on a vault of the demo's notes."""
    title, name, size, theme, act = scene
    async with desktop(path, name, size) as workspace:
        workspace.app.theme = theme
        await workspace.pilot.pause()
        await act(workspace)
        await workspace.pilot.pause()
        return light(workspace.app.export_screenshot(title=f"crdtnotes — {title}", simplify=True))


def light(svg: str) -> str:
    """Return an SVG that loads no remote fonts and in which a Chinese character is two cells wide.

    Rich counts a text's characters where it says how long the text is.
    """
    svg = FAMILY.sub(OWN_FAMILY, FONTS.sub("", svg))

    def measured(text: re.Match[str]) -> str:
        length = cell_len(unescape(text[3])) * CELL
        return f'{text[1]}textLength="{length:g}"{text[2]}>{text[3]}</text>'

    return TEXT.sub(measured, svg)


async def take_all(folder: Path) -> None:
    """Take every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    for scene in SCENES:
        with tempfile.TemporaryDirectory() as scratch:
            svg = await take(scene, demo(Path(scratch) / "v"))
        target = folder / f"{scene[0]}.svg"
        target.write_text(svg, encoding="utf-8")
        print(f"{target} {len(svg.encode()):,} bytes")


if __name__ == "__main__":
    asyncio.run(take_all(Path(sys.argv[1])))
