"""The output of commands: aligned tables on a terminal, tab-separated lines in a pipe, or one JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click

from crdtnotes.terminal import json_escaped, printable, visible
from crdtnotes.terminal.streams import exact_bytes
from crdtnotes.terminal.text import counted as counted
from crdtnotes.terminal.times import local_time as local_time

if TYPE_CHECKING:
    from rich.console import Console

yes_option = click.option("--yes", is_flag=True, help="Do not ask.")

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def print_json(document: Any) -> None:
    """Print a document as JSON, with escapes for hidden characters and for what the output cannot encode."""
    click.echo(json_text(document, indent=1))


def json_text(document: Any, indent: int | None = None) -> str:
    """Return a document as JSON, on one line if `indent` is None."""
    import json

    text = json_escaped(json.dumps(document, ensure_ascii=False, indent=indent))
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document, indent=indent)
    return text


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Print rows below the titles of their columns; in a pipe, without titles and separated by tabs.

    Numbers are aligned to the right. If there are no rows, a person sees `empty`.
    """
    texts = [[printable(str(cell)) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in texts:
            click.echo("\t".join(row))
    elif not rows:
        click.echo(empty, err=True)
    else:
        _print_table(columns, rows, texts)


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], texts: list[list[str]]) -> None:
    from rich import box
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    console = terminal()
    widths = [max(map(cell_len, cells)) for cells in zip(columns, *texts, strict=True)]
    shown = fitting_columns(widths, console.width)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
    for number, column in enumerate(columns[:shown]):
        table.add_column(
            column,
            justify="right" if isinstance(rows[0][number], int) else "left",
            style="bold" if number == 0 else None,
            overflow="fold",
            min_width=min(widths[number], FOLDED_CELLS),
        )
    for row in texts:
        table.add_row(*map(Text, row[:shown]))
    console.print(table)


FOLDED_CELLS = 20
"""A column of a table is folded to this many cells at least. A date, a number or a word takes fewer."""

_GAP_CELLS = 2
# Between two columns.


def fitting_columns(widths: Sequence[int], width: int) -> int:
    """Return how many columns of these widths, from the left, a terminal of `width` cells has room for.

    Columns that are too wide are folded; the first one is always shown.
    """
    needed = 0
    for number, cells in enumerate(widths):
        needed += min(cells, FOLDED_CELLS) + (_GAP_CELLS if number else 0)
        if number and needed > width:
            return number
    return len(widths)


def print_places(places: Iterable[tuple[str, int, str]], empty: str) -> None:
    """Print `name:line: text` for each place."""
    found = [(printable(name), line, printable(text)) for name, line, text in places]
    if not sys.stdout.isatty():
        for name, line, text in found:
            click.echo(f"{name}:{line}: {text}")
    elif not found:
        click.echo(empty, err=True)
    else:
        from rich.text import Text

        console = terminal()
        for name, line, text in found:
            console.print(Text.assemble((name, "bold"), (f":{line}: ", "dim"), text))


def print_exact(text: str) -> None:
    """Print a text as its UTF-8 bytes, with nothing added; on a terminal, without control characters."""
    if sys.stdout.isatty():
        click.echo(visible(text.replace("\r\n", "\n")), nl=False)
    else:
        exact_bytes(sys.stdout).write(text.encode("utf-8"))


def terminal() -> Console:
    """Return a console that prints texts unchanged: no markup, no highlighting."""
    from crdtnotes.terminal.console import VisibleConsole

    return VisibleConsole(sys.stdout)


def quoted(name: str) -> str:
    """Return a name in quotes, for use in a sentence."""
    return f'"{printable(name)}"'


OUTDATED_LINKS = "are not those in its text"
"""What `Vault.check` says of links that follow the rules of another version; nothing is damaged."""
