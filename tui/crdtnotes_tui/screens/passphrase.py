"""Asks for the passphrase of this device's keys, and unlocks them."""

import asyncio

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.widgets import Input, Label, Static

from crdtnotes.errors import CrdtnotesError
from crdtnotes.own_keys import unlock
from crdtnotes_tui.editor.line_input import LineInput
from crdtnotes_tui.screens.modal import Modal


class PassphraseScreen(Modal[bool]):
    """Asks until the passphrase is right; its result is whether this device's keys are unlocked now."""

    BINDINGS = [Binding("escape", "dismiss(False)", "Go on without it")]

    def __init__(self, reason: str) -> None:
        """`reason` says what the keys are needed for, as a sentence."""
        super().__init__()
        self._reason = reason

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(id="passphrase"):
            yield Label("The passphrase of this device's keys", markup=False)
            yield LineInput(password=True, id="typed-passphrase")
            yield Static(f"{self._reason} Esc goes on without it.", id="passphrase-text", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Try it."""
        if event.value:
            self._try(event.value)

    @work(exclusive=True)
    async def _try(self, typed: str) -> None:
        text = self.query_one("#passphrase-text", Static)
        text.update("Unlocking …")
        try:
            await asyncio.to_thread(unlock, typed)
        except CrdtnotesError as error:
            self.query_one(LineInput).value = ""
            text.update(f"{error} Esc goes on without it.")
        else:
            self.dismiss(True)
