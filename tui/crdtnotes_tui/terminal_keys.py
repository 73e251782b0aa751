"""What terminals send that Textual does not know."""

from enum import Enum

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS


class Sent(Enum):
    """Keys that Textual has no name for."""

    ALT_ENTER = "alt+enter"


def know_more_keys() -> None:
    """Let Textual tell Alt+Enter from Enter also where the terminal has no protocol for such keys."""
    ANSI_SEQUENCES_KEYS["\x1b\r"] = (Sent.ALT_ENTER,)  # type: ignore[index]
