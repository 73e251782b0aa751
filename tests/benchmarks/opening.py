"""A long note with a long history: opening the vault, reading the text, the first edit."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from crdtnotes import Vault
from tests.benchmarks import peers
from tests.benchmarks.histories import NOTE, copy, typed_vault
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.measure import SECONDS, Row, in_turn, timed

TEXT_SECONDS = 0.001


def opening(inputs: Inputs) -> Iterator[Row]:
    """Open a vault, read a long note's text, and type one character into it."""
    trace = inputs.longest_trace
    path = copy(typed_vault(inputs), inputs.place("opened.vault"))
    loro = peers.loro()
    document = None if loro is None else peers.typed_loro(loro, trace.patches)
    snapshot = None if document is None else document.export(loro.ExportMode.Snapshot())
    opens: list[float] = []
    edits: list[float] = []
    texts: list[float] = []

    def ours() -> float:
        opened, text, edit = _once(path)
        opens.append(opened)
        texts.append(text)
        edits.append(edit)
        return opened + text

    def theirs() -> float:
        return timed(lambda: _open_loro(loro, snapshot))

    runs = max(inputs.runs, 5) if inputs.runs > 1 else 1
    pair = in_turn(ours, None if loro is None else theirs, runs)
    past = f"{len(trace.end):,} characters, {len(trace.txns):,} edits behind"
    text = median(texts[1:])
    yield Row(
        "opening",
        f"note.text ({past})",
        SECONDS,
        text,
        target="≤ 1 ms",
        reached=text <= TEXT_SECONDS,
        details={"max_s": max(texts[1:])},
    )
    yield Row("opening", "Vault.open", SECONDS, median(opens[1:]))
    yield Row("opening", "both; Loro: snapshot to text", SECONDS, pair.ours, pair.peer, pair.ratio, "Loro")
    yield Row("opening", "the first key after that, committed", SECONDS, median(edits[1:]))


def _once(path: Path) -> tuple[float, float, float]:
    vaults: list[Vault] = []
    opened = timed(lambda: vaults.append(Vault.open(path)))
    with vaults[0] as vault:
        note = vault.note(NOTE)
        text = timed(lambda: note.text)
        edit = timed(lambda: note.insert(10, "x"))
    return opened, text, edit


def _open_loro(loro: Any, snapshot: Any) -> str:
    document = loro.LoroDoc()
    document.import_(snapshot)
    return str(document.get_text("text").to_string())
