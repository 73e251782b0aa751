"""The terminal editor of crdtnotes.

``launch``          the entry point that the command line calls
``app``             the application: its screens, its commands, every way out
``options``         options that the command line passes
``settings``        choices of the person, kept between starts
``key_map``         the person's own keys
``themes``          colours
``terminal_keys``   key codes that Textual does not know, keys that every terminal sends
``terminal_input``  what a terminal sends, as events
``driver``          Textual's driver, made to survive what a terminal sends and its end
``visible_lines``   characters that would steer the terminal, made visible in every painted line
``ending``          signals and a closed terminal
``vault``           the vault on its own thread, and small files beside it
``peers``           connections to peers, carets of others, news
``notes``           open notes: text, pending edits, names, navigation history
``text``            styling and editing of text, without a terminal
``editor``          the text area and the widgets that belong to it
``panels``          the panels beside the text, the status line
``screens``         the main screen and the dialogs above it
"""
