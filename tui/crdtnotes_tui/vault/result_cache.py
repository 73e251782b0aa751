"""Answers that take long in a large vault, kept so that a list opens at once."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from crdtnotes import Vault
from crdtnotes_tui.vault.vault_thread import VaultThread

T = TypeVar("T")


class ResultCache:
    """Remembers what jobs last returned; `jobs` are those for which that is worth it.

    What is remembered may be older than the last commit: whoever shows it asks for `fresh` besides.
    """

    def __init__(self, thread: VaultThread) -> None:
        self.jobs: tuple[Callable[[Vault], Any], ...] = ()
        self._thread = thread
        self._answers: dict[Callable[[Vault], Any], tuple[int, Any]] = {}
        self._commits = 0

    def committed(self) -> None:
        """Something was committed: what is remembered may be old."""
        self._commits += 1

    def forget(self) -> None:
        """Remember nothing."""
        self._answers.clear()

    def last(self, job: Callable[[Vault], T]) -> T | None:
        """Return what a job returned last, None if it has not run."""
        found = self._answers.get(job)
        return None if found is None else cast("T", found[1])

    def is_fresh(self, job: Callable[[Vault], object]) -> bool:
        """Whether nothing was committed since a job ran."""
        found = self._answers.get(job)
        return found is not None and found[0] == self._commits

    async def fresh(self, job: Callable[[Vault], T]) -> T:
        """Return what a job returns now; raises what it raises."""
        asked_at = self._commits
        answer = await self._thread.run(job)
        if job in self.jobs:
            self._answers[job] = asked_at, answer
        return answer
