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

    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=VisibleConsole(sys.stderr),
        transient=True,
    )
    task = bars.add_task(label, total=None)

    def show(done: int, total: int) -> None:
        # Until there is something to show, the terminal is free for questions.
        bars.update(task, completed=done, total=total)
        bars.start()

    try:
        yield show
    finally:
        bars.stop()


def tell(sentence: str) -> None:
    """Print, on stderr if it is a terminal, what is being done or waited for; nothing in a pipe."""
    if sys.stderr.isatty():
        click.echo(sentence, err=True)
