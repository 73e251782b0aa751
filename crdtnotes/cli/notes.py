"""Commands for one note: create, read, change, rename and delete it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crdtnotes.cli.arguments import TextCommand, note_argument
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
    from crdtnotes.note import Note
    from crdtnotes.vault import Vault


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
@note_argument()
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
@note_argument()
@click.option("--digest", is_flag=True, help="Print a digest of the text, for `write --base`.")
@click.pass_context
def show(ctx: click.Context, name: str, digest: bool) -> None:
    """Print a note's text, byte for byte.

    NAME#HEADING prints only the section below a heading, NAME#^ID the block with an id, as in links.

    \b
    crdtnotes show CAP定理
    crdtnotes show "CAP定理#Proof"
    """
    from crdtnotes.cli import last_shown
    from crdtnotes.store.past_texts import digest_of

    with open_vault(ctx) as vault:
        note, text = _shown(vault, name)
        if not sys.stdout.isatty():
            last_shown.remember(vault.path, note.id, note.digest)
    if digest:
        click.echo(digest_of(text))
    else:
        print_exact(text)


def _shown(vault: Vault, name: str) -> tuple[Note, str]:
    """Return a note, and its text or the part of it that follows a ``#`` in the name."""
    from crdtnotes.markup.wikilink import HASH, unescape_target

    separator = HASH.search(name)
    if separator is None or name in vault:
        note = vault.note(unescape_target(name))
        return note, note.text
    note = vault.note(unescape_target(name[: separator.start()]))
    part = name[separator.end() :].strip()
    from crdtnotes.markup.places import find_place

    text = note.text
    is_block = part.startswith("^")
    place = find_place(text, None if is_block else part, part[1:] if is_block else None)
    if place is None:
        raise NoteNotFound(f"{note.name!r} has no {'block' if is_block else 'heading'} {part!r}.")
    return note, "\n".join(text.split("\n")[place.start : place.end])


@click.command()
@note_argument()
@click.option(
    "--base",
    metavar="FILE|DIGEST",
    help="The text that yours was made from: a file with it, or what `show --digest` printed.",
)
@click.pass_context
def write(ctx: click.Context, name: str, base: str | None) -> None:
    """Replace a note's text with standard input.

    Makes the smallest edit, so text that others write elsewhere meanwhile stays. With --base, what was
    written in the note since then stays, too. Creates a missing note; a former name leads to no note here.

    \b
    crdtnotes show todo | sort | crdtnotes write todo
    crdtnotes show todo > old; sort old | crdtnotes write todo --base old
    """
    from crdtnotes.cli import last_shown
    from crdtnotes.store.past_texts import digest_of

    text = read_standard_input()
    with open_vault(ctx) as vault:
        with vault.transaction():
            try:
                note = vault.note(name)
            except NoteNotFound:
                note, said = vault.create_note(name, text), "Created"
            else:
                said = "Wrote to"
                _refuse_former_name(vault, note, name)
                before = digest_of(note.text)
                note.write(text, None if base is None else _base(note, base))
                seen = last_shown.recall(vault.path, note.id)
                if base is None and seen not in (None, before):
                    said = (
                        "Warning: the note was changed after it was last shown here, and what was written "
                        f"in it since may be gone; `write --base {seen}` keeps that.\nWrote to"
                    )
            shown, digest = note.name, digest_of(note.text)
        last_shown.remember(vault.path, note.id, digest)
    click.echo(f"{said} {quoted(shown)}.", err=True)
    warn_of_front_matter(text)


def _refuse_former_name(vault: Vault, note: Note, name: str) -> None:
    """Raise LocalError if a note was found only because it once had this name."""
    shown, key = note.name, name_key(name.strip().lstrip("/"))
    own = next(one for one in vault.names() if one.name == shown)
    if not any(f"/{name_key(one)}".endswith(f"/{key}") for one in (shown, *own.aliases)):
        raise LocalError(
            f"There is no note {quoted(name)}: that is a former name of {quoted(shown)}. Write to "
            f"{quoted(shown)}, or make a new note with `crdtnotes new`."
        )


def _base(note: Note, base: str) -> str:
    """Return the text that `--base` means; raises LocalError or InvalidText."""
    text = note.text_with(base)
    if text is not None:
        return text
    if Path(base).exists():
        return read_text_file(Path(base))
    raise LocalError(f"{base} is neither a file nor the digest of a text that {quoted(note.name)} had.")


@click.command(cls=TextCommand)
@note_argument()
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
@note_argument()
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
            if before.strip() and not after.strip() and not _may_empty(note.name):
                after = before
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


def _may_empty(name: str) -> bool:
    """Ask whether a note is to be emptied, if somebody can answer."""
    if not _is_asked_on_terminal():
        return True
    return click.confirm(f"Delete all of the text of {quoted(name)}?", err=True)


def _is_asked_on_terminal() -> bool:
    return sys.stdin.isatty()


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
@note_argument("old")
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
@note_argument()
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
