"""Open notes, independent of the terminal.

``transform``      transforms concurrent edits of two sides
``document``       a text in lines, as Textual's TextArea needs it
``buffer``         one open note: sends local edits to the replica, applies remote ones to the screen
``undo_groups``    which edits are undone together
``catalogue``      the names of all notes: resolves links, finds names by a few letters
``matching``       fuzzy ranking of names
``chinese_ahead``  loads what Chinese notes need while nobody types
``navigation``     back and forward
``landing``        the note to open when many came in at once
``link_mentions``  turns mentions into links, and undoes that
``review``         what was written apart in the open note
``workspace``      the vault's names, the open notes, the navigation history
"""
