"""The terminal editor of crdtnotes.

``launch``         where the command line comes in
``app``            the application: what every screen shares
``options``        what the command line tells the editor
``settings``       what a person has chosen
``themes``         colours
``terminal_keys``  key codes that Textual does not know
``driver``         Textual's driver, for terminals that go away
``ending``         how the system asks the editor to end
``vault``          the vault on a thread of its own, and small files beside it
``peers``          connections to peers, and what others do in the open note
``notes``          open notes: text, pending edits, names, where the person was
``text``           what a text looks like and how it is edited, without a terminal
``editor``         the text area and what belongs to it
``panels``         what is shown beside the text
``screens``        the main screen and what opens above it
"""
