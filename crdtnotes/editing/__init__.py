"""A note in an editor's hands: edits at the positions that the editor shows, undo of one's own edits.

``history``  what was done in a session, and what takes it back
``session``  the editor's view of one note
``rename``   renaming a note, and every link to it
"""
