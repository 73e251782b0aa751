"""The application: what every screen shares."""

from collections.abc import Iterable
from pathlib import Path

from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen

from crdtnotes_tui import looks
from crdtnotes_tui.model.settings import Settings
from crdtnotes_tui.screens.keys import Keys, sideways
from crdtnotes_tui.screens.main import MainScreen


class NotesApp(App[None]):
    """The editor on one vault."""

    CSS_PATH = "app.tcss"
    TITLE = "crdtnotes"
    BINDINGS = [
        Binding("ctrl+q", "quit", "Leave", priority=True),
        Binding("f1", "keys", "All keys"),
    ]

    def __init__(
        self,
        path: Path,
        name: str | None = None,
        new_device: str | None = None,
        settings: Settings | None = None,
    ) -> None:
        # Without colours Textual would still send shades of grey, unless it has the terminal's own.
        super().__init__(ansi_color=True if looks.no_colour() else None)
        self._settings = settings or Settings()
        self.theme = looks.first_theme(self, self._settings)
        self.main = MainScreen(path, name, new_device)
        self.failure = ""
        """Why the editor had to end, in one sentence."""

    def get_default_screen(self) -> Screen[None]:
        """Begin with the main screen."""
        return self.main

    def get_css_variables(self) -> dict[str, str]:
        """Add `$quiet`, for what should be seen last."""
        variables = super().get_css_variables()
        return {**variables, "quiet": looks.quiet(variables)}

    def on_mount(self) -> None:
        """Keep what is chosen."""
        self.theme_changed_signal.subscribe(self, lambda theme: self._settings.set(looks.THEME, theme.name))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield everything that has a key here, with its key, then what Textual brings."""
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.description and active.enabled and not binding.system and not sideways(binding):
                key = self.get_key_display(binding)

                async def run(action: str = binding.action, node: DOMNode = active.node) -> None:
                    await self.run_action(action, node)

                yield SystemCommand(binding.description, f"{binding.tooltip or ''} [{key}]".strip(), run)
        yield from looks.commands(self)
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
