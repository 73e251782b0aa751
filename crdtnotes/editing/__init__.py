"""A note in an editor's hands: edits at the positions that the editor shows, undo of one's own edits.

``history``  what was done in a session, and what takes it back
``rename``   a note's new name, and the links that call it by its old one
``session``  the editor's view of one note
"""

from crdtnotes.editing.session import EditSession, Grouped

__all__ = ["EditSession", "Grouped"]
