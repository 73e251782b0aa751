"""Lists to pick from: tags, orphans, dangling links, a note's links, templates."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from textual import work

from crdtnotes.errors import CrdtnotesError
from crdtnotes.markup.tagtree import Branch
from crdtnotes.note import LinkInfo
from crdtnotes.vault import Dangling, Vault
from crdtnotes_tui.notes.matching import rank
from crdtnotes_tui.screens.picker import Answer, Picker
from crdtnotes_tui.vault.result_cache import ResultCache

T = TypeVar("T")

HOLDERS = 2
"""Notes that are named where many hold a link."""


class ListPicker(Picker[T]):
    """Picks from a list; what is typed narrows it and leaves its order.

    Where the list is kept from before, that is shown at once, and what has changed since a moment later.
    """

    def __init__(
        self,
        kept: ResultCache,
        question: str,
        job: Callable[[Vault], Sequence[Answer[T]]],
        empty: str = "There are none.",
    ) -> None:
        super().__init__()
        self.question = question
        self.empty = empty
        self._kept = kept
        self._job = job
        self._all: Sequence[Answer[T]] | None = kept.last(job)

    def on_mount(self) -> None:
        """See what has changed since, besides what Picker does."""
        if self._all is not None and not self._kept.is_fresh(self._job):
            self._renew()

    async def answers(self, query: str) -> Sequence[Answer[T]]:
        """Return what fits."""
        if self._all is None:
            self._all = await self._kept.fresh(self._job)
        words = query.casefold().split()
        if not words:
            return self._all
        return [one for one in self._all if _fits(words, one.text.casefold())]

    @work(group="renewing")
    async def _renew(self) -> None:
        with suppress(CrdtnotesError):  # then what was there before stays
            found = await self._kept.fresh(self._job)
            if found != self._all:
                self._all = found
                self.ask_again()


def _fits(words: Sequence[str], text: str) -> bool:
    return all(rank(word, text, "") is not None for word in words)


def tags(vault: Vault) -> list[Answer[Branch]]:
    """Return the tags as a tree, each with how many notes bear it or one below it."""
    return [Answer(one, f"{'  ' * one.depth}#{one.tag}", str(one.notes)) for one in vault.tag_tree()]


def orphans(vault: Vault) -> list[Answer[str]]:
    """Return the notes that are linked with no other."""
    return [Answer(one.name, one.name, "" if one.characters else "empty") for one in vault.orphans()]


def dangling(vault: Vault) -> list[Answer[Dangling]]:
    """Return the targets that have no note yet, those that most notes link to first."""
    found = sorted(vault.dangling(), key=lambda one: -len(one.notes))
    return [Answer(one, one.target, _some(one.notes)) for one in found]


def _some(names: Sequence[str]) -> str:
    more = len(names) - HOLDERS
    return ", ".join(names[:HOLDERS]) + (f" and {more} more" if more > 0 else "")


def links_of(name: str) -> Callable[[Vault], list[Answer[LinkInfo]]]:
    """Return a job that returns a note's links."""

    def job(vault: Vault) -> list[Answer[LinkInfo]]:
        return [
            Answer(one, one.target, one.note if one.note is not None else "make this note")
            for one in vault.note(name).links()
        ]

    return job


def templates(vault: Vault) -> list[Answer[str]]:
    """Return the templates."""
    return [Answer(name, name) for name in vault.templates()]


def tagged(tag: str) -> Callable[[Vault], list[Answer[str]]]:
    """Return a job that returns the notes with a tag or one below it."""
    return lambda vault: [Answer(name, name) for name in vault.tagged(tag)]


CACHED_LISTS = (tags, orphans, dangling)
"""Jobs that take long in a large vault; the editor keeps their results and renews them while it is idle."""
