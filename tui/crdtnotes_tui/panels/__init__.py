"""The panels beside the text, the status line, and the messages that they post.

``panel``          the base of every panel
``notes_tree``     all notes by folder
``backlinks``      what links to the note, and what mentions it
``outline``        the headings of the note
``review``         what was written apart and met
``graph``          the links around the note, drawn
``rendered_note``  the rendered note, in place of the text
``rendering``      renders the open note without blocking the event loop
``panes``          lays out the text and the panels around it
``welcome``        the first steps, in an empty vault
``status_line``    name, position, peers
``error_panel``    the last error, in one sentence
``messages``       requests of panels to the main screen
"""

from crdtnotes_tui.panels.backlinks import BacklinksPanel
from crdtnotes_tui.panels.graph import LocalGraph
from crdtnotes_tui.panels.notes_tree import NotesTree
from crdtnotes_tui.panels.outline import OutlinePanel
from crdtnotes_tui.panels.panel import Panel
from crdtnotes_tui.panels.rendered_note import RenderedNote
from crdtnotes_tui.panels.review import ReviewPanel

PANELS: tuple[type[Panel], ...] = (
    NotesTree,
    BacklinksPanel,
    OutlinePanel,
    LocalGraph,
    ReviewPanel,
    RenderedNote,
)
"""All panels, in the order of their keys in the help."""
