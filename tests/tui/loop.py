"""Running a coroutine in a test, with a time limit."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

PATIENCE = 20.0


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine."""

    async def main() -> None:
        async with asyncio.timeout(60):
            await work

    asyncio.run(main())


async def until(holds: Callable[[], bool]) -> None:
    """Run the loop until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.001)
