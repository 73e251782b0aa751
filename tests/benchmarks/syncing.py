"""Two processes: a first sync, and a sync where nothing changed."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from crdtnotes.store import Replica
from crdtnotes.sync.peers.node import Node
from crdtnotes.sync.peers.status import Summary
from tests.benchmarks import peers
from tests.benchmarks.histories import copy, imported_vault
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.measure import BYTES, SECONDS, Row, in_turn, timed
from tests.benchmarks.processes import child, serving

NOTHING_BYTES = 2048


def first_sync(inputs: Inputs) -> Iterator[Row]:
    """A whole vault over loopback, durable and searchable, beside `git clone` of the same files."""
    source = copy(imported_vault(inputs), inputs.place("served.vault"))
    repository = inputs.once("repository", lambda: _repository(inputs)) if peers.has_git() else None
    told: list[dict[str, Any]] = []
    whole: list[float] = []

    def theirs() -> float:
        to = inputs.place("git")
        seconds = timed(lambda: peers.git("clone", "-q", "--no-local", str(repository), to))
        shutil.rmtree(to)
        return seconds

    with serving(source) as (address, _):

        def ours() -> float:
            path = inputs.place("clone.vault")
            begin = time.perf_counter()
            with child("clone", address, path) as clone:
                told.append(clone.read())
            whole.append(time.perf_counter() - begin)
            told[-1]["size"] = path.stat().st_size
            path.unlink()
            return float(told[-1]["seconds"])

        pair = in_turn(ours, None if repository is None else theirs, inputs.few)
    count, size = len(inputs.markdown_files), inputs.markdown_bytes
    yield Row(
        "first sync",
        f"{count:,} notes, {size / 1e6:.1f} MB, durable and in the search index",
        SECONDS,
        pair.ours,
        pair.peer,
        pair.ratio,
        "git clone",
        "≤ 1.0×",
        None if pair.ratio is None else pair.ratio <= 1.0,
        {"index_s": median(one["index_seconds"] for one in told), "with_start_of_python_s": median(whole)},
    )
    wire = float(told[-1]["bytes"])
    packs = None if repository is None else _pack_bytes(repository)
    ratio = None if packs is None else wire / packs
    yield Row("first sync", "bytes of all messages; git: its packs", BYTES, wire, packs, ratio, "git")
    ratio = told[-1]["size"] / size
    yield Row(
        "disk",
        f"{count:,} notes cloned, with search index, before `compact`",
        BYTES,
        float(told[-1]["size"]),
        size,
        ratio,
        "their Markdown",
    )


def _repository(inputs: Inputs) -> Path:
    to = inputs.place("repository")
    peers.commit_copy(inputs.notes_folder, to)
    peers.git("-C", to, "gc", "-q")
    return to


def _pack_bytes(repository: Path) -> int:
    return sum(file.stat().st_size for file in (repository / ".git" / "objects").rglob("*.pack"))


async def _syncs(path: Path, address: str, count: int) -> tuple[list[float], Summary]:
    """Sync `count` times, each on a new connection; return the seconds of each."""
    seconds = []
    async with Node(lambda: Replica(path)) as node:
        for _ in range(count + 1):
            begin = time.perf_counter()
            summary = await node.sync_once(address)
            seconds.append(time.perf_counter() - begin)
    return seconds[1:], summary


def sync_nothing(path: Path, count: int, spare: Path) -> tuple[float, Summary]:
    """Serve the vault at `path`, sync a copy of it at `spare`; return the median seconds and a summary.

    A copied file stands in for another device: only its actor is the same, and nobody writes here.
    """
    copy(path, spare)
    with serving(path) as (address, _):
        seconds, summary = asyncio.run(_syncs(spare, address, count))
    return median(seconds), summary


def no_op_sync(inputs: Inputs) -> Iterator[Row]:
    """A sync where both sides have everything: connect, one round trip, disconnect."""
    source = copy(imported_vault(inputs), inputs.place("served.vault"))
    seconds, summary = sync_nothing(source, inputs.runs * 4, inputs.place("copy.vault"))
    size = summary.bytes_received + summary.bytes_sent
    fetch = None
    if peers.has_git():
        repository = inputs.once("repository", lambda: _repository(inputs))
        clone = inputs.place("fetching")
        peers.git("clone", "-q", "--no-local", str(repository), clone)
        fetch = in_turn(lambda: timed(lambda: peers.git("-C", clone, "fetch", "-q")), None, inputs.few).ours
    count = len(inputs.markdown_files)
    ratio = None if fetch is None else seconds / fetch
    yield Row("no-op sync", f"{count:,} notes: dialled to done", SECONDS, seconds, fetch, ratio, "git fetch")
    yield Row(
        "no-op sync",
        "bytes of all messages, both ways, one round trip",
        BYTES,
        size,
        target="≤ 2 KB",
        reached=size <= NOTHING_BYTES,
    )
