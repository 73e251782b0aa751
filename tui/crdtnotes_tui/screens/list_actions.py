"""Getting around by lists: what the main screen offers besides writing. Each list asks to go somewhere."""

import asyncio
from pathlib import Path

from textual import work
from textual.binding import Binding
from textual.screen import Screen

from crdtnotes import Dangling, Link, TagBranch, Vault
from crdtnotes.demo_vault import demo_notes
from crdtnotes.errors import CrdtnotesError
from crdtnotes.mirror.importer import ImportReport, import_folder
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.notes.workspace import Workspace
from crdtnotes_tui.panels.messages import Failed, FollowTarget, GoTo
from crdtnotes_tui.panels.panes import Panes
from crdtnotes_tui.screens.list_pickers import (
    ListPicker,
    dangling,
    links_of,
    orphans,
    tagged,
    tags,
    templates,
)
from crdtnotes_tui.screens.prompt import Prompt

FIRST_DEMO_NOTE = "en/Start here"

NO_TEMPLATES = "There are no templates yet: any note in the folder templates is one, templates/meeting say."


class ListActions(Screen[None]):
    """A screen with an editor, its desk, and lists to pick from."""

    BINDINGS = [
        Binding("alt+t", "tags", "Tags and their notes"),
        Binding("alt+l", "links", "Links of this note"),
        Binding("alt+o", "orphans", "Notes without links"),
        Binding("alt+d", "dangling", "Links without a note"),
        Binding("ctrl+n", "template", "New note from a template"),
        Binding("alt+1", "demo", "Take in notes to try it on"),
        Binding("alt+2", "import", "Take in a folder of Markdown"),
    ]

    workspace: Workspace
    editor: NoteEditor
    body: Panes

    def action_tags(self) -> None:
        """Pick a tag, then one of its notes."""

        def note(name: str | None) -> None:
            if name is not None:
                self.post_message(GoTo(name))

        def tag(branch: TagBranch | None) -> None:
            if branch is not None:
                question = f"Notes with #{branch.tag} …"
                self.app.push_screen(ListPicker(self.workspace.cache, question, tagged(branch.tag)), note)

        self.app.push_screen(ListPicker(self.workspace.cache, "Tags …", tags), tag)

    def action_orphans(self) -> None:
        """Pick one of the notes that are linked with no other."""

        def chosen(name: str | None) -> None:
            if name is not None:
                self.post_message(GoTo(name))

        self.app.push_screen(ListPicker(self.workspace.cache, "Notes without links …", orphans), chosen)

    def action_dangling(self) -> None:
        """Pick what to write next."""

        def chosen(link: Dangling | None) -> None:
            if link is not None:
                self.post_message(GoTo(link.target, new=True))

        self.app.push_screen(ListPicker(self.workspace.cache, "Make the note of a link …", dangling), chosen)

    def action_links(self) -> None:
        """Pick one of the note's links, to follow it."""

        def chosen(link: Link | None) -> None:
            if link is not None:
                self.post_message(FollowTarget(link.target))

        buffer = self.editor.buffer
        if buffer is not None and buffer.exists:
            picker = ListPicker(self.workspace.cache, "Follow a link …", links_of(buffer.name))
            self.app.push_screen(picker, chosen)

    # -- templates

    def action_template(self) -> None:
        """Pick a template, then name the new note."""

        def chosen(template: str | None) -> None:
            if template is not None:
                self.app.push_screen(
                    Prompt(f"The new note's name. It begins as {template} says."),
                    lambda name: named(template, name),
                )

        def named(template: str, name: str | None) -> None:
            if name is not None:
                self._make(template, name)

        picker = ListPicker(self.workspace.cache, "Begin with a template …", templates, empty=NO_TEMPLATES)
        self.app.push_screen(picker, chosen)

    @work(group="taking in")
    async def _make(self, template: str, name: str) -> None:
        try:
            made = await self.workspace.thread.run(lambda vault: vault.create_from(template, name).name)
        except CrdtnotesError as error:
            self.post_message(Failed(str(error)))
        else:
            self.post_message(GoTo(made))

    # -- what a newcomer may begin with

    @work(group="taking in")
    async def action_demo(self) -> None:
        """Make the notes of the demo that are not there yet, and open the first."""

        def job(vault: Vault) -> None:
            with vault.transaction():
                for name, text in demo_notes():
                    if name not in vault:
                        vault.create_note(name, text)

        try:
            await self.workspace.thread.run(job)
        except CrdtnotesError as error:
            self.post_message(Failed(str(error)))
        else:
            self.post_message(GoTo(FIRST_DEMO_NOTE))

    def action_import(self) -> None:
        """Ask for a folder and take it in."""

        def chosen(folder: str | None) -> None:
            if folder is not None:
                self._import(Path(folder).expanduser())

        self.app.push_screen(
            Prompt("A folder with Markdown files; subfolders too. Nothing in it is changed."), chosen
        )

    @work(group="taking in")
    async def _import(self, folder: Path) -> None:
        path = self.workspace.thread.path

        def job() -> ImportReport:
            # A replica of its own, as another process would have it: keys are stored meanwhile.
            with Vault.open(path) as vault:
                return import_folder(vault, folder)

        try:
            report = await asyncio.to_thread(job)
        except CrdtnotesError as error:
            self.post_message(Failed(str(error)))
            return
        changed = [*report.created, *report.updated]
        taken = f"{_counted(len(changed), 'note', 'notes')} taken in"
        if report.left_out:
            first, left = report.left_out[0], _counted(len(report.left_out), "file", "files")
            self.post_message(Failed(f"{taken}, {left} left out; {first.path}: {first.reason}"))
        else:
            self.notify(f"{taken}.", title=str(folder), markup=False)
        if changed:
            self.post_message(GoTo(changed[0]))


def _counted(number: int, one: str, many: str) -> str:
    return f"1 {one} was" if number == 1 else f"{number:,} {many} were"
