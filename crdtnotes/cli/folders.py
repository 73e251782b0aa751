"""Commands between a vault and files: Markdown folders, and the graph in other programs' formats."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crdtnotes.cli.opening import open_vault
from crdtnotes.cli.output import counted, json_option, print_exact, print_json
from crdtnotes.cli.progress_bar import progress_bar
from crdtnotes.errors import LocalError, NoteNotFound
from crdtnotes.graph.formats import format_names
from crdtnotes.mirror.files import kind_of, system_reason
from crdtnotes.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crdtnotes.mirror.files import NotDone
    from crdtnotes.vault import Vault

DEFAULT_FORMAT = "json"
SHOWN_LEFT_OUT = 20

dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would happen, and change nothing.")


@click.command("import")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--into", metavar="FOLDER", default="", help="A folder of notes that they all go below.")
@click.option("--encoding", metavar="NAME", help="How files that are not UTF-8 are read, such as gb18030.")
@dry_run_option
@json_option
@click.pass_context
def import_notes(
    ctx: click.Context, folder: Path, into: str, encoding: str | None, dry_run: bool, as_json: bool
) -> None:
    """Import the Markdown files of a folder and its subfolders.

    Importing again brings in what was edited in the files since, and keeps what was written in the notes
    meanwhile; an unchanged file changes nothing. Files that were skipped, and the reasons, are listed on
    stderr.

    \b
    crdtnotes import ~/Documents/notes
    crdtnotes import ~/work/wiki --into work --dry-run
    """
    from crdtnotes.mirror.importer import import_folder

    with open_vault(ctx) as vault, progress_bar("Importing") as progress:
        report = import_folder(vault, folder, progress, into=into, encoding=encoding, dry_run=dry_run)
    created, updated, unchanged = map(len, (report.created, report.updated, report.unchanged))
    if as_json:
        counts = {"created": created, "updated": updated, "unchanged": unchanged}
        lists = {"left_out": _documents(report.left_out), "notices": _documents(report.notices)}
        print_json({**counts, **lists})
    else:
        if dry_run:
            _list_plan(create=report.created, update=report.updated)
        click.echo(f"{created:,} created, {updated:,} updated, {unchanged:,} unchanged{_if_dry(dry_run)}.")
        for path, sentence in report.notices:
            click.echo(f"{printable(path)}: {printable(sentence)}", err=True)
    _tell(report.left_out, "left out", as_json)


@click.command("export")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite files that were edited since, too.")
@dry_run_option
@json_option
@click.pass_context
def export_notes(ctx: click.Context, folder: Path, force: bool, dry_run: bool, as_json: bool) -> None:
    """Write every note into a folder, as a Markdown file.

    A note goes to the file that it came from, or to DIR/<name>.md. Files that were edited since they were
    last imported or exported stay as they are. The file of a note that was renamed is renamed; nothing else
    is deleted.

    \b
    crdtnotes export ~/Documents/notes
    """
    from crdtnotes.mirror.exporter import export_folder

    with open_vault(ctx) as vault, progress_bar("Exporting") as progress:
        report = export_folder(vault, folder, progress, force=force, dry_run=dry_run)
    written, unchanged = len(report.written), len(report.unchanged)
    if as_json:
        print_json(
            {
                "written": written,
                "unchanged": unchanged,
                "moved": [{"from": old, "to": new} for old, new in report.moved],
                "failed": _documents(report.failed),
            }
        )
    else:
        if dry_run:
            _list_plan(write=report.written)
        for old, new in report.moved:
            click.echo(f"{'would move' if dry_run else 'moved'} {printable(old)} to {printable(new)}")
        click.echo(f"{written:,} written, {unchanged:,} unchanged{_if_dry(dry_run)}.")
    _tell(report.failed, "not exported", as_json)
    if report.failed:
        raise LocalError(f"{counted(len(report.failed), 'note')} could not be exported.")


def _documents(passed_over: Sequence[NotDone]) -> list[dict[str, str]]:
    return [{"path": path, "reason": reason} for path, reason in passed_over]


def _list_plan(**names: Sequence[str]) -> None:
    """List what a dry run would do with which notes."""
    for verb, some in names.items():
        for name in some:
            click.echo(f"would {verb} {printable(name)}")


def _if_dry(dry_run: bool) -> str:
    return " (a dry run: nothing was changed)" if dry_run else ""


def _tell(passed_over: Sequence[NotDone], what: str, as_json: bool) -> None:
    """List on stderr what was skipped: notes by name, or the first of many, and other files by kind.

    With `as_json` only how many.
    """
    if as_json:
        if passed_over:
            click.echo(f"{len(passed_over):,} {what}.", err=True)
        return
    missing = [one for one in passed_over if kind_of(one) is None]
    for path, reason in missing[:SHOWN_LEFT_OUT]:
        click.echo(f"{what}: {printable(path)}: {printable(reason)}", err=True)
    more = len(missing) - SHOWN_LEFT_OUT
    if more > 0:
        click.echo(f"{more:,} more (--json lists them all) {what}.", err=True)
    kinds = Counter(kind for one in passed_over if (kind := kind_of(one)) is not None)
    if kinds:
        counts = ", ".join(counted(number, kind) for kind, number in kinds.most_common())
        click.echo(f"{what}: {counts}", err=True)


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
