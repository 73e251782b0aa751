"""The editor on a vault, driven by a pilot."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widget import Widget

from crdtnotes import Vault
from crdtnotes.peering.service import Ways
from crdtnotes.trust.identity import Identity
from crdtnotes_tui.app import NotesApp
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.notes.buffer import Buffer, State
from crdtnotes_tui.options import StartOptions
from tests.tui.loop import until

W = TypeVar("W", bound=Widget)


class Desktop:
    """A running editor: helpers to send keys and to read the screen."""

    def __init__(self, app: NotesApp, pilot: Pilot[None], path: Path) -> None:
        self.app = app
        self.pilot = pilot
        self.path = path

    @property
    def editor(self) -> NoteEditor:
        return self.app.main.editor

    @property
    def buffer(self) -> Buffer:
        assert self.editor.buffer is not None
        return self.editor.buffer

    @property
    def text(self) -> str:
        return self.editor.text

    def stored(self, name: str | None = None) -> str:
        """The note's text as another process reads it."""
        with Vault.open(self.path) as vault:
            return vault.note(name or self.buffer.name).text

    def names(self) -> list[str]:
        with Vault.open(self.path) as vault:
            return [info.name for info in vault.notes()]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type a text as a terminal or an input method sends it."""
        for character in text:
            key = "enter" if character == "\n" else _character_to_key(character)
            self.send(events.Key(key, "\r" if character == "\n" else character))
        await self.pilot.pause()

    def send(self, event: events.Event) -> None:
        """Deliver an event as the terminal's driver does."""
        driver = self.app._driver
        assert driver is not None
        event.set_sender(self.app)
        driver.send_message(event)

    async def saved(self) -> None:
        """Wait until typed text is stored and the link set is updated."""
        await self.pilot.pause()
        await self.editor.drained()
        await self.buffer.settled()
        assert self.buffer.state is State.SAVED
        await self.pilot.pause()

    async def shows(self, name: str) -> None:
        """Wait until a note is open."""
        await until(lambda: self.editor.buffer is not None and self.buffer.name == name)
        await self.pilot.pause()

    def screen_text(self) -> str:
        """The text on the screen, line by line."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips)

    async def sees(self, *texts: str) -> None:
        """Wait until all of these are on the screen."""

        def seen() -> bool:
            screen = self.screen_text()
            return all(text in screen for text in texts)

        await until(seen)


@asynccontextmanager
async def desktop(
    path: Path,
    name: str | None = None,
    size: tuple[int, int] = (80, 24),
    new_device: str | None = None,
    ways: Ways | None = None,
    identity: Identity | None = None,
) -> AsyncIterator[Desktop]:
    """Open the editor; a paired vault needs `ways` and `identity`."""
    app = NotesApp(StartOptions(path, name, new_device))
    if ways is not None:
        app.main.collaboration.connections.ways = ways
    app.main.workspace.thread.identity = identity
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(lambda: bool(app.main.editor.catalogue.notes))
        await pilot.pause()
        yield Desktop(app, pilot, path)
        await app.put_away()


def vault_of(path: Path, **notes: str) -> Path:
    """Make a vault with some notes; `__` in a name means `/`."""
    with Vault.create(path) as vault:
        for name, text in notes.items():
            vault.create_note(name.replace("__", "/"), text)
    return path
