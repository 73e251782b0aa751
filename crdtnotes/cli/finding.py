"""Commands that list and find notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crdtnotes.cli.arguments import QueryCommand, note_argument
from crdtnotes.cli.opening import open_vault
from crdtnotes.cli.output import json_option, local_time, print_json, print_places, print_rows

if TYPE_CHECKING:
    from crdtnotes import NoteInfo


@click.command("list")
@json_option
@click.pass_context
def list_notes(ctx: click.Context, as_json: bool) -> None:
    """List the notes, by name.

    \b
    crdtnotes list --json | jq -r '.[].name'
    """
    with open_vault(ctx) as vault:
        _print_notes(
            list(vault.notes()), as_json, "There are no notes yet; `crdtnotes new NAME` creates one."
        )


@click.command()
@json_option
@click.pass_context
def orphans(ctx: click.Context, as_json: bool) -> None:
    """List the notes without links from or to other notes.

    \b
    crdtnotes orphans
    """
    with open_vault(ctx) as vault:
        _print_notes(vault.orphans(), as_json, "Every note has a link from or to another note.")


def _print_notes(infos: list[NoteInfo], as_json: bool, empty: str) -> None:
    if as_json:
        keys = ("name", "title", "modified", "characters", "links", "backlinks")
        print_json([{key: getattr(info, key) for key in keys} for info in infos])
        return
    print_rows(
        ("note", "modified", "characters", "links", "backlinks"),
        [
            (info.name, local_time(info.modified), info.characters, info.links, info.backlinks)
            for info in infos
        ],
        empty,
    )


@click.command(cls=QueryCommand)
@click.argument("query")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="The most results to show.",
)
@json_option
@click.pass_context
def search(ctx: click.Context, query: str, limit: int, as_json: bool) -> None:
    """Find the notes that contain every word of QUERY.

    The best matches come first. A word also matches longer words that begin with it, "double quotes" make a
    phrase, and Chinese, Japanese and Korean are found anywhere in a text.

    \b
    crdtnotes search "系统 clock"
    """
    with open_vault(ctx) as vault:
        hits = vault.search(query, limit)
    if as_json:
        print_json([{"note": hit.note, "line": hit.line, "snippet": hit.snippet} for hit in hits])
    else:
        print_places([(hit.note, hit.line, hit.snippet) for hit in hits], "Nothing was found.")


@click.command()
@note_argument()
@json_option
@click.pass_context
def links(ctx: click.Context, name: str, as_json: bool) -> None:
    """List the links of a note.

    Shows each target as written, with the note that it leads to, if there is one.

    \b
    crdtnotes links "Start here"
    """
    with open_vault(ctx) as vault:
        found = vault.note(name).links()
    if as_json:
        print_json([{"target": link.target, "note": link.note, "kind": link.kind} for link in found])
    else:
        rows = [(link.target, link.note or _no_note(link.target), link.kind, link.count) for link in found]
        print_rows(("target", "note", "kind", "times"), rows, "The note has no links.")


@click.command()
@note_argument()
@json_option
@click.pass_context
def backlinks(ctx: click.Context, name: str, as_json: bool) -> None:
    """List the places in other notes that link to a note.

    \b
    crdtnotes backlinks CAP定理
    """
    with open_vault(ctx) as vault:
        found = vault.note(name).backlinks()
    if as_json:
        print_json([{"note": link.note, "line": link.line, "context": link.context} for link in found])
    else:
        print_places([(link.note, link.line, link.context) for link in found], "No other note links to it.")


@click.command()
@note_argument()
@json_option
@click.pass_context
def mentions(ctx: click.Context, name: str, as_json: bool) -> None:
    """List the places that mention a note without linking to it.

    Searches the other notes for its title and aliases: words made of letters as whole words, Chinese,
    Japanese and Korean anywhere.

    \b
    crdtnotes mentions CAP定理
    """
    with open_vault(ctx) as vault:
        found = vault.note(name).mentions()
    if as_json:
        print_json([{"note": one.note, "line": one.line, "context": one.context} for one in found])
    else:
        print_places(
            [(one.note, one.line, one.context) for one in found],
            "No other note mentions it without linking to it.",
        )


def _no_note(target: str) -> str:
    from crdtnotes.markup.files import is_address, is_file

    return "(file)" if is_file(target) else "(address)" if is_address(target) else "(dangling)"


@click.command()
@json_option
@click.pass_context
def tags(ctx: click.Context, as_json: bool) -> None:
    """List the tags, with the number of notes that have each.

    \b
    crdtnotes tags
    """
    with open_vault(ctx) as vault:
        found = vault.tags()
    if as_json:
        print_json([{"tag": tag, "notes": notes} for tag, notes in found])
    else:
        print_rows(("tag", "notes"), found, "There are no tags yet.")


@click.command()
@json_option
@click.pass_context
def dangling(ctx: click.Context, as_json: bool) -> None:
    """List the link targets that have no note yet.

    These are notes to write next; each is shown with the notes that link to it.

    \b
    crdtnotes dangling
    """
    with open_vault(ctx) as vault:
        found = vault.dangling()
    if as_json:
        print_json([{"target": one.target, "notes": list(one.notes)} for one in found])
    else:
        rows = [(one.target, ", ".join(one.notes)) for one in found]
        print_rows(("target", "linked from"), rows, "Every link leads to a note.")
