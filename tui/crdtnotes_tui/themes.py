"""Themes: dark, light, or the terminal's own colours."""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rich.style import Style
from textual.color import BLACK, WHITE, Color

from crdtnotes_tui.settings import Settings

if TYPE_CHECKING:
    from textual.app import App, SystemCommand

DARK, LIGHT = "textual-dark", "textual-light"
TERMINAL_DARK, TERMINAL_LIGHT = "ansi-dark", "ansi-light"

THEME = "theme"
"""The name of the setting that holds the chosen theme."""

QUIET_SHARE = 0.55
"""The share of the foreground colour in `$quiet`; the rest is background."""

MIN_CONTRAST = 4.5
"""The contrast of text that everybody can read: WCAG 2.2, success criterion 1.4.3."""

_STEPS = 64
"""How finely a colour is moved towards black or white."""

_LIGHT_BACKGROUNDS = {"7", "15"}


def no_colour() -> bool:
    """Whether the person wants no colours (https://no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))


def terminal_theme() -> str:
    """Return the theme with the terminal's own colours: dark, unless COLORFGBG says that it is light."""
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return TERMINAL_LIGHT if background in _LIGHT_BACKGROUNDS else TERMINAL_DARK


def first_theme(app: "App[None]", settings: Settings) -> str:
    """Return the chosen theme; without one, dark, or the terminal's colours if it has at most sixteen."""
    if no_colour():
        return terminal_theme()
    chosen = settings.get(THEME)
    if chosen in app.available_themes:
        return str(chosen)
    return DARK if app.console.color_system in ("truecolor", "256") else terminal_theme()


def quiet(variables: Mapping[str, str]) -> str:
    """Return the colour of borders, hints and markup."""
    foreground, background = (Color.parse(variables[name]) for name in ("foreground", "background"))
    if foreground.ansi is not None or background.ansi is not None:
        return "ansi_bright_black"
    return background.blend(foreground, QUIET_SHARE).hex


def contrast(first: Color, second: Color) -> float:
    """Return the contrast ratio of two colours, from 1 to 21 (WCAG 2.2)."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    """Return the relative luminance of a colour, from 0 to 1 (WCAG 2.2)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def legible(style: Style) -> Style:
    """Return a style whose text has `MIN_CONTRAST` at least.

    Its colour is moved towards black or white as far as needed. The terminal's own colours stay: only the
    terminal knows them.
    """
    if style.color is None or style.bgcolor is None:
        return style
    colour, background = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
    if colour.ansi is not None or background.ansi is not None:
        return style
    end = max(BLACK, WHITE, key=lambda one: contrast(one, background))
    steps = (colour.blend(end, step / _STEPS) for step in range(_STEPS))
    found = next((one for one in steps if contrast(one, background) >= MIN_CONTRAST), end)
    return style if found == colour else style + Style(color=found.rich_color)


def commands(app: "App[None]") -> "Iterable[SystemCommand]":
    """Yield a command for each of the three themes."""
    from textual.app import SystemCommand

    for title, theme in (
        ("Look: dark", DARK),
        ("Look: light", LIGHT),
        ("Look: as the terminal", terminal_theme()),
    ):

        def choose(theme: str = theme) -> None:
            app.theme = theme

        yield SystemCommand(title, "kept for the next start", choose)
