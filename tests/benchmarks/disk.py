"""Bytes on the disk."""

from collections.abc import Iterator
from pathlib import Path

from crdtnotes import Vault
from tests.benchmarks import peers
from tests.benchmarks.histories import imported_vault, typed_vault
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.measure import BYTES, Row


def disk(inputs: Inputs) -> Iterator[Row]:
    """The file of a vault with one long history, and of one with many notes, after closing."""
    trace = inputs.longest_trace
    loro = peers.loro()
    theirs = None
    if loro is not None:
        theirs = len(peers.typed_loro(loro, trace.patches).export(loro.ExportMode.Snapshot()))
    ours, details = _size(typed_vault(inputs))
    ratio = ours / theirs if theirs else None
    yield Row(
        "disk",
        f"{trace.name} in changes of 5 edits; Loro: its snapshot",
        BYTES,
        ours,
        theirs,
        ratio,
        "Loro",
        "≤ 1.0×",
        None if ratio is None else ratio <= 1.0,
        details,
    )
    ours, details = _size(imported_vault(inputs))
    ratio = ours / inputs.markdown_bytes
    yield Row(
        "disk",
        f"{len(inputs.markdown_files):,} notes imported, with search index",
        BYTES,
        ours,
        inputs.markdown_bytes,
        ratio,
        "their Markdown",
        "≤ 1.5×",
        ratio <= 1.5,
        details,
    )


def _size(path: Path) -> tuple[int, dict[str, float]]:
    """Return the file's size, and how it falls to the tables, as far as this SQLite can tell."""
    with Vault.open(path) as vault:
        conn = vault.replica.conn
        (log,) = conn.execute("SELECT ifnull(sum(length(data)), 0) FROM log").fetchone()
        texts, states = conn.execute(
            "SELECT ifnull(sum(length(text)), 0), ifnull(sum(length(state)), 0) FROM texts"
        ).fetchone()
        (free,) = conn.execute("PRAGMA freelist_count").fetchone()
        (page,) = conn.execute("PRAGMA page_size").fetchone()
        details = {
            "log_data_bytes": float(log),
            "text_bytes": float(texts),
            "state_bytes": float(states),
            "free_bytes": float(free * page),
        }
    return path.stat().st_size, details
