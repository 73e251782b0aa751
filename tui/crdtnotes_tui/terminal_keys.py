"""Key codes of terminals that Textual does not know or has wrong."""

from enum import Enum

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual.keys import REPLACED_KEYS, key_to_character


class Sent(Enum):
    """Keys in Textual's notation; some of them have no name there."""

    ALT_ENTER = "alt+enter"
    ALT_BACKSPACE = "alt+backspace"
    CTRL_HOME = "ctrl+home"
    CTRL_END = "ctrl+end"
    CTRL_SHIFT_HOME = "ctrl+shift+home"
    CTRL_SHIFT_END = "ctrl+shift+end"


_KEYS = {
    "\x1b\r": Sent.ALT_ENTER,
    "\x1b\x7f": Sent.ALT_BACKSPACE,
    "\x1b\x08": Sent.ALT_BACKSPACE,
    # rxvt; Textual takes the first two for each other
    "\x1b[7^": Sent.CTRL_HOME,
    "\x1b[8^": Sent.CTRL_END,
    "\x1b[7@": Sent.CTRL_SHIFT_HOME,
    "\x1b[8@": Sent.CTRL_SHIFT_END,
}


def know_more_keys() -> None:
    """Make Textual know these keys in terminals without the extended key protocol."""
    ANSI_SEQUENCES_KEYS.update({sequence: (key,) for sequence, key in _KEYS.items()})  # type: ignore[attr-defined]


PLAIN_KEYS = frozenset(
    {
        *(f"ctrl+{letter}" for letter in "abcdefgklnopqrstuvwxyz"),  # h, i, j, m are other keys
        *("ctrl+backslash", "ctrl+right_square_bracket", "ctrl+circumflex_accent", "ctrl+underscore"),
        *(f"f{number}" for number in range(1, 13)),
        *("up", "down", "left", "right", "enter", "tab", "shift+tab", "escape", "backspace", "space"),
    }
)
"""Keys that every terminal in the tradition of the VT100 sends, each in a way of its own."""

UNBOUND = "<none>"
"""Stands for the key of a command that has none."""


def is_plain(key: str) -> bool:
    """Return whether every terminal can send a key: a plain key, or a printable character."""
    return key in PLAIN_KEYS or character_of(key) is not None


def character_of(key: str) -> str | None:
    """Return the character that a key types, None if it types none."""
    return key_to_character(REPLACED_KEYS.get(key, key))
