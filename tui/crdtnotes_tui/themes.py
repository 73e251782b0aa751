"""Themes: dark, light, or the terminal's own colours."""

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from textual.color import Color

from crdtnotes_tui.settings import Settings

if TYPE_CHECKING:
    from textual.app import App, SystemCommand

DARK, LIGHT = "textual-dark", "textual-light"
TERMINAL_DARK, TERMINAL_LIGHT = "ansi-dark", "ansi-light"

THEME = "theme"
"""The name of the setting that holds the chosen theme."""

QUIET_SHARE = 0.55
"""The share of the foreground colour in `$quiet`; the rest is background."""

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
