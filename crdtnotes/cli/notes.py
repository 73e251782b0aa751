"""Commands for one note: create, read, change, rename and delete it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crdtnotes.cli.opening import open_vault
from crdtnotes.cli.output import counted, print_exact, quoted
from crdtnotes.cli.texts import (
    STANDARD_INPUT,
    given_text,
    read_standard_input,
    read_text_file,
    warn_of_front_matter,
)
from crdtnotes.errors import CrdtnotesError, LocalError, NoteNotFound
from crdtnotes.markup.names import name_key, signs_of_links

if TYPE_CHECKING:
    from crdtnotes import Vault


class TextCommand(click.Command):
    """A command whose last argument is a text and may begin with a dash: `append shopping "- milk"`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; an argument with a space in it is not an option."""
        if args and args[-1].startswith("-") and any(map(str.isspace, args[-1])) and "--" not in args:
            args = [*args[:-1], "--", args[-1]]
        return super().parse_args(ctx, args)


@click.command(cls=TextCommand)
@click.argument("text", required=False)
@click.pass_context
def today(ctx: click.Context, text: str | None) -> None:
    """Create today's note or add TEXT to it, and print its name.

    A new note begins with the text of the note "templates/daily", if there is one. If TEXT is -, it is read
    from standard input.

    \b
    crdtnotes today "- met Lin about [[分布式系统]]"
    """
    line = None if text is None else given_text(text)
    with open_vault(ctx) as vault, vault.transaction():
        note = vault.today()
        if line is not None:
            note.append(line)
        click.echo(note.name)


@click.command()
@click.argument("name")
@click.argument("source", required=False, type=click.Choice([STANDARD_INPUT]), metavar="[-]")
@click.option("--text", metavar="T", help="The note's text.")
@click.option("--file", metavar="F", type=click.Path(path_type=Path), help="A file with the note's text.")
@click.option("--template", metavar="NOTE", help="A note in the folder templates to begin with.")
@click.pass_context
def new(
    ctx: click.Context,
    name: str,
    source: str | None,
    text: str | None,
    file: Path | None,
    template: str | None,
) -> None:
    """Create a note and print its name.

    With - its text is read from standard input; without a text, the note is empty. In a template, {{date}}
    and {{title}} are filled in.

    \b
    crdtnotes new "zh/分布式系统" --text "见 [[CAP定理]]"
    pandoc paper.docx -t gfm | crdtnotes new "papers/Paxos" -
    crdtnotes new "meetings/Lin" --template meeting
    """
    if sum(given is not None for given in (source, text, file, template)) > 1:
        raise click.UsageError("Give one of --text, --file, --template and -.")
    if source is not None:
        text = read_standard_input()
    elif file is not None:
        text = read_text_file(file)
    with open_vault(ctx) as vault:
        note = vault.create_note(name, text or "") if template is None else vault.create_from(template, name)
        click.echo(note.name)
        _warn_of_signs(note.name)
        warn_of_front_matter(note.text)


@click.command()
@click.argument("name")
@click.pass_context
def show(ctx: click.Context, name: str) -> None:
    """Print a note's text, byte for byte.

    NAME#HEADING prints only the section below a heading, NAME#^ID the block with an id, as in links.

    \b
    crdtnotes show CAP定理
    crdtnotes show "CAP定理#Proof"
    """
    with open_vault(ctx) as vault:
        print_exact(_text_of(vault, name))


def _text_of(vault: Vault, name: str) -> str:
    """Return the text of a note, or of the part of it that follows a ``#`` in the name."""
    from crdtnotes.markup.wikilink import HASH, unescape_target

    separator = HASH.search(name)
    if separator is None or name in vault:
        return vault.note(unescape_target(name)).text
    note = vault.note(unescape_target(name[: separator.start()]))
    part = name[separator.end() :].strip()
    from crdtnotes.markup.places import find_place

    text = note.text
    is_block = part.startswith("^")
    place = find_place(text, None if is_block else part, part[1:] if is_block else None)
    if place is None:
        raise NoteNotFound(f"{note.name!r} has no {'block' if is_block else 'heading'} {part!r}.")
    return "\n".join(text.split("\n")[place.start : place.end])


@click.command()
@click.argument("name")
@click.pass_context
def write(ctx: click.Context, name: str) -> None:
    """Replace a note's text with standard input.

    Makes the smallest edit, so text that others write elsewhere meanwhile stays. Creates a missing note.

    \b
    crdtnotes show todo | sort | crdtnotes write todo
    """
    text = read_standard_input()
    with open_vault(ctx) as vault, vault.transaction():
        try:
            note = vault.note(name)
        except NoteNotFound:
            vault.create_note(name, text)
        else:
            note.write(text)
    warn_of_front_matter(text)


@click.command(cls=TextCommand)
@click.argument("name")
@click.argument("text")
@click.pass_context
def append(ctx: click.Context, name: str, text: str) -> None:
    """Add TEXT at the end of a note, on a line of its own.

    If TEXT is -, it is read from standard input.

    \b
    crdtnotes append shopping "- milk"
    """
    lines = given_text(text)
    with open_vault(ctx) as vault:
        vault.note(name).append(lines)


@click.command()
@click.argument("name")
@click.pass_context
def edit(ctx: click.Context, name: str) -> None:
    """Open a note in $VISUAL or $EDITOR.

    Text that others write while the editor is open stays.

    \b
    EDITOR=nano crdtnotes edit CAP定理
    """
    from shutil import rmtree

    with open_vault(ctx) as vault:
        note = vault.note(name)
        before = note.text
        path = _new_file(before)
        folder = path.parent
        try:
            with _interrupts_left_to_the_editor():
                click.edit(filename=str(path))
            after = read_text_file(path)
            if after != before:
                note.write(after, base=before)
                warn_of_front_matter(after)
        except (CrdtnotesError, click.ClickException) as error:
            if not path.exists() or path.read_bytes() == before.encode():
                rmtree(folder, ignore_errors=True)
                raise
            sentence = error.message if isinstance(error, click.ClickException) else str(error)
            raise LocalError(f"{sentence.rstrip('.')}; what you wrote is in {path}") from error
        rmtree(folder, ignore_errors=True)


def _new_file(text: str) -> Path:
    """Write a text to a new file, alone in a folder that only its owner can open.

    Editors put copies beside the file that they edit, and other programs share the folder above. The file's
    suffix tells editors its type.
    """
    import tempfile

    path = Path(tempfile.mkdtemp(prefix="crdtnotes-")) / "note.md"
    path.write_bytes(text.encode())
    return path


@contextmanager
def _interrupts_left_to_the_editor() -> Iterator[None]:
    """Ignore Ctrl-C, which reaches both the editor and this process: we must not exit before the editor."""
    import signal

    # This uses a handler, because the editor would inherit SIG_IGN.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@click.command()
@click.argument("old")
@click.argument("name", metavar="NEW")
@click.pass_context
def rename(ctx: click.Context, old: str, name: str) -> None:
    """Rename a note or a folder of notes, and rewrite the links.

    The old name still leads to the note, for links that were written elsewhere meanwhile. OLD is a folder if
    it ends with / or if no note has that name.

    \b
    crdtnotes rename Paxos "papers/Paxos made simple"
    crdtnotes rename papers/ articles/
    """
    with open_vault(ctx) as vault:
        if _is_folder(vault, old):
            renamed, rewritten = vault.rename_folder(old, name)
            where = counted(rewritten, "note")
            click.echo(f"Renamed {counted(renamed, 'note')}; links were rewritten in {where}.")
            _warn_of_signs(name)
            return
        note = vault.note(old)
        before = note.name
        rewritten = note.rename(name)
        where = counted(rewritten, "note")
        click.echo(f"Renamed {quoted(before)} to {quoted(note.name)}; links were rewritten in {where}.")
        _warn_of_signs(note.name)


def _is_folder(vault: Vault, name: str) -> bool:
    if name.endswith("/"):
        return True
    key = name_key(name)
    names = [name_key(one.name) for one in vault.names()]
    return key not in names and any(one.startswith(f"{key}/") for one in names)


def _warn_of_signs(name: str) -> None:
    signs = signs_of_links(name)
    if signs:
        click.echo(
            f"Programs such as Obsidian cannot link to {quoted(name)}: it contains {' '.join(signs)}.",
            err=True,
        )


@click.command()
@click.argument("name")
@click.pass_context
def delete(ctx: click.Context, name: str) -> None:
    """Delete a note. If it was edited elsewhere meanwhile, the whole note comes back.

    \b
    crdtnotes delete "drafts/old idea"
    """
    with open_vault(ctx) as vault:
        note = vault.note(name)
        deleted = note.name
        note.remove()
        click.echo(f"Deleted {quoted(deleted)}.")
