"""`python -m tests.benchmarks`: measure, and print a table."""

import json
import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console

from tests.benchmarks import peers, report, traces
from tests.benchmarks.inputs import TINY, Inputs
from tests.benchmarks.measure import Row
from tests.benchmarks.suite import BENCHMARKS, summary
from tests.benchmarks.texts import COMPILED

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--only", multiple=True, type=click.Choice(list(BENCHMARKS)), help="Run only this; repeatable.")
@click.option(
    "--trace", "files", multiple=True, type=_FILE, help="Recorded typing, .json or .json.gz; repeatable."
)
@click.option("--vault", type=_FOLDER, help="A folder of Markdown notes.")
@click.option(
    "--json",
    "output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write all figures to this file.",
)
@click.option("--runs", type=click.IntRange(1), default=5, show_default=True, help="Rounds to measure.")
@click.option("--list", "listing", is_flag=True, help="List the benchmarks and exit.")
@click.option("--tiny", is_flag=True, help="Use small inputs, to check that everything runs.")
def main(
    only: tuple[str, ...],
    files: tuple[Path, ...],
    vault: Path | None,
    output: Path | None,
    runs: int,
    listing: bool,
    tiny: bool,
) -> None:
    """Measure crdtnotes beside its peers; without a trace or a vault, use generated ones."""
    if listing:
        for name, benchmark in BENCHMARKS.items():
            click.echo(f"{name:<11} {summary(benchmark)}")
        return
    notes = Console(stderr=True)
    for name in peers.missing():
        notes.print(f"{name} is not installed: its ratios are left out (`pip install -e '.[bench]'`).")
    notes.print(f"The data types run {'compiled' if COMPILED else 'as plain Python'}.")
    try:
        given = tuple(traces.load(path) for path in files)
    except (ValueError, json.JSONDecodeError, OSError, EOFError) as error:
        raise click.UsageError(str(error)) from None
    rows: list[Row] = []
    try:
        with tempfile.TemporaryDirectory(prefix="crdtnotes-benchmarks-") as folder:
            sizes = TINY if tiny else None
            inputs = Inputs(Path(folder), given_traces=given, given_vault=vault, runs=runs, sizes=sizes)
            for name in only or BENCHMARKS:
                with notes.status(name):
                    rows.extend(BENCHMARKS[name](inputs))
    finally:
        # Save after each benchmark, so that a later failure does not lose minutes of measuring.
        report.show(rows)
        if output is not None:
            report.save(output, rows, COMPILED)


if __name__ == "__main__":
    sys.exit(main())
