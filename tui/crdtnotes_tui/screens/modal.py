"""Screens over the others that return one result.

Several keys can arrive in one read, two Enters for example. Each call of `dismiss` removes the topmost
screen, so a second call would remove the screen below.
"""

from typing import Generic, TypeVar

from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList

T = TypeVar("T")


class Modal(ModalScreen[T], Generic[T]):
    """A screen that is dismissed with the first result and ignores later ones."""

    _dismissed = False

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close with a result."""
        if self._dismissed:
            return AwaitComplete()
        self._dismissed = True
        return super().dismiss(result)


class Palette(CommandPalette):
    """Textual's command palette, which runs the first command that is picked and ignores later picks."""

    _dismissed = False

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close."""
        if self._dismissed:
            return AwaitComplete()
        self._dismissed = True
        return super().dismiss(result)

    def _action_command_list(self, action: str) -> None:
        """Move in the list, unless none of its lines is shown on a tiny terminal: Textual fails then."""
        if self.query_one(CommandList).size.height:
            super()._action_command_list(action)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Let Textual run the command, unless one was picked already."""
        if self._dismissed:
            event.stop().prevent_default()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Do the same as `on_input_submitted`."""
        if self._dismissed:
            event.stop().prevent_default()
