"""Caches results that take long to compute in a large vault, so that a list opens at once."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from crdtnotes import Vault
from crdtnotes_tui.vault.vault_thread import VaultThread

T = TypeVar("T")


class ResultCache:
    """Caches the last results of jobs; only the results of those in `jobs` are cached.

    A cached result may be older than the last commit: code that shows it must also ask for the `fresh` one.
    """

    def __init__(self, thread: VaultThread) -> None:
        self.jobs: tuple[Callable[[Vault], Any], ...] = ()
        self._thread = thread
        self._answers: dict[Callable[[Vault], Any], tuple[int, Any]] = {}
        self._commits = 0

    def committed(self) -> None:
        """Handle a commit: cached results may be outdated now."""
        self._commits += 1

    def forget(self) -> None:
        """Clear the cache."""
        self._answers.clear()

    def last(self, job: Callable[[Vault], T]) -> T | None:
        """Return the last result of a job, None if there is none."""
        found = self._answers.get(job)
        return None if found is None else cast("T", found[1])

    def is_fresh(self, job: Callable[[Vault], object]) -> bool:
        """Return whether a job's cached result is newer than the last commit."""
        found = self._answers.get(job)
        return found is not None and found[0] == self._commits

    async def fresh(self, job: Callable[[Vault], T]) -> T:
        """Run a job and return its result; raises the errors of the job."""
        asked_at = self._commits
        answer = await self._thread.run(job)
        if job in self.jobs:
            self._answers[job] = asked_at, answer
        return answer
