"""Editing a note in an editor: edits at the positions that the editor shows, and undo of one's own edits.

``history``  the edits of a session, and how to undo them
``session``  the editor's view of one note
``rename``   renaming a note and rewriting the links to it
"""

from crdtnotes.editing.session import EditSession, Grouped

__all__ = ["EditSession", "Grouped"]
