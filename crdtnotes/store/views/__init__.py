"""What follows from the log; all of it can be computed again.

``derived``         brings every view up to date within a transaction
``documents``       the state of notes, and the notes that are held open
``snapshots``       texts and states as they are stored, each with a checksum
``note_facts``      what a note's state says about it: whether it exists, its name, its aliases
``names``           which name each note shows, and what leads to it
``links``           where each link leads
``note_list``       the notes that exist, as rows
``search``          the full-text index
``search_builder``  another process that builds the index during a large first sync
"""
