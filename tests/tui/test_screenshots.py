"""The pictures in the documentation are snapshots: they show the editor as it is."""

import re
from html import unescape
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.tui.loop import run
from tests.tui.screenshots import CELL, SCENES, Scene, demo, light, take

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"

TEXT = re.compile(r'<text [^>]*x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"[^>]*>([^<]*)</text>')


def rows(svg: str) -> list[str]:
    """The lines of a picture without the status line, which is different at each moment."""
    found: dict[float, list[tuple[float, str]]] = {}
    for x, y, _, text in TEXT.findall(svg):
        found.setdefault(float(y), []).append((float(x), unescape(text).replace("\xa0", " ")))
    lines = ["".join(text for _, text in sorted(found[y])).rstrip() for y in sorted(found)]
    return lines[:-1]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene[0])
def test_a_picture_shows_the_editor_as_it_is(tmp_path: Path, scene: Scene) -> None:
    async def main() -> None:
        taken = rows(await take(scene, demo(tmp_path / "v")))
        kept = rows((PICTURES / f"{scene[0]}.svg").read_text(encoding="utf-8"))
        assert len(kept) > 10
        assert taken == kept, "python -m tests.tui.screenshots docs/pictures takes them again"

    run(main())


def test_every_picture_is_of_a_scene_and_in_the_documentation() -> None:
    names = {path.name for path in PICTURES.iterdir()}
    assert names == {f"{scene[0]}.svg" for scene in SCENES}
    documents = [
        path.read_text(encoding="utf-8")
        for path in (PICTURES.parents[1] / "README.md", *PICTURES.parent.glob("*.md"))
    ]
    for name in names:
        assert any(f"pictures/{name}" in document for document in documents)


@pytest.mark.parametrize("path", sorted(PICTURES.iterdir()), ids=lambda path: path.name)
def test_a_picture_is_small_loads_nothing_and_measures_chinese_right(path: Path) -> None:
    svg = path.read_text(encoding="utf-8")
    assert len(svg) < 80_000
    assert "@font-face" not in svg
    for _, _, length, text in TEXT.findall(svg):
        assert float(length) == pytest.approx(cell_len(unescape(text)) * CELL)


def test_what_rich_writes_is_made_light() -> None:
    svg = '@font-face { src: url("x") }\n<text x="1" y="2" textLength="24.4" c="d">中文</text>'
    assert light(svg) == '<text x="1" y="2" textLength="48.8" c="d">中文</text>'
