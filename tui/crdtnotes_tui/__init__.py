"""The terminal editor of crdtnotes.

``launch``   where the command line comes in
``app``      the application: what every screen shares
``looks``    themes
``keeper``   the vault, on a thread of its own
``company``  the peers that are followed meanwhile
``model``    what an editor knows, without a terminal: text, pending edits, styles, completion, places
``widgets``  the editor, the panels, the status line
``screens``  the main screen and what opens above it
"""
