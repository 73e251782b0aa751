"""A queue of frames on their way from a websocket to the replica's thread."""

import asyncio
from collections import deque

_OVERHEAD_BYTES = 100
# The memory that even an empty frame takes.


class Inbox:
    """A queue of frames bounded by their bytes, for one producer and one consumer on one event loop."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._closed = False
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()

    async def put(self, frame: bytes) -> None:
        """Add a frame; waits while the inbox has `limit` bytes. Once it is closed, frames are dropped."""
        while self._size >= self._limit and not self._closed:
            self._room.clear()
            await self._room.wait()
        if not self._closed:
            self._frames.append(frame)
            self._size += len(frame) + _OVERHEAD_BYTES
            self._arrived.set()

    async def take(self, most: int) -> list[bytes]:
        """Wait for frames and return up to `most` bytes of them, but at least one frame.

        Returns none once the inbox is closed and empty.
        """
        while not self._frames and not self._closed:
            self._arrived.clear()
            await self._arrived.wait()
        burst: list[bytes] = []
        size = 0
        while self._frames and (not burst or size + len(self._frames[0]) <= most):
            frame = self._frames.popleft()
            burst.append(frame)
            size += len(frame)
            self._size -= len(frame) + _OVERHEAD_BYTES
        self._room.set()
        return burst

    def close(self, *, discard: bool = False) -> None:
        """Accept no more frames; queued frames can still be taken unless `discard` is set."""
        self._closed = True
        if discard:
            self._frames.clear()
            self._size = 0
        self._arrived.set()
        self._room.set()
