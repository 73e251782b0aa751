"""The text area and what belongs to it.

``editor``                 the text area on a buffer
``wrapping``               where lines wrap, between Chinese characters too
``line_cache``             lines as they were drawn last
``changed_lines``          which lines must be drawn again
``caret_overlay``          other people's carets and selections
``remote_carets``          where those carets are, and their colours
``no_history``             takes the place of Textual's own undo
``line_input``             one line of input
``find_bar``               finding and replacing
``completion_list``        the list of suggestions
``completion_controller``  when it opens and what it holds
``preview``                where a link leads, in a box
``preview_controller``     when it opens
"""
