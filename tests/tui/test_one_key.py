"""What one key costs in jobs on the vault's thread and in SQL statements, until the editor is idle."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from crdtnotes_tui.notes import workspace
from crdtnotes_tui.notes.buffer import State
from tests.tui.desktop import Desktop, desktop, vault_of
from tests.tui.loop import run, until

QUIET_SECONDS = 1.0
"""Longer than anything waits before it does what a key brings with it."""


class Cost:
    """What the vault's thread has done."""

    def __init__(self) -> None:
        self.jobs = 0
        self.statements: list[str] = []

    def clear(self) -> None:
        self.jobs = 0
        self.statements.clear()


@asynccontextmanager
async def counted(one: Desktop) -> AsyncIterator[Cost]:
    """Count jobs, and statements of the editor's connection."""
    cost = Cost()
    worker = one.app.main.workspace.thread.worker
    conn: sqlite3.Connection = worker.replica.conn  # type: ignore[attr-defined]
    await worker.run(lambda: conn.set_trace_callback(cost.statements.append))
    submit = worker._executor.submit

    def counting(*arguments: Any) -> Any:
        cost.jobs += 1
        return submit(*arguments)

    worker._executor.submit = counting  # type: ignore[method-assign, assignment]
    yield cost
    worker._executor.submit = submit  # type: ignore[method-assign]
    await worker.run(lambda: conn.set_trace_callback(None))


async def idle(one: Desktop, cost: Cost) -> None:
    """Wait until nothing has been done for longer than anything waits."""
    clock = asyncio.get_running_loop().time
    done, since = cost.jobs, clock()
    while clock() - since < QUIET_SECONDS:
        await asyncio.sleep(0.01)
        if cost.jobs != done:
            done, since = cost.jobs, clock()


def test_one_key_costs_five_jobs_and_45_statements_at_the_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FTS5's own statements count too, in every key but the first, which opens the note for writing."""
    monkeypatch.setattr(workspace, "IDLE_SECONDS", 0.2)
    path = vault_of(tmp_path / "v", one="a note", two="see [[one]]")

    async def main() -> None:
        async with desktop(path, "one") as here, counted(here) as cost:
            for key in "xy":
                await idle(here, cost)
                cost.clear()
                await here.type(key)
                await until(lambda: here.buffer.state is State.SAVED)
                await idle(here, cost)
                own = [one for one in cost.statements if not one.startswith("-- ")]
                assert cost.jobs <= 5, own
                assert len(own) <= 45, own
                assert key == "x" or len(cost.statements) <= 45, cost.statements
            cost.clear()
            await idle(here, cost)
            assert (cost.jobs, cost.statements) == (0, [])
            assert here.stored("one") == "a notexy"

    run(main())
