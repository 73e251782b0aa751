"""What is shown beside the text.

``panes``          lays out the text and the panels around it
``notes_tree``     all notes by folder
``outline``        the headings of the note
``backlinks``      what links to the note, and what mentions it
``graph``          the links around the note, drawn
``rendered_note``  the note as it reads
``welcome``        the first steps, in an empty vault
``status_line``    name, place, peers
``error_panel``    what went wrong, in one sentence
``messages``       what panels ask the main screen for
"""
