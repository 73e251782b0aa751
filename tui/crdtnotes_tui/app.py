"""The application: what every screen shares."""

from collections.abc import Iterable
from pathlib import Path

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.color import Color
from textual.dom import DOMNode
from textual.screen import Screen

from crdtnotes_tui.screens.keys import Keys
from crdtnotes_tui.screens.main import MainScreen

QUIET = 0.55
"""How much of the foreground is in what is quiet."""


class NotesApp(App[None]):
    """The editor on one vault."""

    CSS_PATH = "app.tcss"
    TITLE = "crdtnotes"
    BINDINGS = [
        Binding("ctrl+q", "quit", "Leave", priority=True),
        Binding("f1", "keys", "All keys"),
    ]

    def __init__(self, path: Path, name: str | None = None, new_device: str | None = None) -> None:
        super().__init__()
        self.main = MainScreen(path, name, new_device)
        self.failure = ""
        """Why the editor had to end, in one sentence."""

    def get_default_screen(self) -> Screen[None]:
        """Begin with the main screen."""
        return self.main

    def get_css_variables(self) -> dict[str, str]:
        """Add `$quiet`, for what should be seen last."""
        variables = super().get_css_variables()
        foreground, background = (Color.parse(variables[name]) for name in ("foreground", "background"))
        return {**variables, "quiet": background.blend(foreground, QUIET).hex}

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield everything that has a key here, with its key, then what Textual brings."""
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.description and active.enabled and not binding.system:
                key = self.get_key_display(binding)

                async def run(action: str = binding.action, node: DOMNode = active.node) -> None:
                    await self.run_action(action, node)

                yield SystemCommand(binding.description, f"{binding.tooltip or ''} [{key}]".strip(), run)
        yield from super().get_system_commands(screen)

    def action_keys(self) -> None:
        """Show all keys."""
        self.push_screen(Keys(self.screen.active_bindings.values()))

    async def action_quit(self) -> None:
        """Store what is left, and leave."""
        await self.main.editor.drained()
        lost = await self.main.leave()
        if lost:
            self.failure = f"What was typed last could not be stored in: {', '.join(lost)}."
        self.exit()

    async def on_main_screen_failed(self, event: MainScreen.Failed) -> None:
        """End, where there is nothing to edit."""
        await self.main.leave()
        self.failure = event.reason
        self.exit()
