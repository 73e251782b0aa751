"""`python -m tests.fuzz`: send invalid input to every decoder and to the session."""

import logging
import sys
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console

from tests.fuzz import loop, member
from tests.fuzz.corpus import build


@click.command()
@click.option("--frames", type=click.IntRange(1), default=1_000_000, show_default=True)
@click.option("--messages", type=click.IntRange(0), default=200_000, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def main(frames: int, messages: int, seed: int) -> None:
    """Mutate good frames, then let a member send hostile messages with valid signatures.

    Fails on any unexpected exception and on any change of state, and if honest devices cannot go on.
    """
    began = time.monotonic()
    logging.disable(logging.WARNING)  # every resolved fork logs a warning
    with (
        tempfile.TemporaryDirectory(prefix="crdtnotes-fuzz-") as folder,
        Console(stderr=True).status("") as status,
    ):
        tally = loop.run(seed, frames, Path(folder), lambda done: status.update(f"{done:,} of {frames:,}"))
    click.echo(f"seed {seed}: {tally}; {time.monotonic() - began:.0f} s")
    if not messages:
        return
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="crdtnotes-fuzz-") as folder,
        Console(stderr=True).status("") as status,
    ):
        sent = member.run(
            seed,
            messages,
            Path(folder),
            build(Path(folder), seed),
            lambda done: status.update(f"{done:,} of {messages:,} messages"),
        )
    click.echo(f"seed {seed}: {sent}; {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
