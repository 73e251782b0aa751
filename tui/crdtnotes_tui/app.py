"""The application: its theme, its commands, and every way out of it."""

import asyncio
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import rich
from rich.console import RenderableType
from rich.segment import Segments
from rich.traceback import Traceback
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.dom import DOMNode
from textual.driver import Driver
from textual.filter import LineFilter
from textual.geometry import Offset
from textual.screen import Screen
from textual.theme import ThemeProvider

from crdtnotes.terminal.console import VisibleConsole
from crdtnotes_tui import themes
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.editor.find_bar import FindBar
from crdtnotes_tui.ending import asked_to_end
from crdtnotes_tui.key_map import KeyMap, read_key_map
from crdtnotes_tui.options import StartOptions
from crdtnotes_tui.panels.panes import Panes
from crdtnotes_tui.screens.command_provider import NotesCommands
from crdtnotes_tui.screens.commands import Command, commands
from crdtnotes_tui.screens.key_help import Keys
from crdtnotes_tui.screens.main import MainScreen
from crdtnotes_tui.screens.modal import Palette
from crdtnotes_tui.settings import Settings
from crdtnotes_tui.visible_lines import VisibleLines, count_visible_cells

CONFIRM_SECONDS = 30.0
"""Seconds in which a second Ctrl+Q confirms that unsaved text is left behind."""

_OF_TEXTUAL = {"Theme", "Screenshot"}
"""The commands of Textual that the palette has; the app has better ones for leaving and for the keys."""

DRAIN_SECONDS = 0.5
"""How long the editor takes keys that have already come after the system asks it to end."""


def _place(command: Command) -> tuple[bool, bool, bool]:
    """Sort our commands before those of Textual: what works on notes, then panels, then the text."""
    node = command.node
    return command.binding.id is None, isinstance(node, NoteEditor), not isinstance(node, MainScreen)


def commands_with_keys() -> list[Binding]:
    """Return the bindings whose keys a person can change; each has an id."""
    return [
        binding
        for owner in (NotesApp, MainScreen, Panes, *NoteEditor.__mro__, FindBar)
        for binding in owner.__dict__.get("BINDINGS", ())
        if isinstance(binding, Binding) and binding.id is not None
    ]


class NotesApp(App[None]):
    """The editor on one vault."""

    CSS_PATH = "app.tcss"
    COMMANDS = {NotesCommands}
    TITLE = "crdtnotes"
    BINDINGS = [
        Binding("ctrl+q", "quit", "Leave", priority=True, id="leave"),
        Binding("f1", "keys", "All keys", id="keys"),
        Binding(
            "ctrl+p", "command_palette", "All commands by name", show=False, priority=True, id="commands"
        ),
        Binding("alt+z", "to_the_shell", "To the shell, `fg` comes back", id="shell"),
    ]

    def __init__(
        self,
        options: StartOptions,
        settings: Settings | None = None,
        keys: Path | None = None,
    ) -> None:
        """`keys` is the file with the person's own keys."""
        # With NO_COLOR Textual still sends shades of grey, except in the terminal's own colours.
        super().__init__(ansi_color=True if themes.no_colour() else None)
        count_visible_cells()
        self._visible_lines = VisibleLines()
        self.error_console = VisibleConsole(sys.stderr)
        self._settings = settings or Settings()
        self.theme = themes.first_theme(self, self._settings)
        self._options = options
        self.key_map = KeyMap({}, frozenset(), "")
        if keys is not None:
            self.key_map = read_key_map(keys, commands_with_keys())
        self.set_keymap(self.key_map.keys)
        self.main = self._main_screen(options)
        self._warned = False
        self._ending: asyncio.Task[None] | None = None
        self._putting_away: asyncio.Task[None] | None = None
        self._problems: list[str] = []

    def _main_screen(self, options: StartOptions) -> MainScreen:
        main = MainScreen(options)
        main.editor.free_keys(self.key_map.taken)
        return main

    def get_driver_class(self) -> type[Driver]:
        """Return our driver instead of Textual's for Linux and macOS, otherwise what Textual chooses."""
        chosen = super().get_driver_class()
        if sys.platform != "win32":
            from crdtnotes_tui.driver import TerminalDriver

            if issubclass(TerminalDriver, chosen):
                return TerminalDriver
        return chosen

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters that every painted line passes; the last one leaves nothing hidden in it."""
        return [*super().get_line_filters(), self._visible_lines]

    def get_default_screen(self) -> Screen[None]:
        """Return the main screen."""
        return self.main

    def get_css_variables(self) -> dict[str, str]:
        """Add `$quiet`, the colour of borders, hints and markup."""
        variables = super().get_css_variables()
        return {**variables, "quiet": themes.quiet(variables)}

    def on_mount(self) -> None:
        """Save the theme when it changes; paint everything again when the shell gives the terminal back."""
        self.theme_changed_signal.subscribe(self, lambda theme: self._settings.set(themes.THEME, theme.name))
        if self.key_map.problem:
            self.notify(self.key_map.problem, severity="warning", timeout=20, markup=False)
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Yield the commands that have a key, with their keys, ours first; then two of Textual."""
        found = commands(screen.active_bindings.values())
        for command in sorted(found, key=_place):
            if command.enabled:

                async def run(action: str = command.action, node: DOMNode = command.node) -> None:
                    await self.run_action(action, node)

                keys = ", ".join(command.keys(self))
                tooltip = command.binding.tooltip
                # (Without brackets: Textual takes `[f3]` for markup, and shows nothing.)
                yield SystemCommand(command.description, f"{keys}  {tooltip}".strip(), run)
        yield from themes.commands(self)
        own = super().get_system_commands(screen)
        yield from (command for command in own if command.title in _OF_TEXTUAL)

    def action_command_palette(self) -> None:
        """Open the command palette."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Let Textual paint, with the terminal's cursor, where input methods open, at the focused caret.

        Textual's inputs set it as their caret moves, but not when the focus or the layout changes.
        """
        caret = getattr(screen.focused, "cursor_screen_offset", None)
        if isinstance(caret, Offset):
            self.cursor_position = caret
        super()._display(screen, renderable)

    def search_themes(self) -> None:
        """Open the list of themes."""
        self.push_screen(Palette([ThemeProvider], placeholder="Search for themes…"))

    def action_keys(self) -> None:
        """Show all keys."""
        self.push_screen(Keys(self.screen.active_bindings.values(), self.key_map.keys))

    async def action_quit(self) -> None:
        """Store everything and leave; if that fails, leave only when asked a second time."""
        unsaved = await self.main.unsaved()
        if unsaved and not self._warned:
            self._warned = True
            self.notify(
                f"{unsaved[0].problem} The editor keeps trying. Ctrl+Q again leaves; unsaved text is then "
                "kept in a file and comes back at the next start.",
                title=f"Not saved: {', '.join(buffer.name for buffer in unsaved)}",
                severity="error",
                timeout=60,
                markup=False,
            )
            self.set_timer(CONFIRM_SECONDS, self._forget_warning)
            return
        await self.put_away()
        self.exit()

    def _forget_warning(self) -> None:
        self._warned = False

    def action_to_the_shell(self) -> None:
        """Store everything, then give the terminal to the shell until `fg`."""
        # The editor runs this action while it handles a key. `unsaved` waits until it has handled all keys,
        # so it must run afterwards.
        self.call_later(self._to_the_shell)

    async def _to_the_shell(self) -> None:
        await self.main.unsaved()
        self.action_suspend_process()

    async def on_main_screen_cannot_start(self, event: MainScreen.CannotStart) -> None:
        """End the editor: there is nothing to edit."""
        self._problems.append(event.reason)
        await self.put_away()
        self.exit()

    async def on_vault_replaced(self) -> None:
        """Open the vault's file again, in a main screen of its own: it is another vault now."""
        if self._putting_away is not None:
            return
        old = self.main
        self.main = self._main_screen(self._options._replace(name=None, new_device=None))
        self.main.workspace.thread.identity = old.workspace.thread.identity
        self.main.collaboration.connections.ways = old.collaboration.connections.ways
        # (Textual cannot switch away from the screen that an app begins with; the old one stays below.)
        await self.push_screen(self.main)

    # -- every way out stores everything

    async def run_async(self, **how: Any) -> None:
        """Run until the person leaves, the terminal is closed, or the system asks the process to end."""
        # Textual's context ends with its `run_async`. `put_away` needs it too, after a crash or a signal.
        with self._context(), asked_to_end(self._told_to_end):
            try:
                await super().run_async(**how)
            finally:
                await self.put_away()

    def _handle_exception(self, error: Exception) -> None:
        """Show a bug and end, unless the editor is ending already.

        Everything is stored by then. Textual still handles messages, for example of a list that was about to
        open, but mounts no more widgets, so that handlers fail that look for theirs.
        """
        if not self._exit:
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Leave the traceback of a bug for the terminal, without local variables: they hold notes and keys.

        (Textual's own version of this shows them.)
        """
        self.bell()
        traceback = Traceback(show_locals=False, width=None, suppress=[rich])
        self._exit_renderables.append(Segments(self.console.render(traceback, self.console.options)))
        self._close_messages_no_wait()

    def _told_to_end(self) -> None:
        if self._ending is None:
            self._ending = asyncio.create_task(self._end())

    async def _end(self) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self.main.editor.drained(), DRAIN_SECONDS)
        await self.put_away()
        self.exit()

    async def put_away(self) -> None:
        """Store everything and close the vault; `failure` then says what could not be stored.

        Every way out calls this. The first call does the work, later calls wait for it.
        """
        if self._putting_away is None:
            self._putting_away = asyncio.create_task(self._put_away())
        await asyncio.shield(self._putting_away)

    async def _put_away(self) -> None:
        self.workers.cancel_all()  # leaving does not wait for jobs that have only begun
        for lost in await self.main.leave():
            place = f"It is kept in {lost.path} and comes back at the next start."
            if lost.path is None:
                place = f"There is no room for it in any folder, so here it is:\n{lost.text}"
            self._problems.append(
                f"The last edits of {lost.name!r} could not be stored: {lost.problem} {place}"
            )

    @property
    def failure(self) -> str:
        """Why the editor ended and what could not be stored, one problem per line; "" if nothing failed."""
        return "\n".join(self._problems)
