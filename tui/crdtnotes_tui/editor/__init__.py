"""The text area and the widgets that belong to it.

``editor``                 the text area on a buffer
``line_actions``           keys that work on lines and on the whole text
``note_painting``          paints the note, the caret and the selection
``caret_motion``           moves and deletes by words
``navigating``             moves by grapheme clusters and screen lines
``wrapping``               the lines of the screen
``line_breaks``            where they break, also between Chinese characters
``line_cache``             the styled parts of lines, cached
``changed_lines``          paints only lines that changed
``caret_overlay``          draws other people's carets and selections
``remote_carets``          positions and colours of those carets
``no_history``             takes the place of Textual's own undo
``line_input``             one line of input
``find_bar``               finding and replacing
``completion_list``        the list of suggestions
``completion_controller``  opens it and fills it
``preview``                the first lines of a linked note, in a box
``preview_controller``     opens it
"""
