"""Renders the open note for the reading view, without blocking the event loop."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from crdtnotes import Vault
from crdtnotes.errors import CrdtnotesError, NoteNotFound
from crdtnotes_tui.notes.catalogue import Catalogue
from crdtnotes_tui.text.reading.embeds import names_to_load
from crdtnotes_tui.vault.vault_thread import VaultThread

if TYPE_CHECKING:
    from crdtnotes_tui.text.reading.blocks import Block
    from crdtnotes_tui.text.reading.note import Drawn

AT_ONCE = 4_000
"""The characters that are drawn at once when a note is opened; a longer text follows from a thread."""


class Wanted(NamedTuple):
    """What to draw: a note by its id, in a width in cells."""

    note: str
    name: str
    text: str
    catalogue: Catalogue
    width: int
    toggled: frozenset[int]

    def resolve(self, target: str, holder: str) -> str | None:
        """Return the note that a target in a note leads to; before the names are known, the target."""
        return self.catalogue.resolve(target, holder) if self.catalogue.notes else target


class Rendering:
    """Draws what is wanted last; what was drawn of another note meanwhile is dropped."""

    def __init__(self, show: Callable[[Wanted, "Drawn"], None]) -> None:
        self._show = show
        self._wanted: Wanted | None = None
        self._done: Wanted | None = None
        self._drawn: Drawn | None = None
        self._running = False
        self._loaded = False
        self._texts: dict[str, str | None] = {}
        self._stale = False

    def want(self, wanted: Wanted) -> None:
        """Take in what to draw next. The embedded notes may have changed too."""
        self._wanted = wanted
        self._stale = True

    def show_soon(self, line: int) -> None:
        """Draw a short note now, or the part of a longer one from a line on."""
        wanted = self._wanted
        if wanted is None or not self._loaded:
            return
        if len(wanted.text) <= AT_ONCE:
            if not names_to_load(wanted.text, wanted.name, self._texts, wanted.resolve):
                self._done, self._drawn = wanted, None
            self._show(wanted, _draw(wanted, self._texts))
        elif not line:
            start = wanted.text[:AT_ONCE].rpartition("\n\n")[0] or wanted.text[:AT_ONCE]
            drawn = _draw(wanted._replace(text=start), self._texts)
            self._show(wanted, replace(drawn, lines=wanted.text.split("\n")))

    async def run(self, thread: VaultThread) -> None:
        """Draw until nothing new is wanted; a call during another one leaves its work to that one."""
        if self._running:
            return
        self._running = True
        try:
            while self._stale and self._wanted is not None:
                self._stale = False
                await self._draw_one(self._wanted, thread)
        finally:
            self._running = False

    async def _draw_one(self, wanted: Wanted, thread: VaultThread) -> None:
        texts = await _embedded(wanted, thread)
        if wanted == self._done and texts.items() <= self._texts.items():
            return
        drawn = await asyncio.to_thread(_draw, wanted, texts, self._blocks_of(wanted, texts))
        self._loaded = True
        if self._wanted is not None and wanted.note == self._wanted.note:
            # Its text may be older by now; what is wanted next follows, but may take as long again.
            self._done, self._texts, self._drawn = wanted, texts, drawn
            self._show(wanted, drawn)

    def _blocks_of(self, wanted: Wanted, texts: dict[str, str | None]) -> "Sequence[Block] | None":
        """Return the blocks that were drawn last if only the width or the folding is another now."""
        if self._done is None or self._drawn is None or texts != self._texts:
            return None
        same = wanted._replace(width=self._done.width, toggled=self._done.toggled) == self._done
        return self._drawn.blocks if same else None


async def _embedded(wanted: Wanted, thread: VaultThread) -> dict[str, str | None]:
    """Return the texts of the notes that are shown inside the note."""
    texts: dict[str, str | None] = {}
    while names := names_to_load(wanted.text, wanted.name, texts, wanted.resolve):
        try:
            texts |= await thread.run(partial(_texts, names=names))
        except CrdtnotesError:
            break
    return texts


def _texts(vault: Vault, names: Iterable[str]) -> dict[str, str | None]:
    return {name: _text(vault, name) for name in names}


def _text(vault: Vault, name: str) -> str | None:
    try:
        return vault.note(name).text
    except NoteNotFound:
        return None


def _draw(wanted: Wanted, texts: dict[str, str | None], blocks: "Sequence[Block] | None" = None) -> "Drawn":
    from crdtnotes_tui.text.reading.convert import Notes, blocks_of
    from crdtnotes_tui.text.reading.note import arrange

    if blocks is None:
        blocks = blocks_of(wanted.text, wanted.name, Notes(wanted.resolve, texts))
    return arrange(wanted.text.split("\n"), blocks, wanted.width, wanted.toggled)
