"""Actions that begin with a list to pick from, and the sample notes."""

from functools import partial

from textual.binding import Binding
from textual.screen import Screen

from crdtnotes import Dangling, Link, TagBranch, Vault
from crdtnotes.demo_vault import demo_notes
from crdtnotes_tui.editor.editor import NoteEditor
from crdtnotes_tui.notes.workspace import Workspace
from crdtnotes_tui.panels.messages import FollowTarget, GoTo, TakenIn
from crdtnotes_tui.screens.list_pickers import (
    ListPicker,
    dangling,
    links_of,
    orphans,
    tagged,
    tags,
    templates,
)
from crdtnotes_tui.screens.part import ScreenPart
from crdtnotes_tui.screens.prompt import Prompt

FIRST_DEMO_NOTE = "en/Start here"

NO_TEMPLATES = "Any note in the folder templates is a template; there are none yet."


class ListActions(ScreenPart):
    """Lists of tags, links, notes and templates, and the sample notes."""

    BINDINGS = (
        Binding("alt+t", "tags", "Tags and their notes", id="tags"),
        Binding("alt+l", "links", "Links of this note", id="links"),
        Binding("alt+o", "orphans", "Notes without links", id="orphans"),
        Binding("alt+d", "dangling", "Links without a note", id="dangling"),
        Binding("ctrl+n", "template", "New note from a template", id="template"),
        Binding("alt+s", "demo", "Take in notes to try it on", id="samples"),
    )

    def __init__(self, screen: Screen[None], workspace: Workspace, editor: NoteEditor) -> None:
        super().__init__(screen)
        self._workspace = workspace
        self._cache = workspace.cache
        self._editor = editor

    def _go_to(self, name: str) -> None:
        self.post_message(GoTo(name))

    def action_tags(self) -> None:
        """Ask for a tag, then for one of its notes."""

        def chosen(branch: TagBranch) -> None:
            self.list_tagged(branch.tag)

        self.ask(ListPicker(self._cache, "Tags …", tags), chosen)

    def list_tagged(self, tag: str) -> None:
        """Ask for a note with a tag, and open it."""
        self.ask(ListPicker(self._cache, f"Notes with #{tag} …", tagged(tag)), self._go_to)

    def action_orphans(self) -> None:
        """Ask for a note that has no links and to which none leads, and open it."""
        self.ask(ListPicker(self._cache, "Notes without links …", orphans), self._go_to)

    def action_dangling(self) -> None:
        """Ask for a dangling link and create its note."""

        def chosen(link: Dangling) -> None:
            self.post_message(GoTo(link.target, new=True))

        self.ask(ListPicker(self._cache, "Make the note of a link …", dangling), chosen)

    def action_links(self) -> None:
        """Ask for a link of the open note and follow it."""

        def chosen(link: Link) -> None:
            self.post_message(FollowTarget(link.target))

        buffer = self._editor.buffer
        if buffer is not None and buffer.exists:
            self.ask(ListPicker(self._cache, "Follow a link …", links_of(buffer.name)), chosen)

    # -- templates

    def action_template(self) -> None:
        """Ask for a template and a name, and create the note."""

        def chosen(template: str) -> None:
            prompt = Prompt(f"The new note's name; its text comes from {template}.")
            self.ask(prompt, lambda name: self.run(partial(self._create_from, template, name)))

        picker = ListPicker(self._cache, "Begin with a template …", templates, empty=NO_TEMPLATES)
        self.ask(picker, chosen)

    async def _create_from(self, template: str, name: str) -> None:
        self._go_to(await self._workspace.thread.run(lambda vault: vault.create_from(template, name).name))

    # -- sample notes

    def action_demo(self) -> None:
        """Create the notes of the demo that are not there yet, and open the first."""
        self.run(self._add_demo_notes)

    async def _add_demo_notes(self) -> None:
        def job(vault: Vault) -> None:
            with vault.transaction():
                for name, text in demo_notes():
                    if name not in vault:
                        vault.create_note(name, text)

        await self._workspace.thread.run(job)
        self.post_message(TakenIn())
        self.post_message(GoTo(FIRST_DEMO_NOTE, 1))
