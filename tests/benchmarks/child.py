"""The program of the other process: `serve FILE`, `clone ADDRESS FILE`, `follow ADDRESS FILE NOTE`.

Prints lines of JSON; serving and following end when standard input does.
"""

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from crdtnotes.store import Replica
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.net.transport import peek
from crdtnotes.sync.peers.node import Node
from crdtnotes.sync.peers.status import PeerStatus
from crdtnotes.vault import Vault


def say(**content: Any) -> None:
    """Print one line."""
    print(json.dumps(content), flush=True)


def peak_bytes() -> int:
    """Return the peak resident memory of this process in bytes."""
    # getrusage also counts the process that started this one.
    told = _peak_told(Path("/proc/self/status"))
    if told:
        return told
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def helpers_peak_bytes() -> int:
    """Return the peak memory of the processes that this process started; 0 if the system does not tell."""
    threads = Path("/proc/self/task")
    children = [pid for file in threads.glob("*/children") for pid in file.read_text().split()]
    return sum(_peak_told(Path("/proc") / pid / "status") for pid in children)


def _peak_told(status: Path) -> int:
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


async def ended() -> None:
    """Wait until standard input ends."""
    await asyncio.to_thread(sys.stdin.read)


async def serve(path: Path) -> None:
    """Serve a replica; print the address, and at the end the peak memory."""
    async with Node(lambda: Replica(path), path=path) as node:
        say(address=str(await node.serve("127.0.0.1", 0)))
        await ended()
    say(peak=peak_bytes())


async def clone(address: str, path: Path) -> None:
    """Clone the served replica and wait for its search index; print the time and memory that it took."""
    begin = time.perf_counter()
    hello = await peek(Address.parse(address))
    Replica.create(path, "clone", hello.vault).close()
    async with Node(lambda: Replica(path)) as node:
        summary = await node.sync_once(address)
        helpers_peak = helpers_peak_bytes()
    synced = time.perf_counter()
    with Vault.open(path) as vault:
        vault.replica.flush_snapshots()
        vault.replica.flush_index()
    done = time.perf_counter()
    say(
        seconds=done - begin,
        index_seconds=done - synced,
        bytes=summary.bytes_received + summary.bytes_sent,
        changes=summary.received,
        peak=peak_bytes(),
        helpers_peak=helpers_peak,
    )


async def follow(address: str, path: Path, name: str) -> None:
    """Follow the served replica; each time changes arrive, print the note's length and the time."""
    replicas: list[Replica] = []

    def open_replica() -> Replica:
        replicas.append(Replica(path))
        return replicas[0]

    def read() -> tuple[int, int]:
        text = Vault(replicas[0]).note(name).text
        return len(text), time.monotonic_ns()

    news = asyncio.Event()
    received = -1

    def notice(status: PeerStatus) -> None:
        nonlocal received
        if status.received != received and status.caught_up:
            received = status.received
            news.set()

    async with Node(open_replica, report=notice) as node:

        async def watch() -> None:
            while True:
                await news.wait()
                news.clear()
                length, at = await node.run(read)
                say(length=length, at=at)

        tasks = [asyncio.create_task(watch()), asyncio.create_task(node.follow(address))]
        await ended()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def main(command: str, *arguments: str) -> None:
    """Run one command."""
    # sqlite-utils loads these if they are installed, which takes half a second; only a peer needs them here.
    sys.modules.update(dict.fromkeys(("numpy", "pandas")))  # type: ignore[arg-type]
    if command == "serve":
        asyncio.run(serve(Path(arguments[0])))
    elif command == "clone":
        asyncio.run(clone(arguments[0], Path(arguments[1])))
    elif command == "follow":
        asyncio.run(follow(arguments[0], Path(arguments[1]), arguments[2]))
    else:
        raise SystemExit(f"there is no command {command!r}")


if __name__ == "__main__":
    main(*sys.argv[1:])
