"""What an editor knows, without a terminal.

``rebasing``    edits of two sides that do not know of each other yet
``document``    the text in lines, as Textual's TextArea wants it
``buffer``      one open note: local edits on their way to the replica, everybody else's on their way back
``styling``     which parts of a line look how
``catalogue``   the names of all notes: what a link leads to, what a few letters may mean
``matching``    fuzzy ranking
``completion``  what is being typed inside of [[
``lists``       what Enter and Tab do in lists
``desk``        what lies open: names, notes in hand, places
``finding``     find in a note
``places``      back and forward
``linking``     mentions become links, and back
``peek``        what a preview shows
``picture``     the local graph in cells
``reading``     a note as Markdown widgets take it
``settings``    what a person has chosen
"""
