"""A progress bar for long work: on stderr if it is a terminal, nothing in a pipe."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from crdtnotes.progress import Progress, no_progress


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """Show a bar for the work within, which reports how far it is."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    from crdtnotes.terminal.console import VisibleConsole

    with Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=VisibleConsole(sys.stderr),
        transient=True,
    ) as bar:
        # Until the total is known, a bar would show nothing useful.
        task = bar.add_task(label, total=None, visible=False)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        yield show


def tell(sentence: str) -> None:
    """Print, on stderr if it is a terminal, what is being done or waited for; nothing in a pipe."""
    if sys.stderr.isatty():
        click.echo(sentence, err=True)
