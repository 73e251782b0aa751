"""Key codes of terminals that Textual does not know."""

from enum import Enum

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS


class Sent(Enum):
    """Keys that Textual has no name for."""

    ALT_ENTER = "alt+enter"


def know_more_keys() -> None:
    """Make Textual distinguish Alt+Enter from Enter in terminals without the extended key protocol."""
    ANSI_SEQUENCES_KEYS["\x1b\r"] = (Sent.ALT_ENTER,)  # type: ignore[index]
