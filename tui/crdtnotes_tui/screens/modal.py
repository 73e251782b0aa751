"""Screens over the others that give one answer.

Several keys may come at once, two Enters say. Textual takes one screen away for each call of `dismiss`,
whichever is on top, so that a second call would take away the one below.
"""

from typing import Generic, TypeVar

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList

T = TypeVar("T")


class Modal(ModalScreen[T], Generic[T]):
    """Is dismissed with the first answer; others that were on their way are ignored."""

    _dismissed = False

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close with an answer."""
        if self._dismissed:
            return AwaitComplete()
        self._dismissed = True
        return super().dismiss(result)


class Palette(CommandPalette):
    """Textual's list of commands, which runs the first one that is picked and no other."""

    _dismissed = False

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close."""
        if self._dismissed:
            return AwaitComplete()
        self._dismissed = True
        return super().dismiss(result)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Let Textual run the command unless one was picked before."""
        if self._dismissed:
            event.stop().prevent_default()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """As `on_input_submitted`."""
        if self._dismissed:
            event.stop().prevent_default()
