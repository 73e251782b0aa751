"""Everything in the reading view can be read in every theme: WCAG 2.2 asks for a contrast of 4.5."""

from pathlib import Path

import pytest
from rich.style import Style
from textual.color import Color

from crdtnotes_tui.panels.rendered_note import RenderedNote
from crdtnotes_tui.text.reading.pieces import STYLES
from crdtnotes_tui.themes import MIN_CONTRAST, contrast, legible
from tests.tui.desktop import desktop, vault_of
from tests.tui.loop import run

NOTE = """# Title

Some *emphasis*, **strong**, ~~struck~~, ==marked with [[m]] and [[none]]==, `code`, $x^2$, #tag and
<https://example.org>, [^1] and ![[none]].

- [ ] open
- [x] done

> a quote with [[m]], `code` and #tag

> [!warning] Careful
> ==marked==

```python
def f():  # comment
    return "string", 1
```

| a | b |
| --- | --- |
| [[m]] | ~~2~~ |

---

[^1]: A footnote.
"""


def ratio(style: Style) -> float:
    """The contrast of a style; as good as any for the terminal's own colours."""
    assert style.color is not None
    assert style.bgcolor is not None
    colours = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
    return 21.0 if any(colour.ansi is not None for colour in colours) else contrast(*colours)


@pytest.mark.long
def test_everything_can_be_read_in_every_theme(tmp_path: Path) -> None:
    async def main() -> None:
        names = [f"{under} {style}" for under in ("", "block", "marked", "done") for style in ("", *STYLES)]
        async with desktop(vault_of(tmp_path / "v", n=NOTE, m=""), "n", size=(80, 60)) as workspace:
            await workspace.press("alt+r")
            await workspace.sees("A footnote.", "string")
            reading = workspace.app.screen.query_one(RenderedNote)
            assert len(workspace.app.available_themes) > 15
            for theme in workspace.app.available_themes:
                workspace.app.theme = theme
                await workspace.pilot.pause()
                painted = [part for y in range(reading.size.height) for part in reading.render_line(y)]
                styles = [part.style for part in painted if part.style is not None and part.text.strip()]
                assert len(set(styles)) > 10
                styles += [reading.look(name.strip()) for name in names]
                assert min(map(ratio, styles)) >= MIN_CONTRAST, theme

    run(main())


@pytest.mark.parametrize("background", ["#000000", "#ffffff", "#777777", "#d0a215", "#1e1e2e"])
@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#808080", "#ff0000", "#00ff00", "#0000ff"])
def test_a_colour_moves_no_further_than_it_has_to(colour: str, background: str) -> None:
    given = Style(color=colour, bgcolor=background, italic=True)
    found = legible(given)
    assert ratio(found) >= MIN_CONTRAST
    assert found.italic
    assert found.bgcolor == given.bgcolor
    if ratio(given) >= MIN_CONTRAST:
        assert found == given
    elif colour != background:
        assert ratio(found) < MIN_CONTRAST * 1.15


def test_the_contrast_is_that_of_the_standard() -> None:
    assert contrast(Color.parse("#000000"), Color.parse("#ffffff")) == 21
    assert contrast(Color.parse("#777777"), Color.parse("#ffffff")) == pytest.approx(4.478, abs=0.001)
    assert contrast(Color.parse("#ff0000"), Color.parse("#ff0000")) == 1


def test_the_colours_of_the_terminal_stay() -> None:
    for style in (Style(color="red", bgcolor="default"), Style(color="#777777"), Style(bgcolor="#777777")):
        assert legible(style) == style
