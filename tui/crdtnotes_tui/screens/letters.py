"""Commands by a letter, for terminals and keyboards in which Alt does not work."""

from collections.abc import Mapping

from rich.table import Table
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import Static

from crdtnotes_tui.screens.commands import Command
from crdtnotes_tui.screens.modal import Modal

CLOSE = "escape"


class Letters(Modal[Command | None]):
    """Lists the commands with a key of Alt; the key alone picks one."""

    BINDINGS = [
        Binding(f"{CLOSE},f7,ctrl+backslash", "dismiss(None)", "Close"),
        Binding("pagedown", "scroll(1)", "Further", show=False),
        Binding("pageup", "scroll(-1)", "Back", show=False),
    ]

    def __init__(self, commands: Mapping[str, Command]) -> None:
        """`commands` are those to pick from, by the key."""
        super().__init__()
        self._commands = commands

    def compose(self) -> ComposeResult:
        """Lay it out."""
        table = Table.grid(padding=(0, 2))
        for _ in range(2):
            table.add_column(style="bold", justify="right")
            table.add_column(min_width=22, overflow="fold")
        cells = []
        for key, command in self._commands.items():
            cells += [self.app.get_key_display(Binding(key, "")), command.description]
        for at in range(0, len(cells), 4):
            table.add_row(*cells[at : at + 4])
        with VerticalScroll(id="keys") as scroll:
            scroll.can_focus = False  # the arrows are keys like others here
            yield Static(table)

    def action_scroll(self, by: int) -> None:
        """Scroll a list that is longer than the screen."""
        scroll = self.query_one("#keys", VerticalScroll)
        scroll.scroll_relative(y=by * max(1, scroll.size.height - 1), animate=False)

    def on_key(self, event: events.Key) -> None:
        """Pick a command."""
        key = event.key.lower() if len(event.key) == 1 else event.key
        command = self._commands.get(key)
        if command is not None:
            event.stop()
            event.prevent_default()
            self.dismiss(command)
