"""Data derived from the log; all of it can be computed again.

``derived``         brings every view up to date within a transaction
``documents``       the state of notes, and the notes that are held open
``snapshots``       stored texts and states, each with a checksum
``frontiers``       the edits of each note that no other edit had seen
``note_facts``      the facts about a note that the indexes need: whether it exists, its name, its links
``names``           which name each note shows, and which names lead to it
``namesakes``       which of several notes with one name a link means
``links``           where each link leads
``note_list``       the notes that exist, as rows
``claimed_times``   which of the times that authors claim are shown
``search``          the full-text index
``query``           what a search looks for, and its places in a text
``search_builder``  another process that builds the index during a large first sync
"""
