"""A progress bar for long work: on stderr if it is a terminal, nothing in a pipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function to call with the amount done and the total."""
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
        # Until the total is known, a bar would show nothing useful.
        task = bar.add_task(label, total=None, visible=False)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        yield show


def tell(sentence: str) -> None:
    """Print, on stderr if it is a terminal, what is being done or waited for; nothing in a pipe."""
    if sys.stderr.isatty():
        click.echo(sentence, err=True)


def show_nothing(done: int, total: int) -> None:
    """Accept the arguments of a progress bar and show nothing."""
