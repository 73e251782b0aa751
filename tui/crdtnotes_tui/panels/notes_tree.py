"""All notes by folder, beside the text."""

from collections.abc import Iterable

from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from crdtnotes.graph.labels import printable
from crdtnotes.markup.names import folder_of, title_of
from crdtnotes_tui.panels.messages import GoTo
from crdtnotes_tui.panels.panel import Change, Panel, Side


class NotesTree(Tree[str], Panel):
    """All notes by folder.

    The data of a node is the note's name, or the folder's name with `/` at its end. A folder gets its nodes
    when it is expanded for the first time.
    """

    NAME = "tree"
    KEY = "ctrl+l"
    DESCRIPTION = "Notes by folder"
    SIDE = Side.LEFT
    FOLLOWS = Change.NAMES
    BORDER_TITLE = "Notes"

    def __init__(self) -> None:
        super().__init__("", data="", id=self.NAME)
        self.show_root = False
        self._inside: dict[str, tuple[list[str], list[str]]] = {"": ([], [])}
        self._names: list[str] = []

    def update_panel(self, change: Change) -> None:
        """Show the names that the workspace knows."""
        del change
        self.show_names(note.name for note in self.workspace.catalogue.notes)

    def show_names(self, names: Iterable[str]) -> None:
        """Show these notes; expanded folders stay expanded."""
        names = list(names)
        if names == self._names:
            return
        self._names = names
        self._inside = {"": ([], [])}
        for name in names:
            self._folder(folder_of(name))[1].append(name)
        expanded = {node.data for node in self._all_nodes() if node.is_expanded}
        self.root.remove_children()
        self._fill(self.root, "", expanded)
        self.root.expand()

    def _folder(self, folder: str) -> tuple[list[str], list[str]]:
        inside = self._inside.get(folder)
        if inside is None:
            inside = self._inside[folder] = ([], [])
            self._folder(folder_of(folder))[0].append(folder)
        return inside

    def _all_nodes(self) -> Iterable[TreeNode[str]]:
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.children

    def _fill(self, node: TreeNode[str], folder: str, expanded: set[str | None]) -> None:
        folders, names = self._inside[folder]
        for inner in folders:
            data = inner + "/"
            child = node.add(printable(title_of(inner)), data, expand=data in expanded)
            if data in expanded:
                self._fill(child, inner, expanded)
        for name in names:
            node.add_leaf(printable(title_of(name)), name)

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[str]) -> None:
        """Fill a folder that is expanded for the first time."""
        event.stop()
        data = event.node.data or ""
        if data.endswith("/") and not event.node.children:
            self._fill(event.node, data.removesuffix("/"), set())

    def on_tree_node_selected(self, event: Tree.NodeSelected[str]) -> None:
        """Open a note."""
        event.stop()
        data = event.node.data
        if data and not data.endswith("/"):
            self.post_message(GoTo(data))
