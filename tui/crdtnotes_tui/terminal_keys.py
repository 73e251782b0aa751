"""Key codes of terminals that Textual does not know or has wrong."""

from enum import Enum

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS


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
