"""A keystroke: committed here, then committed and readable in the other process."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from crdtnotes import Vault
from crdtnotes.store import Replica
from crdtnotes.sync.peers.node import Node
from tests.benchmarks.histories import copy, imported_vault
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.measure import SECONDS, Row, percentile
from tests.benchmarks.processes import Child, child, serving

SHOWN_SECONDS = 0.020

_NAME = "keys"


def keys(inputs: Inputs) -> Iterator[Row]:
    """Keys typed about 30 ms apart into a note of a large vault, and read by a follower."""
    for characters in (5000, 100_000):
        source, target = _vaults(inputs, characters)
        stamps = asyncio.run(_same_process(inputs, source, target))
        yield from _rows(f"{characters // 1000} KB note, editor and sync in one process", *stamps)
    source, target = _vaults(inputs, 5000)
    yield from _rows("5 KB note, editor beside a serving process", *_beside(inputs, source, target))


def _vaults(inputs: Inputs, characters: int) -> tuple[Path, Path]:
    source = copy(imported_vault(inputs), inputs.place("typed-here.vault"))
    with Vault.open(source) as vault:
        vault.create_note(_NAME, ("some words 一些文字\n" * (characters // 16))[:characters])
        id, batches = vault.id, list(vault.changes_since({}))
    target = inputs.place("shown-there.vault")
    with Vault.create(target, "there", id) as vault:
        for batch in batches:
            vault.apply(batch)
        vault.replica.flush_index()
    return source, target


_Stamps = tuple[list[float], list[float]]
"""Seconds from a key to its commit here, and from there until the other process can read it."""


async def _same_process(inputs: Inputs, source: Path, target: Path) -> _Stamps:
    replicas: list[Replica] = []

    def open_replica() -> Replica:
        replicas.append(Replica(source))
        return replicas[0]

    async with Node(open_replica) as node:
        address = str(await node.serve("127.0.0.1", 0))
        press = await node.run(lambda: _presser(Vault(replicas[0])))
        with child("follow", address, target, _NAME) as follower:
            await asyncio.to_thread(follower.read)
            pressed = []
            for wait in _pauses(inputs.sizes.keys):
                await asyncio.sleep(wait)
                begin = time.monotonic_ns()
                length, at = await node.run(press)
                pressed.append((begin, length, at))
            return await asyncio.to_thread(_collect, follower, pressed)


def _beside(inputs: Inputs, source: Path, target: Path) -> _Stamps:
    with serving(source) as (address, _), child("follow", address, target, _NAME) as follower:
        follower.read()
        with Vault.open(source) as vault:
            press = _presser(vault)
            pressed = []
            for wait in _pauses(inputs.sizes.keys):
                time.sleep(wait)
                begin = time.monotonic_ns()
                pressed.append((begin, *press()))
            return _collect(follower, pressed)


def _pauses(count: int) -> list[float]:
    random = Random(5)
    return [random.uniform(0.015, 0.045) for _ in range(count)]


def _presser(vault: Vault) -> Callable[[], tuple[int, int]]:
    """Return a function that types one key and returns the new length of the note and the commit time."""
    note = vault.note(_NAME)
    length = len(note.text)
    place = length // 2

    def press() -> tuple[int, int]:
        nonlocal length, place
        note.insert(place, "k")
        length += 1
        place += 1
        return length, time.monotonic_ns()

    return press


def _collect(follower: Child, pressed: list[tuple[int, int, int]]) -> _Stamps:
    here = [(at - begin) / 1e9 for begin, _, at in pressed]
    there = []
    seen = follower.read()
    for _, length, at in pressed:
        while seen["length"] < length:
            seen = follower.read()
        there.append((seen["at"] - at) / 1e9)
    return here, there


def _rows(case: str, here: list[float], there: list[float]) -> Iterator[Row]:
    for what, values, target in (
        ("to its commit here", here, None),
        ("from there to the peer", there, SHOWN_SECONDS),
    ):
        for percent in (50, 95):
            value = percentile(values, percent)
            judged = target is not None and percent == 95
            yield Row(
                "keys",
                f"{case}: {what}, p{percent}",
                SECONDS,
                value,
                target="≤ 20 ms" if judged else "",
                reached=value <= SHOWN_SECONDS if judged else None,
            )
