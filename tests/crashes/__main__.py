"""`python -m tests.crashes`: kill processes and check that nothing is lost."""

import os
import sys
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console

from tests.crashes import kills as killing


@click.command()
@click.option("--kills", type=click.IntRange(1), default=1000, show_default=True, help="Processes to kill.")
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Determines the edits and the processes' lifetimes.",
)
@click.option("--seconds", type=float, default=float("inf"), help="Stop after this many seconds.")
def main(kills: int, seed: int, seconds: float) -> None:
    """Kill writers, servers and followers at random moments; fail if anything acknowledged is lost."""
    began = time.monotonic()
    console = Console(stderr=True)
    # Data that a killed process wrote stays in the system's cache, so the disk does not matter.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="crdtnotes-crashes-", dir=memory) as folder,
        console.status("") as status,
    ):
        tally = killing.run(
            seed, kills, Path(folder), lambda done: status.update(f"{done:,} of {kills:,}"), began + seconds
        )
    click.echo(f"seed {seed}: {tally}; {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
