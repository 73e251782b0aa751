"""Bytes on disk."""

from collections.abc import Iterator
from pathlib import Path

from crdtnotes import Vault
from tests.benchmarks import peers
from tests.benchmarks.histories import copy, imported_vault, typed_vault
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.measure import BYTES, Row


def disk(inputs: Inputs) -> Iterator[Row]:
    """The file of a vault with one long history, and of one with many notes, after `compact`."""
    trace = inputs.longest_trace
    loro = peers.loro()
    theirs = None
    if loro is not None:
        theirs = len(peers.typed_loro(loro, trace.patches).export(loro.ExportMode.Snapshot()))
    size, details = _compacted(copy(typed_vault(inputs), inputs.place("typed, packed.vault")))
    log = details["log_bytes"]
    ratio = log / theirs if theirs else None
    yield Row(
        "disk",
        f"{trace.name} in changes of 5 edits, packed, times to the ms: the log; Loro: its snapshot",
        BYTES,
        log,
        theirs,
        ratio,
        "Loro",
        "≤ 1.0×",
        None if ratio is None else ratio <= 1.0,
        details,
    )
    yield Row("disk", "… the whole file", BYTES, size)
    size, details = _compacted(copy(imported_vault(inputs), inputs.place("imported, packed.vault")))
    ratio = size / inputs.markdown_bytes
    yield Row(
        "disk",
        f"{len(inputs.markdown_files):,} notes, packed, with search index",
        BYTES,
        size,
        inputs.markdown_bytes,
        ratio,
        "their Markdown",
        "≤ 1.5×",
        ratio <= 1.5,
        details,
    )


def _compacted(path: Path) -> tuple[int, dict[str, float]]:
    """Compact a vault; return its file's size, and the sizes of its log and its largest other data."""
    with Vault.open(path) as vault:
        vault.compact()
        conn = vault.replica.conn

        def total(query: str) -> float:
            return float(conn.execute(f"SELECT ifnull({query}, 0)").fetchone()[0])

        details = {
            "log_bytes": total(
                """(SELECT ifnull(sum(length(data)), 0) FROM log) + (SELECT ifnull(sum(length(data)
                + length(ids)), 0) FROM blocks) + (SELECT ifnull(sum(length(data)), 0) FROM dictionaries)"""
            ),
            "text_bytes": total("(SELECT sum(length(text)) FROM texts)"),
            "state_bytes": total("(SELECT sum(length(state)) FROM texts)"),
            "index_bytes": total("(SELECT sum(length(block)) FROM search_data)"),
        }
    return path.stat().st_size, details
