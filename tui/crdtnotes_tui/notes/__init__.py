"""Open notes, without a terminal.

``transform``      moves edits of two sides past each other
``document``       a text in lines, as Textual's TextArea wants it
``buffer``         one open note: local edits on their way to the replica, remote ones on their way back
``catalogue``      the names of all notes: what a link leads to, what a few letters may mean
``matching``       fuzzy ranking of names
``navigation``     back and forward
``link_mentions``  mentions become links, and back
``workspace``      the vault's names, the open notes, where the person was
"""
