"""Rows as a table for people, or as JSON."""

import json
import platform
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.measure import BYTES, PER_SECOND, SECONDS, Row

COLUMNS = ("benchmark", "case", "ours", "peer", "ratio", "target", "reached")


def show(rows: Sequence[Row]) -> None:
    """Print a table: drawn on a terminal, with tabs between the columns in a pipe."""
    if not sys.stdout.isatty():
        print("\t".join(COLUMNS))
        for row in rows:
            print("\t".join(cells(row)), flush=True)
        return
    table = Table(*COLUMNS)
    previous = ""
    for row in rows:
        if previous and row.benchmark != previous:
            table.add_section()
        first, *rest = cells(row)
        table.add_row("" if first == previous else first, *rest)
        previous = row.benchmark
    Console().print(table)


def cells(row: Row) -> list[str]:
    """Return the cells of a row as text."""
    peer = "" if row.peer is None else amount(row.peer, row.unit)
    if row.against:
        peer = f"{row.against} {peer or 'not installed'}"
    ratio = "" if row.ratio is None else f"{row.ratio:.3g}×"
    reached = {True: "yes", False: "no", None: ""}[row.reached]
    return [row.benchmark, row.case, amount(row.ours, row.unit), peer, ratio, row.target, reached]


def amount(value: float, unit: str) -> str:
    """Return a figure with three digits and a suitable unit."""
    if unit == SECONDS:
        for size, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
            if value >= size or name == "µs":
                return f"{value / size:.3g} {name}"
    if unit == BYTES:
        if value < 1000:
            return f"{value:.0f} B"
        return f"{value / 1000:.1f} kB" if value < 1_000_000 else f"{value / 1_000_000:.1f} MB"
    if unit == PER_SECOND:
        return f"{value:,.0f} /s"
    return f"{value:.3g} {unit}"


def save(path: Path, rows: Sequence[Row], compiled: bool) -> None:
    """Write the rows and the measuring environment as JSON."""
    about = {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.system(),
        "compiled": compiled,
    }
    content = {"about": about, "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
