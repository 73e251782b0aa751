"""Commands between a vault and files: Markdown folders, and the graph in other programs' formats."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crdtnotes.cli.opening import open_vault
from crdtnotes.cli.output import counted, json_option, print_exact, print_json
from crdtnotes.cli.progress_bar import progress_bar
from crdtnotes.errors import LocalError, NoteNotFound
from crdtnotes.graph.formats import format_names
from crdtnotes.mirror.files import system_reason
from crdtnotes.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crdtnotes.mirror.files import NotDone
    from crdtnotes.vault import Vault

DEFAULT_FORMAT = "json"
SHOWN_LEFT_OUT = 20


@click.command("import")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def import_notes(ctx: click.Context, folder: Path, as_json: bool) -> None:
    """Import the Markdown files of a folder and its subfolders.

    Importing again picks up the files that have changed. Files that were skipped, and the reasons, are listed
    on stderr.

    \b
    crdtnotes import ~/Documents/notes
    """
    from crdtnotes.mirror.importer import import_folder

    with open_vault(ctx) as vault, progress_bar("Importing") as progress:
        report = import_folder(vault, folder, progress)
    created, updated, unchanged = map(len, (report.created, report.updated, report.unchanged))
    if as_json:
        counts = {"created": created, "updated": updated, "unchanged": unchanged}
        print_json({**counts, "left_out": _documents(report.left_out)})
    else:
        click.echo(f"{created:,} created, {updated:,} updated, {unchanged:,} unchanged.")
    _tell(report.left_out, "left out", as_json)


@click.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def export_notes(ctx: click.Context, folder: Path, as_json: bool) -> None:
    """Write every note into a folder, as a Markdown file.

    Each note becomes DIR/<name>.md, unless that file is already up to date. Nothing is deleted.

    \b
    crdtnotes export ~/Documents/notes
    """
    from crdtnotes.mirror.exporter import export_folder

    with open_vault(ctx) as vault, progress_bar("Exporting") as progress:
        report = export_folder(vault, folder, progress)
    written, unchanged = len(report.written), len(report.unchanged)
    if as_json:
        print_json({"written": written, "unchanged": unchanged, "failed": _documents(report.failed)})
    else:
        click.echo(f"{written:,} written, {unchanged:,} unchanged.")
    _tell(report.failed, "not exported", as_json)
    if report.failed:
        raise LocalError(f"{counted(len(report.failed), 'note')} could not be exported.")


def _documents(passed_over: Sequence[NotDone]) -> list[dict[str, str]]:
    return [{"path": path, "reason": reason} for path, reason in passed_over]


def _tell(passed_over: Sequence[NotDone], what: str, as_json: bool) -> None:
    """List on stderr what was skipped: all, or the first of many; with `as_json` only how many."""
    if not passed_over:
        return
    if not as_json:
        for path, reason in passed_over[:SHOWN_LEFT_OUT]:
            click.echo(f"{what}: {printable(path)}: {reason}", err=True)
    more = len(passed_over) - (0 if as_json else SHOWN_LEFT_OUT)
    if more > 0:
        which = "" if as_json else " more (--json lists them all)"
        click.echo(f"{more:,}{which} {what}.", err=True)


@click.command()
@click.option(
    "--format",
    "format_name",
    type=click.Choice(format_names()),
    default=DEFAULT_FORMAT,
    show_default=True,
    help="How the graph is written.",
)
@click.option("--output", metavar="FILE", type=click.Path(path_type=Path), help="Write to this file.")
@click.option("--around", metavar="NAME", help="Only the notes near this note.")
@click.option(
    "--depth",
    metavar="N",
    type=click.IntRange(min=0),
    help="With --around, the greatest distance in links.  [default: 1]",
)
@click.pass_context
def graph(
    ctx: click.Context, format_name: str, output: Path | None, around: str | None, depth: int | None
) -> None:
    """Print the link graph.

    It has every note, every link target without a note, and the links between them.

    \b
    crdtnotes graph --format dot --around CAP定理 --depth 2 | dot -Tsvg > cap.svg
    """
    if depth is not None and around is None:
        raise click.UsageError("--depth needs --around.")
    # networkx takes long to load.
    from crdtnotes.graph.around import neighbourhood
    from crdtnotes.graph.export import export

    with open_vault(ctx) as vault:
        notes = vault.graph()
        if around is not None:
            notes = neighbourhood(notes, _node(vault, around), 1 if depth is None else depth)
    text = export(notes, format_name)
    if output is None:
        print_exact(text)
    else:
        try:
            output.write_bytes(text.encode("utf-8"))
        except OSError as error:
            raise LocalError(f"{output} cannot be written: {system_reason(error)}") from error
        sizes = f"{counted(len(notes), 'node')}, {counted(notes.number_of_edges(), 'edge')}"
        click.echo(f"{sizes} written to {output}", err=not sys.stdout.isatty())


def _node(vault: Vault, name: str) -> str:
    """Return the graph's name for a note; if no note has this name, it may be a dangling target."""
    try:
        return vault.note(name).name
    except NoteNotFound:
        return name
