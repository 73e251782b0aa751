"""A bar for long work: on a terminal's stderr, and nothing in a pipe."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from crdtnotes.peering.progress import ShowProgress, show_nothing


@contextmanager
def progress(label: str) -> Iterator[ShowProgress]:
    """Give a function to call with how much is done and how much there is."""
    if not sys.stderr.isatty():
        yield show_nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        # Before it is known how much there is, a bar would say nothing.
        task = bar.add_task(label, total=None, visible=False)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        yield show


def tell(sentence: str) -> None:
    """Say on a terminal's stderr what is being done or waited for, and nothing in a pipe."""
    if sys.stderr.isatty():
        click.echo(sentence, err=True)
