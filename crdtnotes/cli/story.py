"""The story that `crdtnotes demo` tells: Ana and Bo, one vault, two laptops, no network for a while."""

import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from rich.text import Text

from crdtnotes.cli.output import counted, terminal
from crdtnotes.cli.running import run
from crdtnotes.demo_vault import demo_notes
from crdtnotes.graph.draw import draw
from crdtnotes.mirror.importer import import_folder
from crdtnotes.peering.clone import clone_vault
from crdtnotes.peering.open_vault import OpenVault
from crdtnotes.peering.sync_once import sync_once
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.node import Node
from crdtnotes.vault import Vault

T = TypeVar("T")

SHARED = "en/Start here"
PARAGRAPH = "Change this paragraph on two laptops"
ANAS_WORDS, BOS_WORDS = ", one of them on a train", ", one of them on a ferry"
RENAMED, NEW_NAME = "en/Merging text", "en/How text merges"
DELETED, ANAS_ADDITION = "en/Notes worth keeping", "Ana: a fifth habit, write on trains."
ANAS_DAY, BOS_DAY = "- Ana: the tunnel was long", "- Bo: saw a whale"
DANGLING, FIRST_WORDS = "Byzantine faults", "Peers that lie; see [[Distributed systems]]."
MIDDLE = "zh/双向链接"


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement that must hold once both have synced, and whether it does."""

    what: str
    holds: bool


def tell() -> list[str]:
    """Play the story with two real replicas over a real websocket; return the claims that do not hold."""
    with tempfile.TemporaryDirectory(prefix="crdtnotes-demo-") as folder:
        return _Story(Path(folder)).play()


class _Story:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ana = folder / "ana.crdtnotes"
        self._bo = folder / "bo.crdtnotes"
        self._console = terminal()
        self._day = date.today()

    def play(self) -> list[str]:
        began = time.perf_counter()
        self._import()
        self._clone()
        self._apart()
        claims = self._meet()
        self._graph()
        self._say(f"Everything took {time.perf_counter() - began:.2f} s.", "bold")
        return [claim.what for claim in claims if not claim.holds]

    def _import(self) -> None:
        source = self._folder / "markdown"
        for name, text in demo_notes():
            file = source / f"{name}.md"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        with Vault.create(self._ana, "ana") as vault:
            report, seconds = _timed(lambda: import_folder(vault, source))
        self._step(f"Ana imports a folder of {counted(len(report.created), 'Markdown note')}", seconds)

    def _clone(self) -> None:
        async def clone() -> int:
            async def visit(address: Address) -> int:
                return (await clone_vault(address, self._bo, "bo")).changes

            return await _at_home(self._ana, visit)

        changes, seconds = _timed(lambda: run(clone()))
        self._step(f"Bo clones the vault over a websocket, {counted(changes, 'change')}", seconds)

    def _apart(self) -> None:
        self._step("Both go offline and keep working:")
        with Vault.open(self._ana) as vault:
            _insert_after(vault, SHARED, PARAGRAPH, ANAS_WORDS)
            rewritten = vault.note(RENAMED).rename(NEW_NAME)
            vault.note(DELETED).append(ANAS_ADDITION)
            vault.today(self._day).append(ANAS_DAY)
        with Vault.open(self._bo) as vault:
            _insert_after(vault, SHARED, PARAGRAPH, BOS_WORDS)
            _insert_after(vault, RENAMED, "# Merging text\n", "\nBo: read this one twice.\n")
            vault.note(DELETED).remove()
            vault.create_note(DANGLING, FIRST_WORDS)
            day = vault.today(self._day)
            day.append(BOS_DAY)
            today = day.name
        self._detail(f"both type at the same place in a sentence of “{SHARED}”")
        self._detail(
            f"Ana renames “{RENAMED}”, and links in {counted(rewritten, 'note')} follow; Bo edits it under "
            "its old name"
        )
        self._detail(f"Bo deletes “{DELETED}”, to which Ana is adding a line")
        self._detail(f"Bo writes the note “{DANGLING}”, to which a dangling link already pointed")
        self._detail(f"both create today's note, “{today}”")

    def _meet(self) -> list[Claim]:
        async def meet() -> tuple[int, int]:
            async def visit(address: Address) -> tuple[int, int]:
                summary = await sync_once(self._bo, address)
                return summary.received, summary.sent

            return await _at_home(self._ana, visit)

        (received, sent), seconds = _timed(lambda: run(meet()))
        self._step(f"They sync: Bo receives {counted(received, 'change')} and sends {sent:,}", seconds)
        with Vault.open(self._ana) as ana, Vault.open(self._bo) as bo:
            claims = _claims(ana, bo, self._day)
            line = next((line for line in ana.note(SHARED).text.split("\n") if PARAGRAPH in line), "")
        self._console.print(Text(f"     {line}", "italic"), soft_wrap=True)
        for claim in claims:
            mark, style = ("✓", "green") if claim.holds else ("✗ NOT SO:", "bold red")
            self._console.print(Text.assemble("   ", (mark, style), f" {claim.what}"), soft_wrap=True)
        return claims

    def _graph(self) -> None:
        with Vault.open(self._bo) as vault:
            graph, seconds = _timed(vault.graph)
        size = f"{counted(len(graph), 'node')}, {counted(graph.number_of_edges(), 'edge')}"
        self._step(f"The backlink graph, {size}; around “{MIDDLE}”:", seconds)
        self._console.print(draw(graph, MIDDLE, self._console.width), soft_wrap=True)

    def _step(self, text: str, seconds: float | None = None) -> None:
        took = "" if seconds is None else f"  {seconds * 1000:.0f} ms"
        self._console.print(Text.assemble((text, "bold"), (took, "dim")), soft_wrap=True)

    def _detail(self, text: str) -> None:
        self._say(f"   - {text}", "")

    def _say(self, text: str, style: str) -> None:
        self._console.print(Text(text, style), soft_wrap=True)


def _claims(ana: Vault, bo: Vault, day: date) -> list[Claim]:
    """Return the claims that must hold for two replicas that have synced."""
    names = [info.name for info in ana.notes()]
    texts = {name: ana.note(name).text for name in names}
    same = texts == {info.name: bo.note(info.name).text for info in bo.notes()}
    shared, merged = texts.get(SHARED, ""), texts.get(NEW_NAME, "")
    kept, diary = texts.get(DELETED, ""), texts.get(day.isoformat(), "")
    expected = {*(name for name, _ in demo_notes()), NEW_NAME, DANGLING, day.isoformat()} - {RENAMED}
    leads_to = {link.target: link.note for link in ana.note("en/Distributed systems").links()}
    return [
        Claim(f"the digests are equal: {ana.digest}", ana.digest == bo.digest),
        Claim(f"all {counted(len(names), 'note')} are equal, byte for byte", same),
        Claim("the sentence has the words of both", ANAS_WORDS in shared and BOS_WORDS in shared),
        Claim(
            "the renamed note has Bo's line, and links to either name lead to it",
            "Bo: read this" in merged and ana.note(RENAMED).name == bo.note(RENAMED).name == NEW_NAME,
        ),
        Claim(
            "the deleted note is back, whole, with Ana's line", ANAS_ADDITION in kept and "# Notes" in kept
        ),
        Claim("the dangling link now leads to its note", leads_to.get(DANGLING) == DANGLING),
        Claim(
            "there is one note for today, with one title and the lines of both",
            ANAS_DAY in diary and BOS_DAY in diary and diary.count("# ") == 1,
        ),
        Claim("there is no “conflicted copy” and no other extra note", set(names) == expected),
    ]


def _insert_after(vault: Vault, name: str, place: str, words: str) -> None:
    note = vault.note(name)
    note.insert(note.text.index(place) + len(place), words)


async def _at_home(path: Path, visit: Callable[[Address], Awaitable[T]]) -> T:
    """Serve the replica at `path` on a free port of this machine while `visit` connects to it."""
    async with OpenVault(path) as vault, Node(vault.worker) as node:
        return await visit(await node.serve("127.0.0.1", 0))


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return the result of `work`, and the seconds that it took."""
    began = time.perf_counter()
    result = work()
    return result, time.perf_counter() - began
