"""The command that lists what was written apart and met, and settles it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from crdtnotes.cli.arguments import note_argument
from crdtnotes.cli.opening import open_vault
from crdtnotes.cli.output import json_option, local_time, print_json, quoted, terminal
from crdtnotes.cli.progress_bar import progress_bar
from crdtnotes.errors import CrdtnotesError
from crdtnotes.results import Choice, Finding, Side
from crdtnotes.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, TypeVar

    from rich.text import Text

    from crdtnotes.vault import Vault

    F = TypeVar("F", bound=Callable[..., Any])

NOTHING = "Nothing that was written apart waits for you."

MAX_CHARACTERS = 200
"""Longer versions are cut on a terminal and in a pipe; the JSON has all of them."""

_KEYS = {"t": Choice.OTHER, "k": Choice.BOTH, "d": Choice.STANDING}

_LABELS = {
    Choice.OTHER: "t take the other",
    Choice.BOTH: "k keep both",
    Choice.STANDING: "d drop the other",
}

_DONE = {
    Choice.OTHER: "The other version was taken",
    Choice.BOTH: "Both versions were kept",
    Choice.STANDING: "The other version was dropped",
}


def _numbers(option: str, description: str) -> Callable[[F], F]:
    return click.option(option, metavar="N", type=click.IntRange(min=1), multiple=True, help=description)


@click.command()
@note_argument(metavar="[NOTE]", required=False)
@_numbers("--take", "Take the other version of number N.")
@_numbers("--keep", "Keep both versions of number N.")
@_numbers("--drop", "Drop the other version of number N.")
@_numbers("--seen", "Mark number N as seen.")
@click.option("--all", "with_seen", is_flag=True, help="List what you have marked as seen, too.")
@click.option("-i", "--interactive", is_flag=True, help="Go through the list with one key each.")
@json_option
@click.pass_context
def review(
    ctx: click.Context,
    name: str | None,
    take: tuple[int, ...],
    keep: tuple[int, ...],
    drop: tuple[int, ...],
    seen: tuple[int, ...],
    with_seen: bool,
    interactive: bool,
    as_json: bool,
) -> None:
    """List what people wrote apart and what met, and settle it.

    Where two people changed the same thing without seeing the other's change, all replicas agree on one
    outcome. This lists both versions, in NOTE or in all notes, until somebody settles it by an edit or you
    mark it as seen. The options take the numbers of the list.

    \b
    crdtnotes review
    crdtnotes review todo --take 1 --seen 2
    crdtnotes review --interactive
    """
    chosen = [(Choice.OTHER, take), (Choice.BOTH, keep), (Choice.STANDING, drop)]
    acts = any(numbers for _, numbers in chosen) or bool(seen)
    if interactive and (as_json or acts):
        raise click.UsageError("Use --interactive without --json and without numbers.")
    if interactive and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("--interactive needs a terminal.")
    with open_vault(ctx) as vault:
        with progress_bar("Reviewing") as progress:
            found = vault.review(name, with_seen=with_seen, progress=progress)
        if interactive:
            _go_through(vault, found)
        elif acts:
            _settle(vault, found, chosen, seen)
        elif as_json:
            print_json([_document(number, one) for number, one in enumerate(found, 1)])
        else:
            _print_list(found, vault.actor)


def _settle(
    vault: Vault, found: list[Finding], chosen: list[tuple[Choice, tuple[int, ...]]], seen: tuple[int, ...]
) -> None:
    """Do what the numbers say; none of it if one of them is wrong."""
    numbers = [number for _, some in chosen for number in some] + list(seen)
    for number in numbers:
        if number > len(found):
            raise click.UsageError(f"There is no number {number} in the list; it has {len(found)}.")
        if numbers.count(number) > 1:
            raise click.UsageError(f"Number {number} is named twice.")
    with vault.transaction():
        for choice, some in chosen:
            for number in some:
                vault.settle(found[number - 1], choice)
        vault.mark_seen(*(found[number - 1] for number in seen))
    for choice, some in chosen:
        for number in some:
            click.echo(f"{_DONE[choice]} in {quoted(found[number - 1].name)}.")
    for number in seen:
        click.echo(f"Number {number} in {quoted(found[number - 1].name)} is marked as seen.")


def _go_through(vault: Vault, found: list[Finding]) -> None:
    """Show one finding after the other and do what the key says."""
    console = terminal()
    if not found:
        click.echo(NOTHING, err=True)
    for number, one in enumerate(found, 1):
        console.print(_described(number, one, vault.actor))
        keys = {key: choice for key, choice in _KEYS.items() if choice in one.choices}
        ways = [*(_LABELS[choice] for choice in keys.values()), "s seen", "n next", "q quit"]
        click.echo(f"   {' · '.join(ways)} ", nl=False)
        answer = ""
        while answer not in (*keys, "s", "n", "q"):
            try:
                answer = click.getchar().lower()
            except EOFError:
                answer = "q"
        click.echo(answer)
        if answer == "q":
            return
        try:
            if answer == "s":
                vault.mark_seen(one)
            elif answer in keys:
                vault.settle(one, keys[answer])
        except CrdtnotesError as error:
            click.echo(f"   {error}")


def _print_list(found: list[Finding], own: str) -> None:
    if not sys.stdout.isatty():
        for number, one in enumerate(found, 1):
            versions = (_shortened(side.text) for side in (one.standing, one.other))
            cells = (number, one.name, one.line, one.kind, *versions, one.context)
            click.echo("\t".join(printable(str(cell)) for cell in cells))
        return
    if not found:
        click.echo(NOTHING, err=True)
        return
    console = terminal()
    for number, one in enumerate(found, 1):
        console.print(_described(number, one, own))


def _described(number: int, one: Finding, own: str) -> Text:
    """Return a finding for a terminal."""
    from rich.text import Text

    place = printable(one.name) if one.start is None else f"{printable(one.name)}:{one.line}"
    lines = [
        Text.assemble((f"{number:>3} ", "dim"), (place, "bold"), f"  {one.summary}", *_mark(one)),
        Text.assemble("    ", (printable(_shortened(one.context)), "italic")),
        _version("stands", "green", one.standing, own),
        _version("other", "yellow", one.other, own),
    ]
    return Text("\n").join(lines)


def _mark(one: Finding) -> Iterable[tuple[str, str]]:
    return [("  seen", "dim")] if one.seen else []


def _version(label: str, style: str, side: Side, own: str) -> Text:
    from rich.text import Text

    text = (printable(_shortened(side.text)), style) if side.text else ("(deleted)", "dim")
    if side.actor == own:
        who = "this device"
    else:
        who = printable(side.device) if side.device else f"writer {side.actor[:8]}"
    return Text.assemble(f"    {label:7}", text, (f"   {who}, {local_time(side.time)}", "dim"))


def _shortened(text: str) -> str:
    text = text.strip("\n") or text
    return text if len(text) <= MAX_CHARACTERS else f"{text[: MAX_CHARACTERS - 1]}…"


def _document(number: int, one: Finding) -> dict[str, object]:
    return {
        "number": number,
        "key": one.key,
        "note": one.name,
        "kind": one.kind,
        "line": one.line,
        "context": one.context,
        "standing": _side(one.standing),
        "other": _side(one.other),
        "choices": [choice.value for choice in one.choices],
        "seen": one.seen,
    }


def _side(side: Side) -> dict[str, object]:
    return {"text": side.text, "actor": side.actor, "device": side.device, "time": side.time}
