"""Lists of tags, orphans, dangling links, a note's links, and templates."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from textual import work

from crdtnotes import Dangling, Link, TagBranch, Vault
from crdtnotes.errors import CrdtnotesError
from crdtnotes.markup.files import can_be_note, is_file
from crdtnotes_tui.notes.matching import rank
from crdtnotes_tui.screens.picker import Answer, Picker
from crdtnotes_tui.vault.result_cache import ResultCache

T = TypeVar("T")

MAX_HOLDERS = 2
"""Of the notes that contain a dangling link, this many are named."""


class ListPicker(Picker[T]):
    """Picks from the list that a job returns; typing narrows the list and keeps its order.

    A cached list is shown at once and brought up to date a moment later.
    """

    def __init__(
        self,
        cache: ResultCache,
        question: str,
        job: Callable[[Vault], Sequence[Answer[T]]],
        empty: str = "There are none.",
    ) -> None:
        super().__init__()
        self.question = question
        self.empty = empty
        self._cache = cache
        self._job = job
        self._all: Sequence[Answer[T]] | None = cache.last(job)

    def on_mount(self) -> None:
        """Bring a cached list up to date."""
        if self._all is not None and not self._cache.is_fresh(self._job):
            self._update()

    async def answers(self, query: str) -> Sequence[Answer[T]]:
        """Return the answers that contain the words of the query."""
        if self._all is None:
            self._all = await self._cache.fresh(self._job)
        words = query.casefold().split()
        if not words:
            return self._all
        return [one for one in self._all if _fits(words, one.text.casefold())]

    @work(group="update")
    async def _update(self) -> None:
        with suppress(CrdtnotesError):  # the cached list stays
            found = await self._cache.fresh(self._job)
            if found != self._all:
                self._all = found
                self.ask_again()


def _fits(words: Sequence[str], text: str) -> bool:
    return all(rank(word, text, "") is not None for word in words)


def tags(vault: Vault) -> list[Answer[TagBranch]]:
    """Return the tags as a tree, each with the number of notes that have it or a tag below it."""
    return [Answer(one, f"{'  ' * one.depth}#{one.tag}", str(one.notes)) for one in vault.tag_tree()]


def orphans(vault: Vault) -> list[Answer[str]]:
    """Return the notes that have no links and that no link leads to."""
    return [Answer(one.name, one.name, "" if one.characters else "empty") for one in vault.orphans()]


def dangling(vault: Vault) -> list[Answer[Dangling]]:
    """Return the targets without a note, those with the most links first."""
    found = sorted(vault.dangling(), key=lambda one: -len(one.notes))
    return [Answer(one, one.target, _some(one.notes)) for one in found]


def _some(names: Sequence[str]) -> str:
    more = len(names) - MAX_HOLDERS
    return ", ".join(names[:MAX_HOLDERS]) + (f" and {more} more" if more > 0 else "")


def links_of(name: str) -> Callable[[Vault], list[Answer[Link]]]:
    """Return a job for the links of a note."""

    def job(vault: Vault) -> list[Answer[Link]]:
        return [
            Answer(one, one.target, one.note if one.note is not None else _without_note(one.target))
            for one in vault.note(name).links()
        ]

    return job


def _without_note(target: str) -> str:
    return "make this note" if can_be_note(target) else "a file" if is_file(target) else "an address"


def templates(vault: Vault) -> list[Answer[str]]:
    """Return the templates."""
    return [Answer(name, name) for name in vault.templates()]


def tagged(tag: str) -> Callable[[Vault], list[Answer[str]]]:
    """Return a job for the notes with a tag or a tag below it."""
    return lambda vault: [Answer(name, name) for name in vault.tagged(tag)]


CACHED_LISTS = (tags, orphans, dangling)
"""Jobs that take long in a large vault; the editor keeps their results and renews them while it is idle."""
